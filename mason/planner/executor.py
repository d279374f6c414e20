"""Doing what a dry run showed: one operator, its sentences or its Python class, against opened engines.

The only module that loads a person's Python: from the source that the state keeps, verified by its digest. It runs in
this process, so some things cannot be guarded against: ``os._exit`` ends the run without an answer (its record stays
``running``), and threads that outlive the operator may print after the answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from mason.engines import ENGINES
from mason.engines.engine import Engine
from mason.engines.models import Rows
from mason.errors import Diagnostic, EngineError, MasonError, OperatorError, ParameterError
from mason.planner import context
from mason.planner.answer import Answer, data_of
from mason.planner.arguments import fit
from mason.planner.context import Context
from mason.planner.dryrun import DryRun
from mason.planner.output import aside
from mason.planner.sentences import finish, placeholder
from mason.resources.address import title_of
from mason.resources.kinds import Operator, Sentence
from mason.secrets import scrub


def execute(
    operator: Operator,
    shown: DryRun,
    open_engine: Callable[[str], Engine],
    *,
    source: bytes | None = None,
    alone: bool = True,
) -> Answer:
    """Run ``operator`` as ``shown`` and return its answer; a failure of an engine or operator is among its errors.

    ``open_engine`` gives the configured engine of a role, ``source`` is the module content of a Python operator. What
    the operator prints goes to stderr, because stdout belongs to the answer. Only Ctrl-C and its like are raised.
    """
    answer = Answer()
    ctx = Context(shown.parameters, open_engine, allowed=shown.allowed, tell=answer.tell)
    title = title_of(shown.address)
    try:
        with aside() if alone else contextlib.nullcontext():
            if operator.sentences:
                returned = _speak(operator.said(ctx.params), ctx, shown.clients)
            else:
                returned = _run_class(operator, ctx, source or b"{}", title)
        answer.data = data_of(returned, of=title)
        answer.returned = returned
        if isinstance(returned, Rows) and returned.more:
            answer.cut = _cut(len(answer.data), operator, ctx.params)
            answer.tell("Info", answer.cut)
    except MasonError as error:
        answer.failure = error
        # Scrubbed while it is whole: a secret may have several lines.
        answer.errors.extend(scrub(str(error)).splitlines() or [f"{title} failed: {type(error).__name__}"])
    return answer


def outlook(operator: Operator, shown: DryRun, open_engine: Callable[[str], Engine]) -> Rows | None:
    """What the operator's first change would do in detail, where its verb has another one that tells (``shown_by``).

    Only read-only verbs are called: the sentences before that change, and the one that tells. ``None`` where there is
    nothing to tell. Raises what these verbs raise.
    """
    sentences = operator.said(shown.parameters)
    changes = [ENGINES[sentence.engine].verbs[sentence.verb].shown_by for sentence in sentences]
    if not any(changes):
        return None
    ctx = Context(shown.parameters, open_engine, allowed=frozenset(), tell=lambda kind, message: None)
    values: dict[str, Any] = dict(ctx.params)
    for sentence, teller in zip(sentences, changes, strict=True):
        verb = ENGINES[sentence.engine].verbs[sentence.verb]
        with _client_named(sentence, shown.clients):
            if teller is not None:
                if teller not in open_engine(sentence.engine).supports:
                    return None
                known = ENGINES[sentence.engine].verbs[teller].arguments
                arguments = {name: value for name, value in _fitted(sentence, values).items() if name in known}
                return cast(Rows, ctx.call(sentence.engine, teller, **arguments))
            if not verb.is_read_only(finish(sentence, values)):
                return None
            returned = _say(sentence, ctx, values)
        if sentence.bind:
            values[sentence.bind] = returned
    return None


def _speak(sentences: Sequence[Sentence], ctx: Context, clients: Mapping[str, str]) -> Any:
    """Say the sentences in their order; the last one's result is the operator's."""
    values: dict[str, Any] = dict(ctx.params)
    returned: Any = None
    for sentence in sentences:
        with _client_named(sentence, clients):
            returned = _say(sentence, ctx, values)
        if sentence.bind:
            values[sentence.bind] = returned
    return returned


@contextlib.contextmanager
def _client_named(sentence: Sentence, clients: Mapping[str, str]) -> Iterator[None]:
    try:
        yield
    except MasonError:
        raise
    except (Exception, SystemExit) as error:
        # A client's library may raise anything; the answer and the record shall say where.
        raise EngineError(
            f"Client {clients.get(sentence.engine)} failed at {sentence.engine}.{sentence.verb}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _say(sentence: Sentence, ctx: Context, values: Mapping[str, Any]) -> Any:
    return ctx.call(sentence.engine, sentence.verb, **_fitted(sentence, values))


def _fitted(sentence: Sentence, values: Mapping[str, Any]) -> dict[str, Any]:
    arguments, faults = fit(sentence, finish(sentence, values), values)
    if faults:
        raise ParameterError(Diagnostic("", 0, fault) for fault in faults)
    return arguments


def _cut(count: int, operator: Operator, parameters: Mapping[str, Any]) -> str:
    """What to tell when a limit cut the rows: how many there are, and with which parameters one gets the others."""
    said = operator.said(parameters)
    given = said[-1].arguments if said else {}
    names = {parameter.name for parameter in operator.parameters}
    ways = [
        f"{way} {placeholder(given[argument])}"
        for argument, way in (("limit", "raise"), ("output", "write all with"))
        if placeholder(given.get(argument)) in names
    ]
    first = "the first row" if count == 1 else f"the first {count} rows"
    return f"Showing {first}; there are more" + (f" ({', or '.join(ways)})." if ways else ".")


def _run_class(operator: Operator, ctx: Context, source: bytes, title: str) -> Any:
    # Imported here: most operators are sentences, and need nothing of this.
    from mason.resources.module import class_name

    name = class_name(operator.namespace, operator.command)
    with _materialized(json.loads(source)) as folder:
        try:
            with _forks_ended(), _imported(folder, name) as module:
                instance = getattr(module, name)()
                if not isinstance(instance, context.Operator):
                    raise OperatorError(f"{title}: class {name} must derive from mason.Operator.")
                return instance.run(ctx)
        except MasonError:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # A person's code may raise anything, and even exit the process.
            raise OperatorError(f"{title} raised {_said(error)} ({_place(error, folder)})") from error


@contextlib.contextmanager
def _forks_ended() -> Iterator[None]:
    """End every process that a person's code forked and let run on: all after this belongs to the one that began it.

    Such a child exits as one does that calls ``sys.exit`` or raises, without a traceback.
    """
    ours = os.getpid()
    code = 1
    try:
        yield
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise
    finally:
        if os.getpid() != ours:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
            os._exit(code)


def _said(error: BaseException) -> str:
    """The kind and the text of an exception, whose own code may fail as well."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - how an exception tells itself is a person's code too
        return type(error).__name__


@contextlib.contextmanager
def _materialized(files: Mapping[str, str]) -> Iterator[Path]:
    """The module's files in a folder of their own, for as long as the operator runs."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="mason-operator-") as name:
        folder = Path(name)
        for relative, text in files.items():
            file = folder / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        yield folder


@contextlib.contextmanager
def _imported(folder: Path, name: str) -> Iterator[ModuleType]:
    """The folder as a package, under a name that meets no other, so that ``from . import`` works in it.

    It is forgotten in the end: another run in this process may have another source.
    """
    import importlib.util

    package = f"_mason_operator_{name}"
    spec = importlib.util.spec_from_file_location(
        package, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        for each in [each for each in sys.modules if each == package or each.startswith(f"{package}.")]:
            del sys.modules[each]


def _place(error: BaseException, folder: Path) -> str:
    """``file:line`` of the last frame that is the operator's own."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(folder))]
    if not frames:
        return "outside of its own files"
    return f"{Path(frames[-1].filename).relative_to(folder).as_posix()}:{frames[-1].lineno}"
