"""How fast Mason is, against the least that the same work costs any Python program. Start with ``make bench``."""
