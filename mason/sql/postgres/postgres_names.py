"""The names that PostgreSQL gives to columns without AS: that of a column or a function, else of a cast's type."""

from __future__ import annotations

from mason.sql.foreign.part import Part

_KINDS = {"Case": "case", "Extract": "extract", "Substring": "substring", "Trim": "btrim", "StrPosition": "position"}
_KINDS |= {"Exists": "exists", "Array": "array", "AtTimeZone": "timezone"}
_TYPES = {"INT": "int4", "BIGINT": "int8", "SMALLINT": "int2", "DOUBLE": "float8", "DECIMAL": "numeric", "TEXT": "text"}
_TYPES |= {
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "timestamptz",
    "VARCHAR": "varchar",
}
_OTHER = "?column?"


def name_of(part: Part) -> str:
    """The name of the column."""
    return _name(part.of) or _OTHER


def _name(of: object) -> str:
    """The name; empty where there is none of its own."""
    kind, args = type(of).__name__, getattr(of, "args", {})
    if kind == "Column":
        named = args["this"]
        return str(named.this) if named.args.get("quoted") else str(named.this).lower()
    if kind == "Anonymous":
        return str(args["this"]).lower()
    if kind == "Case":
        # The name of what is otherwise, where that is a column or a call.
        other = args.get("default")
        return (_name(other) if type(other).__name__ in ("Column", "Anonymous") else "") or "case"
    if kind in ("Window", "Filter", "WithinGroup", "IgnoreNulls", "Paren", "Bracket", "Collate"):
        return _name(args["this"])
    if kind == "Cast":
        inner = _name(args["this"]) if type(args["this"]).__name__ not in ("Boolean", "Cast") else ""
        named = args["to"].this
        return inner or _TYPES.get(str(getattr(named, "value", named)), _OTHER)
    if kind == "Trim":
        return {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(args.get("position") or "").upper(), "btrim")
    if kind == "Subquery":
        items = args["this"].args.get("expressions") or []
        if not items:
            return ""
        return str(items[0].args["alias"].this) if type(items[0]).__name__ == "Alias" else _name(items[0])
    return _KINDS.get(kind, "")
