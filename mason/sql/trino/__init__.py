"""DuckDB's SQL for Trino, and for Athena, which has Trino's SQL with lacks. Text in, text out."""

__all__ = ["athena", "from_trino", "trino"]
