"""Functions and views that no query may use: they write, run other SQL, or tell of the engine's settings and machine.

Names of DuckDB's, because that is the SQL that people write. What opens files is not among them: an engine is given the
files of the tables that a statement names, and refuses all others by itself.
"""

from __future__ import annotations

_TELLING = frozenset(
    {
        "current_setting",
        "getenv",
        "inet_client_addr",
        "information_schema.views",
        "inet_client_port",
        "inet_server_addr",
        "inet_server_port",
        "pg_conf_load_time",
        "pg_get_viewdef",
        "pg_postmaster_start_time",
        "pg_settings",
        "pg_views",
        "sqlite_master",
        "sqlite_schema",
        "sqlite_temp_master",
        "sqlite_temp_schema",
        "which_secret",
    }
)
_DOING = frozenset(
    {
        "add_parquet_key",
        "arrow_scan",
        "arrow_scan_dumb",
        "checkpoint",
        "force_checkpoint",
        "from_substrait",
        "index_scan",
        "json_execute_serialized_sql",
        "json_serialize_plan",
        "load_aws_credentials",
        "nextval",
        "pandas_scan",
        "python_map_function",
        "query",
        "query_table",
        "seq_scan",
        "truncate_duckdb_logs",
        "write_log",
    }
)
_BEGINNINGS = ("duckdb_", "pragma_", "enable_", "disable_")


def view_refusal(schema: str, name: str) -> str:
    """As :func:`refusal`, of what stands where a table does; the schema may be empty."""
    return refusal(name) or (refusal(f"{schema}.{name}") if schema else "")


def refusal(name: str) -> str:
    """Why no query uses the function or view ``name``, as a sentence; empty where it may."""
    folded = name.lower()
    if folded in _DOING or folded.startswith(("enable_", "disable_")):
        return f"A query may not use {folded}: it does more than to ask. Leave it out."
    if folded in _TELLING or folded.startswith(_BEGINNINGS):
        return f"A query may not use {folded}: it tells of the engine and its machine, not of tables. Leave it out."
    return ""
