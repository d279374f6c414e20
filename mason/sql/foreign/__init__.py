"""SQL of other dialects, as DuckDB says it: what all of these dialects share. Text in, text out; no engine is touched.

The law is that of translations from DuckDB's SQL: each construct and each function has a rule that was tried, which
looks at the types of what it is given, and all else is refused with its place. A dialect's own rules stand in its room.
"""

__all__ = [
    "aggregates_back",
    "casting_back",
    "duck_text",
    "foreign",
    "numbers_back",
    "part",
    "patterns_back",
    "rules_back",
    "texts_back",
    "times_back",
    "unknown",
    "work_back",
]
