"""How Spark is asked: by a session that answers at once, or by an application that a cluster runs.

What is asked is made of values: views on files, and questions in Spark's words. A way does not know where they come
from, and what makes them does not know which way they go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mason.values import dataclass

if TYPE_CHECKING:
    from mason.clients.spark.submitted_work import Work
    from mason.engines.models import Rows
    from mason.sql.translations import Translation


@dataclass(frozen=True, slots=True)
class ParquetView:
    """A view that is called ``name``, with the columns of ``schema`` (Spark's DDL), on ``paths`` of this machine.

    ``base`` is the folder below which names of folders are values of columns; ``None`` where they are not.
    """

    name: str
    schema: str
    paths: tuple[Path, ...]
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One SELECT: as it was written (``sql``), and in Spark's words over views."""

    sql: str
    translation: Translation


class Way(Protocol):
    """One piece of work's way to Spark. Each method raises the ``EngineError`` that explains what stops Spark."""

    def reaches(self, paths: Sequence[Path]) -> bool:
        """Whether Spark has these files of this machine; to others they are copied."""
        ...

    def check_catalog(self) -> None:
        """Raises ``EngineError`` where tables of Spark's own catalog cannot be read this way."""
        ...

    def holds(self, name: str) -> bool:
        """Whether questions find a view of this name already. It stays until it is dropped, also where it is made."""
        ...

    def make(self, view: ParquetView) -> None:
        """Have questions from now on find a view, of which it was asked whether there is one."""
        ...

    def drop(self, names: Sequence[str]) -> None:
        """Do without views of which it was asked whether there are such."""
        ...

    def answers(self, questions: Sequence[Question], limit: int | None = None) -> list[Rows]:
        """The rows of each question, in their order; of each at most ``limit``, where one is given."""
        ...


class JobWay(Way, Protocol):
    """The way of one job, in which nothing else is done.

    ``session_id`` is that of its session on a server; empty where it has none.
    """

    session_id: str

    def prepare(self, work: Work, question: Question, facts: Mapping[str, Question]) -> Work:
        """``work`` with what is known before it is submitted; what Spark can refuse by now, it refuses.

        ``facts`` are questions for one value each, which belongs into the manifest: a way may answer them later.
        """
        ...

    def begin(self, work: Work) -> None:
        """Hand the work on, where that is done before it is waited for. It is kept already, and may be begun twice.

        Raises ``TransientEngineError`` where nobody knows whether it was handed on, and ``EngineError`` where it was
        refused.
        """
        ...

    def write(self, work: Work) -> Work:
        """Have Spark write it, wait for that, and return it with what is known by then.

        Raises ``CancelledError``, the ``EngineError`` for which it failed, and :class:`Unanswered`.
        """
        ...

    def go_on(self, work: Work) -> Work:
        """As :meth:`write`, for what another process has begun, or was about to begin."""
        ...

    def cancel(self) -> None:
        """Have Spark stop. Called again until the work has ended."""
        ...

    def told(self) -> tuple[str, str]:
        """The status of the work while it is open, and a line that says how far it is; empty where nobody knows."""
        ...

    def leave(self) -> None:
        """Close the way, and leave the work to whoever goes on with it."""
        ...

    def close(self) -> None:
        """Close the way, once the work has ended."""
        ...


class Unanswered(Exception):
    """Nobody can say at this moment how work goes, which goes on: the process that waits for it gives it up.

    ``args[0]`` is the ``EngineError`` that says why.
    """
