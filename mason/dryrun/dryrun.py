"""What a run of one operator would do, told before anything is called. Pure.

A ``do:`` operator is known sentence by sentence. Of a Python operator the verbs are known from its syntax
tree; where that passes engines on to code that cannot be followed, the dry run says that any verb may follow.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from mason.dryrun.arguments import fit, said_of_sql, waits
from mason.dryrun.calls import Call
from mason.dryrun.compatibility import choose_clients, clients_asked
from mason.dryrun.reach import Reach
from mason.dryrun.sentences import Pending, finish
from mason.engines import engine_type, verbs_asked_of
from mason.engines.engine import ANY
from mason.errors import Diagnostic, ParameterError
from mason.resources.config import Config
from mason.resources.operator import Operator, Sentence
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.dryrun.check import ClientCatalog
    from mason.dryrun.sql_texts import Told
    from mason.resources.module import Survey


@dataclass(frozen=True, slots=True)
class DryRun:
    """The finished sentences of a run, the client chosen for each engine, and the bound parameters.

    ``certain`` is false when a Python operator may call verbs that are not among ``calls``. ``has_python`` says that a
    Python class does the work, and ``is_promised`` that its author promises that it only reads (``read_only: true``).
    """

    address: str
    config_id: str
    calls: tuple[Call, ...]
    clients: Mapping[str, str]
    parameters: Mapping[str, Any]
    certain: bool = True
    has_python: bool = False
    is_promised: bool = False

    @property
    def is_read_only(self) -> bool:
        """Whether the run needs no confirmation: nothing can change, or its author promises that nothing does.

        Python can do anything, and not only through engines, so a class without that promise never counts as reading.
        """
        if self.has_python:
            return self.is_promised
        return all(call.read_only for call in self.calls)

    @property
    def root(self) -> str:
        """The client that paths are relative to, where others are given some; empty where there are none."""
        storage = self.clients.get("storage", "")
        return storage if any(call.client != storage and _has_paths(call) for call in self.calls) else ""

    @property
    def untold(self) -> dict[str, Any]:
        """The parameters that were given, where the calls do not show what becomes of them."""
        if self.calls and all(call.known for call in self.calls):
            return {}
        return {name: value for name, value in self.parameters.items() if value is not None}

    @property
    def allowed(self) -> frozenset[str] | None:
        """The changing verbs that may be called once this was confirmed; ``None`` for all of them."""
        if self.is_promised:
            return frozenset()
        if not self.certain:
            return None
        return frozenset(f"{call.engine}.{call.verb}" for call in self.calls if not call.read_only)


def dry_run(
    operator: Operator,
    parameters: Mapping[str, Any],
    config: Config,
    catalog: ClientCatalog,
    *,
    source: bytes | None = None,
    waiting: Collection[str] = (),
    wait: bool = True,
) -> DryRun:
    """The dry run of ``operator`` with bound ``parameters``.

    ``source`` is the module content of a Python operator; it is read, not imported. ``waiting`` names the parameters
    that hold references to what earlier steps will return: they are shown as written, their types are not checked,
    and what depends on one (``when``, an output) counts as given. ``wait`` is that of the step, if it is one. Raises
    ``UnsupportedVerbError`` when the config cannot run the operator, and ``ParameterError`` with all arguments that
    are missing, have a type that the verb does not take, or ask the client for what it lacks.
    """
    sentences, certain = operator.said(parameters), True
    if source is not None:
        seen = _surveyed(source)
        # A verb that does not exist fails when it is called; planning has refused it already.
        known = [call for call in seen.calls if call.partition(".")[2] in engine_type(call.partition(".")[0]).verbs]
        certain = seen.certain
        sentences = tuple(_announced(call, seen.arguments) for call in known)
    needs: dict[str, frozenset[str]] = {}
    for sentence in sentences:
        needs[sentence.engine] = needs.get(sentence.engine, frozenset()) | {sentence.verb}
    clients = choose_clients(operator, needs, config, catalog)
    able = {
        sentence.verb: ", ".join(clients_asked(sentence.verb, clients, config, catalog))
        for sentence in sentences
        if sentence.engine == ANY
    }
    known_values = {name: value for name, value in parameters.items() if name not in waiting}
    values = known_values | {name: _pending(parameters[name]) for name in waiting}
    calls, faults = [], []
    reach = Reach(clients, config, catalog)
    for number, sentence in enumerate(sentences, 1):
        # The arguments of a Python operator show when it runs.
        finished, wrong = (
            fit(sentence, finish(sentence, values), known_values) if source is None else (sentence.arguments, [])
        )
        if source is None and sentence.engine != ANY:
            wrong += reach.faults(sentence, finished)
        client = able[sentence.verb] if sentence.engine == ANY else clients[sentence.engine]
        if source is None and not wrong and sentence.engine != ANY:
            unknown = partial(waits, sentence, known_values)
            wrong = [*catalog.refusals(config.type_of(client), sentence.engine, sentence.verb, finished, unknown)]
        told: Told = ()
        if not wrong and sentence.engine != ANY and ("sql" in finished or source is not None):
            told, wrong = _of_sql(operator, sentence, number, finished, known_values, client, config, catalog)
        faults += [Diagnostic("", 0, fault) for fault in wrong]
        read_only = verbs_asked_of(sentence.engine)[sentence.verb].is_read_only(finished)
        waited = read_only or (wait and sentence.wait)
        notes = () if wrong or source is not None else _of_types(sentence, finished, client, config, catalog)
        calls.append(
            Call(client, sentence.engine, sentence.verb, finished, read_only, source is None, waited, told, notes)
        )
    if faults:
        raise ParameterError(faults)
    return DryRun(
        address=f"operator.{operator.namespace}.{operator.command}",
        config_id=config.id,
        calls=tuple(calls),
        clients=clients,
        parameters=parameters,
        certain=certain,
        has_python=source is not None,
        is_promised=source is not None and operator.read_only,
    )


def _of_sql(
    operator: Operator,
    sentence: Sentence,
    number: int,
    finished: Mapping[str, Any],
    values: Mapping[str, Any],
    client: str,
    config: Config,
    catalog: ClientCatalog,
) -> tuple[Told, list[str]]:
    """What there is to tell of the SQL of a sentence, and what is wrong with it. That of Python shows when it runs."""
    verb, given = verbs_asked_of(sentence.engine)[sentence.verb], sentence.arguments.get("sql")
    if "dialect" not in verb.arguments:
        return (), []
    # Imported here: most sentences hold no SQL.
    from mason.dryrun import sql_texts

    spoken = catalog.capabilities(config.type_of(client))[sentence.engine].dialect
    asked = {**said_of_sql(verb, operator.dialect, operator.trust), **finished}
    found = sql_texts.of_sentence(verb, number, given, asked, waits(sentence, values), client, spoken)
    return sql_texts.look(found) if found is not None else ((), [])


def _of_types(
    sentence: Sentence, finished: Mapping[str, Any], client: str, config: Config, catalog: ClientCatalog
) -> tuple[str, ...]:
    """Which types do not travel in what a sentence writes, where it holds them itself."""
    schema, output, format = (finished.get(name) for name in ("schema", "output", "format"))
    if not isinstance(schema, Mapping) or not isinstance(output, str):
        return ()
    # Imported here: few sentences hold a schema.
    from mason.engines.travelling import told_of_schema

    spoken = catalog.capabilities(config.type_of(client))[sentence.engine].dialect
    parquet = str(format or output.rpartition(".")[2]).lower() == "parquet"
    return told_of_schema(schema) if parquet and spoken == "duckdb" else ()


def _has_paths(call: Call) -> bool:
    return any(name in call.arguments for name in verbs_asked_of(call.engine)[call.verb].paths)


def _pending(value: Any) -> Any:
    return Pending(value) if isinstance(value, str) else value


@lru_cache(maxsize=64)
def _surveyed(source: bytes) -> Survey:
    # Remembered because many steps of a workflow may run one operator. Imported here: most operators are sentences.
    from mason.resources.module import survey

    return survey(json.loads(source))


def _announced(call: str, arguments: frozenset[str]) -> Sentence:
    """What the syntax tree shows of a call: the verb, and of its arguments the one that makes it a changing one."""
    engine, _, name = call.partition(".")
    effect = engine_type(engine).verbs[name].changing_with
    return Sentence(engine, name, {effect: "..."} if effect and f"{call}.{effect}" in arguments else {})
