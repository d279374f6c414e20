"""The difference: from resources and a snapshot to a plan (pure), and from a confirmed plan to done (effects)."""
