"""The names that Spark gives to columns without AS, as far as they were seen; others are not known."""

from __future__ import annotations

from mason.sql.foreign.part import Part

_SIGNS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%", "IntDiv": "div", "EQ": "=", "GT": ">", "LT": "<"}
_SIGNS |= {"GTE": ">=", "LTE": "<="}
_PLAIN = frozenset(
    {"sum", "avg", "min", "max", "count_if", "stddev", "upper", "lower", "length", "year", "month", "day", "quarter"}
    | {"dayofweek", "weekofyear", "dayofyear", "hour", "minute", "second", "abs", "coalesce", "concat", "bool_and"}
    | {"bool_or", "median", "max_by", "min_by", "size", "date_add", "datediff", "last_day", "reverse"}
)
"""Functions whose name stands in that of the column, with their arguments as they were written."""


def name_of(part: Part) -> str:
    """The name of the column; empty where it is not known."""
    return _name(part.of, top=True)


def _name(of: object, *, top: bool = False) -> str:
    kind = type(of).__name__
    args = getattr(of, "args", {})
    if kind == "Column":
        named = args["this"]
        return str(named.this) if top or type(named).__name__ == "Identifier" else ""
    if kind == "Literal":
        # Numbers with an exponent, and texts within others, look otherwise.
        return str(args["this"]) if args.get("is_string") or "e" not in str(args["this"]).lower() else ""
    if kind == "Dot":
        return str(args["expression"].this)
    if kind == "Star":
        return "1"
    if kind == "Paren":
        return _name(args["this"])
    if kind in _SIGNS:
        sides = [_name(args[name]) for name in ("this", "expression")]
        return f"({sides[0]} {_SIGNS[kind]} {sides[1]})" if all(sides) else ""
    if kind == "Anonymous":
        return _of_call(str(args["this"]).lower(), args["expressions"])
    return ""


def _of_call(name: str, given: list[object]) -> str:
    if name == "explode":
        return "col"
    if name == "count" and len(given) == 1 and type(given[0]).__name__ == "Distinct":
        inside = [_name(each) for each in given[0].args["expressions"]]  # type: ignore[attr-defined]
        return f"count(DISTINCT {', '.join(inside)})" if all(inside) else ""
    if name == "count" or name in _PLAIN:
        inside = [_name(each) for each in given]
        return f"{name}({', '.join(inside)})" if all(inside) else ""
    return ""
