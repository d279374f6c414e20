"""The embedded engine, DuckDB: readers of files, schema checks, safe SQL, summaries, answers.

Nothing here knows a client: functions take a folder, files and limits. DuckDB is imported inside functions, so
that planning never loads it.
"""

__all__ = [
    "abilities",
    "answering",
    "connection",
    "execution",
    "extensions",
    "failures",
    "httpfs",
    "object_root",
    "object_storage",
    "quoting",
    "reading",
    "root",
    "roots",
    "session",
    "statement",
    "streamed",
    "table_deletion",
    "working",
    "writing",
]
