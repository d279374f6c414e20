"""DuckDB's SQL for Spark: rules by subject, and what puts them together. Text in, text out; Spark is not touched."""

__all__ = ["translation"]
