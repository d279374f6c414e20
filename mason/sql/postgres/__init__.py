"""DuckDB's SQL for PostgreSQL. Text in, text out."""

__all__ = ["postgres", "postgres_functions"]
