"""What is put to a driver in files, and what it answers in files: the questions, the script, ``result.json``.

A folder for each application, on a disk that this machine and the pods share. Pods work as another user: the folder is
open to them, and what Mason keeps in it is not theirs to remove.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason import bounds
from mason.clients.spark.cluster.cluster_runner import Runner
from mason.clients.spark.spark_failures import explain
from mason.clients.spark.spark_session import LAW, check_version
from mason.clients.spark.spark_tables import spark_path
from mason.clients.spark.spark_ways import ParquetView, Question
from mason.errors import EngineError, MasonError
from mason.values import dataclass

if TYPE_CHECKING:
    from mason.clients.spark.spark_answers import Columns

RESULT = "result.json"
_ASKED, _SCRIPT = "asked.json", "driver.py"
# Everybody may write, and remove what is theirs.
_OPEN = 0o1777


@dataclass(frozen=True, slots=True)
class Put:
    """A question with the folder for its answer, on this machine; ``limit`` rows at most."""

    question: Question
    out: Path
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Where the script and the questions are, as pods have them."""

    script: str
    asked: str

    @classmethod
    def within(cls, folder: Path) -> Written:
        """In a folder of the pods."""
        return cls(str(folder / _SCRIPT), str(folder / _ASKED))


def put(runner: Runner, folder: Path, views: Sequence[ParquetView], questions: Sequence[Put]) -> Written:
    """Write into ``folder`` what a driver needs. Raises ``SettingsError`` where pods do not have the folder."""
    there = runner.shared(folder)
    asked = {
        "settings": dict(LAW),
        "views": [
            {
                "name": view.name,
                "schema": view.schema,
                "paths": [spark_path(runner.shared(path)) for path in view.paths],
                "base": spark_path(runner.shared(view.base)) if view.base is not None else "",
            }
            for view in views
        ],
        "questions": [
            {"text": each.question.translation.text, "out": str(runner.shared(each.out)), "limit": each.limit}
            for each in questions
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    script = (Path(__file__).parent / "driver_script.py").read_text("utf-8")
    for name, text in ((_ASKED, json.dumps(asked)), (_SCRIPT, script)):
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o644)
    folder.chmod(_OPEN)
    return Written.within(there)


def is_answered(folder: Path) -> bool:
    """Whether a driver is through, whichever way."""
    return (folder / RESULT).is_file()


def answered(folder: Path) -> list[list[str]]:
    """The names of the columns of each answer, in the order of the questions.

    Raises :class:`Reported` where something stopped Spark, and ``EngineError`` where the files are not here.
    """
    try:
        result = bounds.parse_json(bounds.read_file(folder / RESULT, bounds.RECORD))
    except FileNotFoundError:
        raise EngineError(
            f"Spark is done, but what it wrote is not in {folder} of this machine: its pods have other files. See that "
            "here and path of the runner's volumes are the same folder."
        ) from None
    except (OSError, ValueError) as error:
        raise EngineError(f"What the driver wrote into {folder / RESULT} cannot be read: {error}") from error
    if "error" in result:
        raise Reported(result["error"])
    check_version(str(result["version"]), "The image of the runner")
    return [[str(name) for name in each["names"]] for each in result["answers"]]


def columns_of(question: Question, names: Sequence[str]) -> Columns:
    """The columns of an answer: as the query means them, where it was translated."""
    known = question.translation.columns
    return [(each.name, str(each.type)) for each in known] if known else [(name, "") for name in names]


class Reported(Exception):
    """An error of Spark that a driver wrote down; it answers as pyspark's own do."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(str(told.get("text", "")))
        self._told = told

    def explained(self, written: Sequence[str]) -> MasonError:
        """As Mason's error; ``written`` are the questions as they were written."""
        number = self._told.get("question", 0)
        return explain(self, written[number] if isinstance(number, int) and number < len(written) else "")

    def getCondition(self) -> str:
        """The name of its condition."""
        return str(self._told.get("condition", ""))

    def getSqlState(self) -> str:
        """Its state of SQL."""
        return str(self._told.get("state", ""))

    def getMessageParameters(self) -> Mapping[str, str]:
        """What its message is made of."""
        return dict(self._told.get("parameters") or {})

    def getQueryContext(self) -> list[Fragment]:
        """The pieces of SQL that it is about."""
        return [Fragment(str(each)) for each in self._told.get("fragments") or ()]


class Fragment:
    """A piece of SQL that an error is about."""

    def __init__(self, text: str) -> None:
        self._text = text

    def fragment(self) -> str:
        """The piece."""
        return self._text
