"""From tables to files: formats and partitions, values as a format can hold them, whole or not at all."""

__all__ = ["atomic", "checked", "copying", "outputs", "reshape", "writable"]
