"""What all translations share: names and scopes, queries and their clauses, types and where they meet, what is refused.

A dialect (:class:`mason.sql.translating.rules.Dialect`) adds how it writes names, values and types, and says the texts
of functions to rules that check what they are given. Text in, text out; no engine is touched.
"""

__all__ = [
    "aggregating",
    "arithmetic",
    "date_rules",
    "meeting",
    "number_rules",
    "patterns",
    "rules",
    "text_rules",
    "translated",
    "untyped",
    "work",
    "writing",
]
