"""Which Mason this is: asked by what writes it down, which knows nothing of the names that ``mason`` offers."""

__version__ = "2.0.0"
