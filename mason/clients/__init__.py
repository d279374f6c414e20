"""Who does it: the registry of clients, then a folder per technology."""

__all__ = ["registry"]
