"""One SQL for all engines: what a text holds is found out here, before any engine is given it. Pure text work.

Mason's own look comes first, because an engine may read files while it only takes a statement apart. It is no full
parser: what it lets pass, the engine's own parser has to confirm.
"""

__all__ = [
    "dialects",
    "functions",
    "natives",
    "parsed",
    "postgres",
    "redshift",
    "spark",
    "sql_types",
    "statements",
    "table_argument",
    "translations",
]
