"""Every way in which Mason refuses, fails or gives up: one tree, so that callers catch what they mean.

The tree (exit code of the command line, HTTP status)::

    MasonError                        1  500
    ├── SettingsError                 1  400   mason.yaml, environment, an unusable MASON_HOME
    ├── ResourceError                 1  400   the YAML; carries diagnostics with file:line
    │   └── ParameterError            1  400   parameters of a run: missing, unknown, malformed
    ├── NotConfirmedError             1  409   nobody said yes, so nothing was done
    │   ├── DefinitionExistsError     1  409   an overwrite that was not asked for
    │   └── ForeignProjectError       1  409   what another project applied, and nobody named that project
    ├── CancelledError              130  409   Ctrl-C; says what was done until then
    ├── StateError                    1  500
    │   ├── StateLockedError          1  423   somebody else holds the lock
    │   ├── StateLockLostError        1  409   the lock ran out or was broken while it was held
    │   ├── StateConflictError        1  409   the state moved since it was read
    │   ├── StalePlanError            1  409   a plan that no longer fits the state
    │   └── StateFormatError          1  500   truncated, not JSON, edited, or of a newer Mason
    │       └── SourceChangedError    1  500   Python files that are no longer what their digest says
    ├── EngineError                   1  500
    │   ├── NotFoundError             1  404
    │   ├── AccessDeniedError         1  403
    │   ├── ConflictError             1  409   exists already, or schemas disagree
    │   ├── CheckFailedError          1  422   what was written does not fulfil its checks, and was not published
    │   ├── JobFailedError            1  500   work that was handed on failed or was cancelled there
    │   ├── UnknownOutcomeError       1  409   nobody knows whether work that was handed on was done
    │   ├── UnsupportedVerbError      1  422   the client does not do this verb
    │   └── TransientEngineError      1  503   safe to retry
    ├── TranslationError              1  422   SQL that is not known to mean the same on another engine
    ├── OperatorError                 1  500   a Python operator raised or returned what nobody can show
    │   └── DecisionError             1  500   the Python class of a workflow failed a step, or failed itself
    └── MissingDependencyError        1  500   says which extra to install

A message is a whole sentence for the person who reads it: what is wrong, then how to mend it. This
module imports nothing of Mason, so that every room may raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One fault in something that a person wrote.

    ``file`` is the path as the person would type it and ``line`` counts from 1 (0: the whole file).
    ``message`` says what is wrong, ``remedy`` how to mend it (empty where the message says it all).
    Diagnostics sort by file, then line, which is the order in which they are printed.
    """

    file: str
    line: int
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.message}" + (f" ({self.remedy})" if self.remedy else "")

    def to_dict(self) -> dict[str, str | int]:
        """The keys ``file``, ``line``, ``message`` and ``remedy``, as the ``--json`` views print them."""
        return {"file": self.file, "line": self.line, "message": self.message, "remedy": self.remedy}


class MasonError(Exception):
    """Root of all errors that Mason raises on purpose; the command line prints its message, no traceback."""

    exit_code = 1
    http_status = 500


class SettingsError(MasonError):
    """``mason.yaml``, an environment variable or ``MASON_HOME`` cannot be used.

    ``diagnostics`` are the faults of ``mason.yaml`` where it is read and something in it is wrong; else there are none.
    """

    http_status = 400

    def __init__(self, message: str = "", diagnostics: Iterable[Diagnostic] = ()) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(message or "\n".join(str(diagnostic) for diagnostic in self.diagnostics))


class ResourceError(MasonError):
    """What people wrote does not hold together. Carries *all* faults found, not only the first."""

    http_status = 400

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(set(diagnostics)))
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


class ParameterError(ResourceError):
    """The parameters of a run are missing, unknown or malformed; all of them are named at once."""


class NotConfirmedError(MasonError):
    """Nobody approved the plan, so nothing was done."""

    http_status = 409


class DefinitionExistsError(NotConfirmedError):
    """The plan overwrites a definition, there was nobody to ask, and ``-o`` was not given."""


class ForeignProjectError(NotConfirmedError):
    """The plan overwrites or deletes what another project applied, and nobody said that project's name."""


class CancelledError(MasonError):
    """The person pressed Ctrl-C; the message says what was done until then."""

    exit_code = 130
    http_status = 409


class StateError(MasonError):
    """The state could not be read or written; what was there before is still there."""


class StateLockedError(StateError):
    """Another process holds the lock; the message says who, where, for what and since when."""

    http_status = 423


class StateLockLostError(StateError):
    """This process held the lock and does so no more; nothing is done or written after that."""

    http_status = 409


class StateConflictError(StateError):
    """The state that this write is based on is no longer the current one; nothing was written."""

    http_status = 409


class StalePlanError(StateError):
    """The plan was made against another state than the one that it met, or was changed after it was made."""

    http_status = 409


class StateFormatError(StateError):
    """The stored state is truncated, not JSON, inconsistent, or written by a newer Mason."""


class SourceChangedError(StateFormatError):
    """A stored source was changed: its content no longer has the digest that names it."""


class EngineError(MasonError):
    """A client answered a verb with a failure."""


class NotFoundError(EngineError):
    """The database, table, path, job or schedule does not exist."""

    http_status = 404


class AccessDeniedError(EngineError):
    """The client refuses this to the person who asked, or the path lies outside of what the config allows."""

    http_status = 403


class ConflictError(EngineError):
    """The target exists already, or what should be alike differs."""

    http_status = 409


class CheckFailedError(EngineError):
    """What a step wrote does not fulfil its checks, so it was not published. ``results`` are those of all its checks,
    as JSON-ready data (see ``mason.engines.checking``)."""

    http_status = 422

    def __init__(self, message: str, results: Iterable[Mapping[str, object]]) -> None:
        self.results = tuple(results)
        super().__init__(message)


class JobFailedError(EngineError):
    """A job failed, or was cancelled where it was done. ``job`` is the job as it ended, as JSON-ready data."""

    def __init__(self, message: str, job: Mapping[str, object]) -> None:
        self.job = job
        super().__init__(message)


class UnknownOutcomeError(EngineError):
    """Work was handed to a service and nobody knows what became of it: to do it again might do it twice."""

    http_status = 409


class UnsupportedVerbError(EngineError):
    """The client does not do this verb, or the config has no client for the engine."""

    http_status = 422


class TransientEngineError(EngineError):
    """A failure that passes: the same call may succeed when it is made again."""

    http_status = 503


class TranslationError(MasonError):
    """A query is not known to answer the same on another engine, so nothing was run.

    ``line`` and ``column`` are the place in the query's text, from 1 (0 where there is none); ``reason`` says what
    stands there, ``remedy`` what to write instead.
    """

    http_status = 422

    def __init__(self, reason: str, remedy: str, *, line: int = 0, column: int = 0) -> None:
        self.reason, self.remedy, self.line, self.column = reason, remedy, line, column
        place = f"Line {line}, column {column}: " if line else ""
        said = reason if place else reason[:1].upper() + reason[1:]
        super().__init__(f"{place}{said}. {remedy}")


class OperatorError(MasonError):
    """A Python operator raised an exception of its own, or returned something that cannot be shown."""


class DecisionError(OperatorError):
    """The Python class of a workflow said that a step failed, or did not manage to decide; trying again is no use."""


class MissingDependencyError(MasonError):
    """A client or a format needs a package that is not installed.

    ``extra`` is the extra of Mason that brings it, or ``None`` where ``install`` names another package that does.
    """

    def __init__(self, what: str, extra: str | None, *, install: str = "") -> None:
        self.extra = extra
        brings = install or f"'mason[{extra}]'"
        super().__init__(f"{what} needs packages that are not installed. Run: pip install {brings}")
