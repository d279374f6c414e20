"""Use cases that look after the state itself, and not after what it holds."""
