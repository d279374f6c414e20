"""DuckDB's SQL for PostgreSQL, and PostgreSQL's for DuckDB. Text in, text out."""

__all__ = ["from_postgres", "postgres", "postgres_functions"]
