"""What a client must do: the models and one abstract class per engine, whose verbs are its public methods.

This room knows no YAML, no state and no client. Other packages bring engines of their own, by an entry point in the
group ``mason.engines`` whose name is the engine's and whose value is ``module:Class``, a subclass of ``Engine``.
"""

from __future__ import annotations

from collections.abc import Mapping

from mason.engines.engine import ANY, ASKED_OF_ANY, Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.scheduler import Scheduler
from mason.engines.storage import Storage
from mason.engines.verbs import Verb
from mason.errors import EngineError, UnsupportedVerbError
from mason.packages import Brought
from mason.resources.roles import brought_roles, known_roles

__all__ = [
    "ENGINES",
    "capabilities",
    "check_columns",
    "checking",
    "client",
    "engine",
    "engine_type",
    "engine_types",
    "execution",
    "fence",
    "file_urls",
    "interrupts",
    "jobs",
    "ledger",
    "metastore",
    "models",
    "occasion",
    "permissions",
    "progress",
    "rows_text",
    "runner",
    "scheduler",
    "scheduling",
    "step_by_step",
    "storage",
    "travelling",
    "verbs",
    "verbs_asked_of",
]

ENGINES: dict[str, type[Engine]] = {
    "metastore": Metastore,
    "storage": Storage,
    "execution": Execution,
    "scheduler": Scheduler,
}
"""The four engines that Mason brings, by name, in the order in which they are always listed."""


def engine_type(role: str) -> type[Engine]:
    """The class of an engine, one of the four or of another package, which is imported.

    Raises ``UnsupportedVerbError`` for an engine that nobody brings here, and ``EngineError`` for one whose package
    cannot be used.
    """
    if role in ENGINES:
        return ENGINES[role]
    found = brought_roles().get(role)
    if found is None:
        raise UnsupportedVerbError(
            f"There is no engine {role} here ({', '.join(known_roles())}). Install the package that brings it."
        )
    return _loaded(role, found)


def verbs_asked_of(role: str) -> Mapping[str, Verb]:
    """The verbs that can be asked of an engine, by name; of ``any``, those of jobs. Raises as :func:`engine_type`."""
    return ASKED_OF_ANY if role == ANY else engine_type(role).verbs


def engine_types() -> dict[str, type[Engine]]:
    """All engines that there are here, in the order in which they are listed. Raises as :func:`engine_type`."""
    return {role: engine_type(role) for role in known_roles()}


def _loaded(role: str, found: Brought) -> type[Engine]:
    import importlib

    module, _, name = found.target.partition(":")
    try:
        loaded = getattr(importlib.import_module(module), name, None)
    except Exception as error:
        # The module of another package may raise anything.
        raise _unusable(role, found, f"{type(error).__name__}: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Engine)):
        raise _unusable(role, found, f"{found.target} is no subclass of mason.engines.engine.Engine")
    if loaded.role != role or Engine not in loaded.__bases__:
        raise _unusable(role, found, f"{found.target} is not the class of the engine {role}, but of {loaded.role!r}")
    return loaded


def _unusable(role: str, found: Brought, why: str) -> EngineError:
    package = found.package or found.target
    return EngineError(f"The engine {role} of the package {package} is broken ({why}).")
