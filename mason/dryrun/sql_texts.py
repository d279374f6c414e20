"""Whether the engine of a sentence takes its SQL: what it would answer otherwise is a fault of the dry run. Pure.

SQL is DuckDB's where nothing else is said. An engine that speaks another dialect gets a translation of it, so that it
answers the same; SQL in another dialect runs as it stands where that is spoken. Here is looked at what shows without
the columns of tables; what depends on them is known when the metastore is asked, which is not done here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mason.dryrun.calls import LATER, NOTE, REWRITTEN, TRUSTED
from mason.dryrun.sentences import placeholder
from mason.engines.verbs import Verb
from mason.errors import TranslationError
from mason.sql import dialects
from mason.sql.translations import Rewrite, Translation
from mason.values import dataclass

Told = tuple[tuple[str, str], ...]
"""Pairs of a word of :data:`mason.dryrun.calls.TOLD` and a sentence."""


@dataclass(frozen=True, slots=True)
class SqlText:
    """The SQL of a sentence.

    ``place``: what people call it, the parameter that holds it or its sentence.
    ``text``: the SQL itself; ``None`` where it is not known yet.
    ``written``: the dialect that it is written in. ``spoken``: the one that ``client`` speaks.
    ``trust``: whether it is run also where it is not known to answer the same.
    """

    place: str
    text: str | None
    written: str
    spoken: str
    client: str
    trust: bool

    @property
    def is_translated(self) -> bool:
        """Whether the client gets another text than this one."""
        return self.written != self.spoken and dialects.can_translate(self.written, self.spoken)


def of_sentence(
    verb: Verb, number: int, given: Any, finished: Mapping[str, Any], waiting: Collection[str], client: str, spoken: str
) -> SqlText | None:
    """The SQL of a sentence, the ``number``-th of its operator; ``None`` where it holds none.

    ``given`` is its argument ``sql`` as the operator has it, ``finished`` the arguments as far as they are known, with
    those in ``waiting`` still to come.
    """
    if not {"sql", "dialect", "trust"} <= set(verb.arguments) or not spoken or "dialect" in waiting:
        return None
    name = placeholder(given) if given is not None else "the SQL of its Python"
    text = finished.get("sql")
    return SqlText(
        place=name or f"the SQL of sentence {number}",
        text=text if isinstance(text, str) and "sql" not in waiting else None,
        written=finished.get("dialect") or dialects.DIALECT,
        spoken=spoken,
        client=client,
        trust=finished.get("trust") is True,
    )


def look(sql: SqlText) -> tuple[Told, list[str]]:
    """What there is to tell of a text, and what is wrong with it, as far as that shows without columns of tables."""
    if sql.written == sql.spoken:
        return _as_it_stands(sql)
    if not dialects.can_translate(sql.written, sql.spoken):
        return _untranslated(sql)
    if sql.text is None:
        return ((LATER, f"{sql.place} is translated to {sql.spoken} when it is known"),), []
    found, refused = dialects.looked_at(sql.text, to=sql.spoken, written=sql.written)
    if refused:
        return of_errors(sql, refused)
    if found is None:
        return ((LATER, f"{sql.place} is translated to {sql.spoken} by the columns of its tables when it runs"),), []
    return of_translation(sql, found), []


def of_errors(sql: SqlText, errors: Sequence[TranslationError]) -> tuple[Told, list[str]]:
    """What there is to tell of a text that is not known to answer the same, and that this is a fault unless it is
    trusted."""
    if sql.trust:
        said = f"{sql.place} is not known to answer the same on {sql.client} and is trusted (sql: trust)"
        return tuple((TRUSTED, f"{said}: {str(error).removesuffix('.')}") for error in errors), []
    return (), [
        f"{sql.place} is not known to answer the same on {sql.client} ({sql.spoken}): {error}" for error in errors
    ]


def of_translation(sql: SqlText, found: Translation) -> Told:
    """What there is to tell of a translation, with the places in the text."""
    rewrites = [
        (REWRITTEN, f"{_at(sql, each)}: {each.what} is written otherwise: {each.why}") for each in found.rewrites
    ]
    return (*rewrites, *((NOTE, f"{_at(sql, each)}: {each.why}") for each in found.notes))


def _at(sql: SqlText, found: Rewrite) -> str:
    return f"{sql.place}, line {found.line}, column {found.column}"


def _as_it_stands(sql: SqlText) -> tuple[Told, list[str]]:
    """As :func:`look`, of what is written in the dialect of its engine. DuckDB looks at its own when it runs."""
    if sql.written == dialects.DIALECT:
        return (), []
    if sql.text is None:
        return ((LATER, f"{sql.place} runs as it stands, in {sql.written}'s SQL, if it is one query"),), []
    from mason.sql.natives import one_query

    try:
        one_query(sql.text, sql.written)
    except TranslationError as error:
        return (), [f"{sql.place}: {error}"]
    return (), []


def _untranslated(sql: SqlText) -> tuple[Told, list[str]]:
    if sql.trust:
        said = f"{sql.place} is given to {sql.client}, which speaks {sql.spoken}, as it stands (sql: trust)"
        return ((TRUSTED, f"{said}: nothing says that it answers the same"),), []
    if sql.written == dialects.DIALECT:
        # Clients of other packages may translate by themselves.
        said = f"{sql.place} is given to {sql.client}, which speaks {sql.spoken}, as it stands"
        return ((LATER, f"{said}: Mason does not translate to that, so whether it answers the same is not known"),), []
    return (), [f"{sql.place}: {dialects.untranslated(sql.written, sql.spoken)} Client {sql.client} cannot run it."]
