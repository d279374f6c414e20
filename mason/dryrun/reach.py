"""Whether the engines of a run reach the places that they are told: what cannot work is a fault of the dry run. Pure.

Paths are relative to the config's storage. An engine of another client is given URLs instead, of which it reaches those
whose schemes it declares. What only shows when the run is under way is refused then, with the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mason.dryrun.sentences import placeholder
from mason.engines import engine_type
from mason.engines.file_urls import scheme_of
from mason.errors import EngineError, MissingDependencyError
from mason.resources.config import Config
from mason.resources.operator import Sentence
from mason.resources.templates import TEMPLATE

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog


class Reach:
    """The places of one dry run, whose sentences are asked about in their order."""

    def __init__(self, clients: Mapping[str, str], config: Config, catalog: ClientCatalog) -> None:
        self._clients = clients
        self._config = config
        self._catalog = catalog
        self._made: dict[str, str] = {}

    def faults(self, sentence: Sentence, finished: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with the places in a sentence, whose arguments are ``finished`` as far as they are known."""
        verb = engine_type(sentence.engine).verbs[sentence.verb]
        for name, value in finished.items():
            result = placeholder(sentence.arguments.get(name)).partition(".")[0]
            if result in self._made:
                yield from self._unreached(sentence, self._made[result])
            elif name in verb.paths:
                path = value.get("location") if isinstance(value, Mapping) else value
                if isinstance(path, str) and path and not TEMPLATE.search(path):
                    yield from self._path(sentence, path)
        self._made.update(dict.fromkeys(sentence.names, sentence.engine))

    def _path(self, sentence: Sentence, path: str) -> Iterator[str]:
        scheme = scheme_of(path)
        if scheme:
            reached = self._schemes(self._clients[sentence.engine], sentence.engine)
            if scheme not in reached:
                yield unusable(_said(sentence), path, self._clients[sentence.engine], reached)
        elif "storage" in self._clients:
            yield from self._unreached(sentence, "storage")

    def _unreached(self, sentence: Sentence, role: str) -> Iterator[str]:
        """What to say where a sentence's engine does not reach what the client of another engine keeps."""
        client, keeper = self._clients[sentence.engine], self._clients[role]
        if client == keeper:
            return
        roles = self._catalog.roles(self._config.type_of(keeper))
        if "locate" not in roles.get("storage", frozenset()):
            # A metastore that keeps no files has URLs in its tables.
            if role == "storage":
                yield f"{_said(sentence)} needs URLs, but client {keeper} does not support storage.locate. {_REMEDY}"
            return
        kept, reached = self._schemes(keeper, "storage"), self._schemes(client, sentence.engine)
        if kept and kept[0] not in reached:
            kept_there = f"what client {keeper} keeps ({kept[0]}:// URLs)"
            yield f"{_said(sentence)} cannot reach {kept_there}: client {client} reaches {_urls(reached)}. {_REMEDY}"

    def _schemes(self, client: str, role: str) -> tuple[str, ...]:
        can = self._catalog.capabilities(self._config.type_of(client))[role]
        return tuple(each for each in can.schemes if each not in can.borrowed or self._is_lent(each, client))

    def _is_lent(self, scheme: str, asker: str) -> bool:
        """Whether the storage of another client than ``asker`` in the config has URLs of a scheme."""
        players = {name for names in self._config.engines.values() for name in names}
        for name in sorted(players - {asker}):
            # A client that is not installed lends nothing.
            with suppress(EngineError, MissingDependencyError):
                can = self._catalog.capabilities(self._config.type_of(name)).get("storage")
                if can is not None and can.schemes[:1] == (scheme,):
                    return True
        return False


_REMEDY = "Let one client play both engines, or choose clients that share a scheme"


def _said(sentence: Sentence) -> str:
    return f"{sentence.engine}.{sentence.verb}"


def _urls(schemes: tuple[str, ...]) -> str:
    return f"{' and '.join(f'{scheme}://' for scheme in schemes)} URLs" if schemes else "no URLs"


def unusable(verb: str, url: str, client: str, schemes: tuple[str, ...]) -> str:
    """What to say of a URL of a scheme that ``client`` does not reach."""
    return f"{verb} cannot use {url}: client {client} reaches {_urls(schemes)}"
