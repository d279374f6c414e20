"""From files to tables: which files there are, what is in them, whether they agree, and the SQL that reads them."""

__all__ = [
    "inference",
    "json_faults",
    "looks",
    "misread",
    "readers",
    "schemas",
    "sources",
    "table_files",
    "text_files",
    "unreadable",
]
