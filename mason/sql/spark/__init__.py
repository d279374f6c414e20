"""DuckDB's SQL for Spark and Spark's for DuckDB: rules by subject. Text in, text out; Spark is not touched."""

__all__ = ["from_spark", "spark_text", "translation"]
