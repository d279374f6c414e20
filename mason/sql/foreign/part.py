"""A query in another dialect as sqlglot reads it: a tree whose parts know their place and what of them was looked at.

sqlglot's grammar alone is used. Calls of functions are read by their names, because what it makes of them (an order of
arguments, a cast, a base of counting) is made for its own translations. What was read and is not asked for by a rule is
refused, as is what two grammars may group otherwise.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mason.errors import MissingDependencyError, TranslationError
from mason.sql.natives import parser_words
from mason.sql.table_argument import TABLE

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect as Grammar

_CALLS = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "SUBSTRING", "POSITION")
"""Calls with words within their parentheses, which are no list of arguments."""
_BITS = ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseLeftShift", "BitwiseRightShift")
_TIGHT = frozenset({"DPipe", "Collate", "AtTimeZone", *_BITS})
_LOOSE = frozenset({"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "NullSafeEQ", "NullSafeNEQ", "Is", "Like", "ILike", "In"})
_LOOSE |= {"Between", "RegexpLike", "RegexpILike", "Escape"}
_BINARY = _TIGHT | {"Add", "Sub", "Mul", "Div", "IntDiv", "Mod", "Pow"}


class Part:
    """A node of the query: what is read of it is noted, and :meth:`close` refuses what was not read."""

    __slots__ = ("_around", "_read", "of", "source")

    def __init__(self, of: exp.Expr, source: str, around: Part | None = None) -> None:
        self.of = of
        self.source = source
        self._around = around
        self._read: set[str] = set()

    @property
    def kind(self) -> str:
        """The node's class in sqlglot."""
        return type(self.of).__name__

    @property
    def place(self) -> int:
        """Where the node begins, in characters: its own place, that of its first part, or that of what is around."""
        own = self.of.meta.get("start")
        if own is None:
            inside = [each.meta["start"] for each in self.of.walk() if "start" in each.meta]
            own = min(inside, default=None)
        return own if own is not None else self._around.place if self._around else 0

    def take(self, name: str) -> Any:
        """What the node has under ``name``, as it is."""
        self._read.add(name)
        return self.of.args.get(name)

    def child(self, name: str) -> Part:
        """The node below ``name``; refuses a query that leaves it out, which sqlglot's grammar lets pass."""
        found = self.maybe(name)
        if found is None:
            raise self.refused("something is left out here", "Write it in full.")
        return found

    def maybe(self, name: str) -> Part | None:
        """The node below ``name`` where there is one."""
        found = self.take(name)
        return Part(found, self.source, self) if found is not None else None

    def children(self, name: str = "expressions") -> list[Part]:
        """The nodes below ``name``."""
        return [Part(each, self.source, self) for each in self.take(name) or ()]

    def close(self) -> None:
        """Refuse what was written and not read; raises :class:`TranslationError`."""
        for name, value in self.of.args.items():
            if name not in self._read and value not in (None, False, "", []) and not name.startswith("_"):
                said = name.rstrip("_").replace("_", " ")
                raise self.refused(f"{said} is not known to mean the same", "Leave it out, or write it otherwise.")

    def refused(self, reason: str, remedy: str) -> TranslationError:
        """The error that says at this node's place why there is no translation, and what to write instead."""
        line, column = position(self.source, self.place)
        return TranslationError(reason, remedy, line=line, column=column)

    def check_grouping(self) -> None:
        """Refuse an operator beside another one that not every grammar groups alike."""
        for name in ("this", "expression", "low", "high"):
            inner = type(self.of.args.get(name)).__name__
            mixed = (self.kind in _TIGHT and inner in _BINARY) or (inner in _TIGHT and self.kind in _BINARY)
            loose = self.kind in _LOOSE and (inner in _LOOSE or inner == "Not") and self.kind != "Escape"
            if (mixed and inner != self.kind) or loose:
                raise self.refused("which operator comes first is not the same everywhere", "Put parentheses.")


def position(source: str, place: int) -> tuple[int, int]:
    """Line and column, both from 1, of the character at ``place``, where ``$table`` stands as it was written."""
    before = source[:place].replace(f'"{TABLE}"', TABLE).replace(f"`{TABLE}`", TABLE)
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def read(text: str, dialect: str) -> Part:
    """The one query that ``text`` is, in the words of ``dialect``.

    Raises :class:`TranslationError` for whatever else it holds; ``MissingDependencyError`` where sqlglot is not there.
    """
    try:
        from sqlglot import errors, exp
    except ImportError:
        raise MissingDependencyError("SQL that is written in another dialect", "sql") from None
    try:
        found = [each for each in _grammar(dialect)().parse(text) if each is not None]
    except (errors.ParseError, errors.TokenError) as error:
        said = (error.errors or [{}])[0] if isinstance(error, errors.ParseError) else {}
        reason = parser_words(str(said.get("description") or str(error).split("\n", 1)[0]))
        line, column = int(said.get("line") or 0), int(said.get("col") or 0)
        raise TranslationError(
            f"this is no SQL of {dialect}'s: {reason}", "Mend the query.", line=line, column=column
        ) from error
    except RecursionError as error:
        raise TranslationError("the query nests too deeply", "Write it with WITH, step by step.") from error
    if len(found) != 1:
        raise TranslationError(f"there are {len(found)} statements", "Give one query.", line=1, column=1)
    if not isinstance(found[0], exp.Query) or isinstance(found[0], exp.DML):
        raise TranslationError("only a query is translated", "Write one SELECT.", line=1, column=1)
    return Part(found[0], text)


@functools.cache
def _grammar(dialect: str) -> type[Grammar]:
    """sqlglot's dialect, which reads calls of functions by their names, casts and subscripts as they stand."""
    from sqlglot.dialects.dialect import Dialect

    # sqlglot reads a part of Athena's statements by another grammar.
    base: Any = Dialect.get_or_raise("trino" if dialect == "athena" else dialect).__class__

    calls = {name: each for name, each in base.Parser.FUNCTION_PARSERS.items() if name in _CALLS}
    held = {"FUNCTIONS": {}, "STRICT_CAST": True, "FUNCTION_PARSERS": calls}
    parser = type("Parser", (base.Parser,), held)
    return type(f"Plain{base.__name__}", (base,), {"INDEX_OFFSET": 0, "Parser": parser})


def named_tables(part: Part, folded: Callable[[str, bool], str]) -> list[str]:
    """The names of the tables that a query reads, each once, sorted; names that WITH defines are none.

    ``folded`` is a name as the engine knows it, by whether it was quoted.
    """
    from sqlglot import exp

    defined = {each.alias.lower() for each in part.of.find_all(exp.CTE)}
    found = set()
    for table in part.of.find_all(exp.Table):
        names = [each for each in table.parts if isinstance(each, exp.Identifier)]
        parts = [folded(each.name, bool(each.args.get("quoted"))) for each in names]
        if parts and (len(parts) > 1 or parts[0].lower() not in defined):
            found.add(".".join(parts))
    return sorted(found)
