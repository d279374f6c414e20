"""What a definition's own schema cannot say: do the clients, engines, verbs and arguments in it exist?

The loader asks this of every document that it parses, so that these faults are told together with all others, with
their lines. It comes before any normalization and may meet any shape: what has the wrong shape is left alone, because
the schema complains about that already. Pure, but for reading the declarations of clients, which opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from mason import secrets
from mason.engines import engine_type, verbs_asked_of
from mason.engines.capabilities import Capabilities
from mason.engines.engine import ANY
from mason.engines.verbs import Verb
from mason.errors import EngineError, MissingDependencyError
from mason.resources.config import CONFIG
from mason.resources.faults import CALLS, Finding, Path
from mason.resources.operator import COMPOSED, OPERATOR, SENTENCE_WORDS
from mason.resources.roles import is_role, known_roles, named_roles
from mason.resources.run import RUN
from mason.resources.schema import VARIABLE
from mason.resources.validate import Examine
from mason.resources.wording import shown_path, suggestion
from mason.resources.workflow import WORKFLOW


class ClientCatalog(Protocol):
    """What planning must know of clients; ``mason.clients.registry`` is one.

    All but ``names`` raise ``MissingDependencyError`` or ``EngineError`` for a client that cannot be loaded.
    """

    def names(self) -> Sequence[str]:
        """The names of all clients."""
        ...

    def roles(self, name: str) -> Mapping[str, frozenset[str]]:
        """The engines that a client plays, and the verbs that it supports as each."""
        ...

    def capabilities(self, name: str) -> Mapping[str, Capabilities]:
        """What a client can do as each of the engines that it plays."""
        ...

    def refusals(
        self, name: str, role: str, verb: str, asked: Mapping[str, Any], waiting: Callable[[], Iterable[str]]
    ) -> Sequence[str]:
        """Why a client would refuse a call with the arguments ``asked``; ``waiting`` names those whose values nobody
        knows yet."""
        ...

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON Schema of a client's configuration."""
        ...

    def faults(self, name: str, configuration: Mapping[str, Any], roles: Collection[str]) -> Sequence[Finding]:
        """What is wrong with a configuration that the schema takes, for a client that plays ``roles``."""
        ...


def examiner(catalog: ClientCatalog) -> Examine:
    """The check of a definition, and of the verbs that its Python class calls, against all engines and ``catalog``."""

    def examine(definition: Mapping[str, Any], calls: Sequence[str]) -> Iterator[Finding]:
        if definition.get("type") == CONFIG.name:
            yield from _config(definition, catalog)
        elif definition.get("type") == OPERATOR.name:
            yield from _supported(definition, catalog)
            for index, given in enumerate(_list(definition.get("do"))):
                yield from _sentence(given, index)
            yield from _calls(calls)
            if definition.get("read_only") is True:
                yield from _changing(definition, calls)
        elif definition.get("type") == WORKFLOW.name:
            schedulers = enumerate(_list(definition.get("supported_schedulers")))
            yield from _known(((("supported_schedulers", index), each) for index, each in schedulers), catalog)
            for index, step in enumerate(_list(definition.get("dag"))):
                yield from _queries(_mapping(step).get("checks"), ("dag", index, "checks"))
        elif definition.get("type") == RUN.name and definition.get("checks"):
            given = definition["checks"]
            yield from _queries(given, ("checks",))
            for step, listed in _mapping(given).items():
                yield from _queries(listed, ("checks", step))

    return examine


def _queries(checks: Any, path: Path) -> Iterator[Finding]:
    """What is wrong with the SQL of checks: each is one SELECT."""
    for index, check in enumerate(_list(checks)):
        sql = _mapping(check).get("sql")
        if not isinstance(sql, str) or not sql.strip():
            continue
        # Imported here: few checks are SQL.
        from mason.sql.statements import SELECT, kinds
        from mason.sql.table_argument import quoted

        found = kinds(quoted(sql))
        if found != [SELECT]:
            what = found[0] if len(found) == 1 else f"{len(found)} statements"
            message = f"{shown_path((*path, index, 'sql'))} must be one SELECT statement, but it is {what}"
            yield Finding((*path, index, "sql"), message, "write one SELECT that gives the rows that are wrong")


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _hint(name: str, known: Iterable[str]) -> str:
    return suggestion(name, known, "known")


def _supported(definition: Mapping[str, Any], catalog: ClientCatalog) -> Iterator[Finding]:
    supported = enumerate(_list(definition.get("supported_configurations")))
    named = (
        (("supported_configurations", index, role), client)
        for index, given in supported
        for role, client in _mapping(given).items()
    )
    yield from _known(named, catalog)


def _known(named: Iterable[tuple[Path, Any]], catalog: ClientCatalog) -> Iterator[Finding]:
    """What is wrong with clients that are named at these places: nobody registered them."""
    known: Sequence[str] | None = None
    for path, client in named:
        known = catalog.names() if known is None else known
        if isinstance(client, str) and client not in known:
            yield Finding(path, f"unknown client {client!r}", _hint(client, known))


def _sentence(given: Any, index: int) -> Iterator[Finding]:
    for call, arguments in _mapping(given).items():
        engine, dot, name = call.partition(".")
        if call in SENTENCE_WORDS or not dot or engine == COMPOSED:
            # What another operator takes is checked where that one is known.
            continue
        path = ("do", index, call)
        if not is_role(engine) and engine != ANY:
            yield Finding(path, f"unknown engine {engine!r} in sentence {index + 1}", _hint(engine, known_roles()))
            continue
        try:
            verbs = verbs_asked_of(engine)
        except EngineError as error:
            yield Finding(path, f"engine {engine} cannot be loaded", str(error))
            continue
        verb = verbs.get(name)
        if verb is None:
            yield Finding(path, f"unknown verb {call} in sentence {index + 1}", _hint(name, verbs))
            continue
        for argument in _mapping(arguments):
            if argument not in verb.arguments:
                message = f"unknown argument {argument!r} of {verb}"
                yield Finding((*path, argument), message, _hint(argument, verb.arguments))
        yield from _of_sql(given, _mapping(arguments), index, verb)
        missing = [repr(argument) for argument in verb.required if argument not in _mapping(arguments)]
        if _mapping(given).get("wait") is False and verb.read_only and verb.changing_with is None:
            message = f"wait: false says nothing in sentence {index + 1}: {verb} only reads, and hands out no job"
            yield Finding(("do", index, "wait"), message, "leave it out")
        if missing:
            yield Finding(path, f"{verb} needs {', '.join(missing)}", f"it takes: {', '.join(verb.arguments)}")


def _of_sql(given: Mapping[str, Any], arguments: Mapping[str, Any], index: int, verb: Verb) -> Iterator[Finding]:
    """What is wrong with the words of a sentence that say how its SQL is meant."""
    for word, argument in (("dialect", "dialect"), ("sql", "trust")):
        if given.get(word) is None:
            continue
        if argument not in verb.arguments:
            message = f"{word} says nothing in sentence {index + 1}: {verb} takes no SQL"
            yield Finding(("do", index, word), message, "leave it out")
        elif argument in arguments:
            message = f"sentence {index + 1} says twice how its SQL is meant: {word}, and {argument} of {verb}"
            yield Finding(("do", index, word), message, "leave one of them out")


def _calls(calls: Sequence[str]) -> Iterator[Finding]:
    for call in calls:
        engine, _, name = call.partition(".")
        try:
            verbs = engine_type(engine).verbs
        except EngineError as error:
            yield Finding((CALLS, call), f"engine {engine} cannot be loaded", str(error))
            continue
        if name not in verbs:
            yield Finding((CALLS, call), f"the class calls {call}, which is no verb", _hint(name, verbs))


def _verb(call: str) -> Verb | None:
    """The verb that a call names; ``None`` where there is none, or its engine cannot be loaded, which is told
    elsewhere."""
    engine, _, name = call.partition(".")
    try:
        return engine_type(engine).verbs.get(name)
    except EngineError:
        return None


def _changing(definition: Mapping[str, Any], calls: Sequence[str]) -> Iterator[Finding]:
    """What an operator with ``read_only: true`` does that is more than reading, as far as that shows before it runs.

    Of a class, whether an argument is given that makes a reading verb a changing one (an output) shows when it runs.
    """
    remedy = "remove read_only: true"
    for index, given in enumerate(_list(definition.get("do"))):
        for call, arguments in _mapping(given).items():
            verb = _verb(call) if call not in SENTENCE_WORDS else None
            if verb is not None and not verb.is_read_only(_mapping(arguments)):
                what = f"{call} with {verb.changing_with}" if verb.read_only else call
                message = f"sentence {index + 1} says {what}, which changes things, but read_only is true"
                yield Finding(("do", index, call), message, f"{remedy}, or the sentence")
    for call in calls:
        verb = _verb(call)
        if verb is not None and not verb.read_only:
            message = f"the class calls {call}, which changes things, but read_only is true"
            yield Finding((CALLS, call), message, f"{remedy}, or the call")


def _config(definition: Mapping[str, Any], catalog: ClientCatalog) -> Iterator[Finding]:
    known = catalog.names()
    given = _mapping(definition.get("clients"))
    types = {name: kind for name, client in given.items() if isinstance(kind := _mapping(client).get("type"), str)}
    loaded: dict[str, _Client | None] = {}
    for name, kind in types.items():
        if kind not in known:
            loaded[name] = None
            yield Finding(("clients", name, "type"), f"unknown client {kind!r}", _hint(kind, known))
    for role, path, client in [*_players(definition), *(("", ("clients", client), client) for client in given)]:
        kind = types.get(client, client)
        if kind not in known and client not in loaded:
            yield Finding(path, f"unknown client {client!r}", _hint(client, sorted({*known, *types})))
            continue
        if client not in loaded:
            try:
                loaded[client] = _Client(path, catalog.roles(kind), catalog.schema(kind))
            except (EngineError, MissingDependencyError) as error:
                loaded[client] = None
                yield Finding(path, f"client {kind} cannot be loaded", str(error))
        found = loaded[client]
        if role and found and role not in found.roles:
            yield Finding(path, f"client {client} cannot play {role}", f"it plays: {', '.join(found.roles)}")
    for client, found in loaded.items():
        if found:
            # A client that has no configuration here may need one.
            path = ("clients", client, "configuration") if client in given else found.path
            configuration = _mapping(_mapping(given.get(client)).get("configuration"))
            wrong = list(_configuration(client, configuration, found.schema, path))
            yield from wrong
            if not wrong and configuration:
                asked = {role for role, _, player in _players(definition) if player == client}
                for fault in catalog.faults(types.get(client, client), configuration, asked):
                    yield fault._replace(path=(*path, *fault.path))


class _Client(NamedTuple):
    """What is known of a client that a config names: where it does so first, and what the client declares."""

    path: Path
    roles: Mapping[str, frozenset[str]]
    schema: Mapping[str, Any]


def _players(definition: Mapping[str, Any]) -> Iterator[tuple[str, Path, str]]:
    """The role, the place and the name of each client that is to play an engine."""
    for role in filter(is_role, named_roles(definition)):
        if isinstance(single := definition.get(f"{role}_engine"), str):
            yield role, (f"{role}_engine",), single
        for index, client in enumerate(_list(definition.get(f"{role}_clients"))):
            if isinstance(client, str):
                yield role, (f"{role}_clients", index), client


def _configuration(client: str, given: Mapping[str, Any], schema: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """What is wrong with a client's configuration; ``path`` is where something that is missing should stand."""
    # Imported here: an unchanged config is not validated again.
    import jsonschema_rs

    properties = _mapping(schema.get("properties"))
    unknown = set(given) - set(properties) if schema.get("additionalProperties") is False else set()
    # A key without a value is as good as left out, here as in all of a definition.
    configuration = {name: value for name, value in given.items() if value is not None or name in unknown}
    hidden = []
    for place, value in secrets.secret_values(configuration, schema):
        hidden.append(list(place))
        if not secrets.is_reference(value):
            field = ".".join(map(str, place))
            message = f"a literal value for the secret {field!r} of client {client} would end up in the state"
            yield Finding((*path, *place), message, "use {{NAME}}")
    yield from _credentials(configuration, client, path)
    for name in schema.get("required", ()):
        if name not in configuration:
            yield Finding(path, f"client {client} needs {name!r} in its configuration")
    # What a reference will hold is known only when the client connects: it is left out of the check of types.
    literal = {
        name: value for name, value in configuration.items() if not secrets.is_reference(value) or name in unknown
    }
    lenient = {**schema, "required": [], "properties": properties}
    for error in jsonschema_rs.validator_for(lenient).iter_errors(literal):
        for name in getattr(error.kind, "unexpected", ()):
            message = f"unknown key {name!r} in the configuration of client {client}"
            yield Finding((*path, name), message, _hint(name, properties))
        if not hasattr(error.kind, "unexpected") and not any(
            error.instance_path[: len(place)] == place for place in hidden
        ):
            # The library's own message would quote the value, and nobody knows what people put where.
            field = ".".join(str(part) for part in error.instance_path)
            wanted = _mapping(properties.get(field.partition(".")[0]))
            remedy = f"expected {wanted.get('type', 'another type')}: {wanted.get('description', '')}".rstrip(": ")
            yield Finding((*path, *error.instance_path), f"wrong value for {field!r} of client {client}", remedy)


def _credentials(value: Any, client: str, path: Path) -> Iterator[Finding]:
    """What is wrong with URLs that hold a password, wherever in a configuration they stand."""
    if isinstance(value, str) and any(secrets.passwords_in(value)):
        message = f"a password in a URL of client {client} would end up in the state"
        yield Finding(path, message, "use {{NAME}} for the whole URL")
    # Whoever writes the config would send what the reference stands for to a machine of their choice.
    if isinstance(value, str) and "endpoint" in str(path[-1]) and secrets.refers_in_host(value):
        message = f"an endpoint of client {client} has a reference in its host or path"
        yield Finding(path, message, "write it out, or {{NAME}} for the whole URL")
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield from _credentials(each, client, (*path, step))


def published_client(schema: Mapping[str, Any], type_: Mapping[str, Any]) -> dict[str, Any]:
    """What editors may demand of a client's entry in a config: they accept what the check above accepts.

    ``schema`` is the client's own, ``type_`` that of the key ``type`` beside its configuration.

    A ``{{NAME}}`` reference may stand for every value and must for a secret one, ``{{vars.NAME}}`` for every other,
    and a key without a value is as good as left out.
    """
    required = list(schema.get("required", ()))
    # All of it may be a variable, too.
    kinds = {"type": ["object", "string"] if required else ["object", "string", "null"], "pattern": VARIABLE["pattern"]}
    properties = {
        name: _published_property(given, required=name in required)
        for name, given in _mapping(schema.get("properties")).items()
    }
    configuration = {**schema, **kinds, "properties": properties}
    if isinstance(additional := schema.get("additionalProperties"), Mapping):
        configuration["additionalProperties"] = _published_property(additional, required=False)
    return {
        **kinds,
        "properties": {"type": type_, "configuration": configuration},
        "required": ["configuration"] if required else [],
        "additionalProperties": False,
    }


def _published_property(given: Any, *, required: bool) -> dict[str, Any]:
    rest = dict(_mapping(given))
    told = {name: rest.pop(name) for name in _TOLD if name in rest}
    if "properties" in rest:
        # An object is written out, or all of it is a reference.
        held = rest.get("required", ())
        rest["properties"] = {
            name: _published_property(inner, required=name in held) for name, inner in rest["properties"].items()
        }
    accepted = [_REFERENCE] if rest.get("secret") is True else [rest, _REFERENCE, VARIABLE]
    return {**told, "anyOf": accepted if required else [*accepted, {"type": "null"}]}


# What editors show of a property stays beside its alternatives.
_TOLD = ("title", "description", "default", "examples", "deprecated")
# One {{NAME}} and nothing else, as mason.secrets reads it.
_REFERENCE = {"type": "string", "pattern": r"^\s*\{\{\s*[A-Za-z_][A-Za-z0-9_]*\s*\}\}\s*$"}
