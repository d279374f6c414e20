"""Table work as SQL, for engines that run elsewhere: each verb's statements are made here once, in DuckDB's dialect.

A client asks for the statements of a verb with the columns of its tables, has :mod:`mason.sql` translate them, runs
them, and hands back rows. Nothing here knows an engine or opens a file. The answers are those of client ``local``;
where an engine cannot give the same, the translation refuses. So statements are written in the plainest words that do.
"""

__all__ = [
    "asked",
    "choosing",
    "given_queries",
    "marked_sql",
    "statement_verbs",
    "summarizing",
    "table_targets",
]
