"""DuckDB's SQL for Redshift, which has PostgreSQL's SQL with lacks and some words of its own. Text in, text out."""

__all__ = ["from_redshift", "redshift"]
