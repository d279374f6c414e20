"""Table work without an engine: what columns are, whether files agree, how differing schemas become one. Pure.

Every client that works on tables builds on it, so nothing here knows DuckDB, Spark or SQL.
"""

__all__ = [
    "columns",
    "conflicts",
    "deduping",
    "formats",
    "kept_definition",
    "merging",
    "requests",
    "summaries",
    "table_names",
]
