"""What engines have in common that speak PostgreSQL's protocol: connections, refusals, types, and rows on their way.

A client says how its server is reached and which dialect it speaks; table work, questions and outputs are done here,
the same for all of them. Nothing of psycopg is imported before a verb needs a connection.
"""

__all__ = [
    "column_types",
    "fetched_rows",
    "made_marks",
    "server_catalog",
    "server_client",
    "server_connections",
    "server_execution",
    "server_metastore",
    "server_names",
    "server_reading",
]
