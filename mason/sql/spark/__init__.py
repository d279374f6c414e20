"""DuckDB's SQL for Spark: its rules by subject, and how it writes. Text in, text out; Spark is not touched."""

__all__ = ["spark_text", "translation"]
