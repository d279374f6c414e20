"""What was applied: the snapshot (a value), and the stores that keep it (effects)."""
