"""What Trino tells of a table in ``SHOW CREATE TABLE``, read back: where it is, its format, its partitions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PROPERTIES = re.compile(r"\nWITH \(\n(.*)\n\)\s*\Z", re.DOTALL)
_PROPERTY = re.compile(
    r"\s*(\"(?:[^\"]|\"\")+\"|\w+)\s*=\s*"
    r"('(?:[^']|'')*'|ARRAY\[(?:'(?:[^']|'')*'|[^'\]])*\]|[^,'\n]+(?:'(?:[^']|'')*')?)\s*(?:,|\Z)",
    re.DOTALL,
)
_COMMENT = re.compile(r"\n\)\nCOMMENT '((?:[^']|'')*)'\s*(?:\nWITH \(|\Z)")
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_QUERY = re.compile(r"\bAS\n(.*)\Z", re.DOTALL)
_TRANSFORMED = re.compile(r"\w+\(")


def properties_of(ddl: str) -> dict[str, Any]:
    """The properties in a statement that creates a table: texts, and lists of texts; others as they are written."""
    found = _PROPERTIES.search(ddl)
    return {name.strip('"'): _value(value) for name, value in _PROPERTY.findall(found[1])} if found else {}


def _value(written: str) -> Any:
    if written.startswith("ARRAY["):
        return [each.replace("''", "'") for each in _TEXT.findall(written)]
    if written.startswith("'"):
        return written[1:-1].replace("''", "'")
    return written.strip()


def location_of(properties: Mapping[str, Any]) -> str:
    """Where the files of a table are; empty where it does not say."""
    return str(properties.get("external_location") or properties.get("location") or "")


def format_of(properties: Mapping[str, Any]) -> str:
    """The format of its files in Mason's words."""
    return str(properties.get("format") or "").lower()


def partition_columns_of(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns by whose values it is divided as they are; Iceberg's transforms (``day(at)``) are no columns."""
    given = properties.get("partitioned_by") or properties.get("partitioning") or []
    return tuple(each for each in given if not _TRANSFORMED.match(each))


def options_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What else a reader of its files has to know."""
    options: dict[str, Any] = {}
    if "csv_separator" in properties:
        options["delimiter"] = properties["csv_separator"]
    if "skip_header_line_count" in properties:
        options["header"] = str(properties["skip_header_line_count"]) != "0"
    return options


def query_of(ddl: str) -> str:
    """The query in a statement that creates a view, in Trino's words."""
    found = _QUERY.search(ddl)
    return found[1].strip() if found else ddl


def comment_of(ddl: str) -> str:
    """What is said of the table."""
    found = _COMMENT.search(ddl)
    return found[1].replace("''", "'") if found else ""


def is_external(ddl: str) -> bool:
    """Whether the files of a table stay when it is dropped."""
    return "external_location" in properties_of(ddl)


def is_materialized(ddl: str) -> bool:
    """Whether it is a view whose rows are kept."""
    return ddl.startswith("CREATE MATERIALIZED VIEW")
