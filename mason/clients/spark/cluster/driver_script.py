"""What the driver of an application runs: it makes views, answers questions, and writes down how that went.

Mason copies this file beside the questions, so it stands alone: the standard library and the pyspark of the image are
all that it may import, and nothing here may import it for more than its path. Its only argument is the file with the
questions; ``result.json`` beside it says how each was answered, or what stopped Spark.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

# How many questions run at once: while one is planned, or shuffles its last rows, another one computes.
_AT_ONCE = 4
_LONGEST = 8000


def main(asked_in: str, session: Any = None) -> int:
    """Answer what the file ``asked_in`` asks, in ``session`` or one of its own; the exit status.

    Nothing is raised: what goes wrong is written into ``result.json``.
    """
    asked = json.loads(Path(asked_in).read_text("utf-8"))
    result: dict[str, Any]
    try:
        spark = session or _session()
        result = {"version": spark.version, "answers": _answers(spark, asked)}
    except Exception as error:  # noqa: BLE001 - whatever it is, Mason tells it
        number = error.number if isinstance(error, _Stopped) else 0
        result = {"error": {"question": number, **_told(error.__cause__ or error)}}
        sys.stderr.write(f"{result['error']['type']}: {result['error']['text'].splitlines()[0]}\n")
    beside = Path(asked_in).with_name("result.json.new")
    beside.write_text(json.dumps(result), "utf-8")
    # Whoever asked may be another user, who removes it later.
    beside.chmod(0o666)
    beside.replace(beside.with_name("result.json"))
    return 1 if "error" in result else 0


def _session() -> Any:
    return importlib.import_module("pyspark.sql").SparkSession.builder.getOrCreate()


def _answers(spark: Any, asked: dict[str, Any]) -> list[dict[str, Any]]:
    for name, value in asked["settings"].items():
        spark.conf.set(name, value)
    for view in asked["views"]:
        reader = spark.read.schema(view["schema"])
        reader = reader.option("basePath", view["base"]) if view["base"] else reader
        reader.parquet(*view["paths"]).createTempView(view["name"])
    questions = asked["questions"]
    # What Spark refuses, it refuses before anything is computed.
    frames = [_of(number, spark.sql, each["text"]) for number, each in enumerate(questions)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = [pool.submit(_of, number, _answer, frame, questions[number]) for number, frame in enumerate(frames)]
        return [each.result() for each in answers]


class _Stopped(Exception):
    """The question of this number stopped; its cause says why."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _of(number: int, do: Any, *arguments: Any) -> Any:
    try:
        return do(*arguments)
    except Exception as error:
        raise _Stopped(number) from error


def _answer(frame: Any, question: dict[str, Any]) -> dict[str, Any]:
    """Two columns may have one name, so that they are called c0, c1... in files."""
    names = list(frame.columns)
    frame = frame.toDF(*(f"c{index}" for index in range(len(names))))
    frame = frame if question["limit"] is None else frame.limit(question["limit"])
    frame.write.mode("overwrite").parquet(f"file://{question['out']}")
    for folder, _, files in os.walk(question["out"]):
        with suppress(OSError):
            Path(folder).chmod(0o777)
            for name in files:
                Path(folder, name).chmod(0o666)
    return {"names": names}


def _told(error: BaseException) -> dict[str, Any]:
    """An error of Spark as data: its condition, state, parameters, and the pieces of SQL that it is about."""
    contexts = _asked(error, "getQueryContext") or []
    parameters = _asked(error, "getMessageParameters") or {}
    return {
        "type": type(error).__name__,
        "text": str(error)[:_LONGEST] or type(error).__name__,
        "condition": str(_asked(error, "getCondition") or _asked(error, "getErrorClass") or ""),
        "state": str(_asked(error, "getSqlState") or ""),
        "parameters": {str(name): str(value) for name, value in dict(parameters).items()},
        "fragments": [str(_asked(each, "fragment") or "") for each in contexts],
    }


def _asked(error: Any, method: str) -> Any:
    found = getattr(error, method, None)
    # Of an error that came without its details, pyspark raises another one.
    with suppress(Exception):
        return found() if found is not None else None
    return None


if __name__ == "__main__":
    status = main(sys.argv[1])
    # Executors end when the session does.
    with suppress(Exception):
        _session().stop()
    sys.exit(status)
