"""A real Spark for tests: started once, in the environment that ``make components`` makes, and stopped in the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from mason.sql import sql_types
from mason.sql.spark import spark_text
from mason.sql.sql_types import SqlType, from_duckdb, spark_name
from tests.sql.comparing import fetched
from tests.sql.corpus import TABLES

PYTHON = Path(__file__).resolve().parents[2] / ".components" / "spark" / "bin" / "python"
_CHILD = Path(__file__).with_name("spark_child.py")


def missing() -> str:
    """What is not there of what Spark needs, with the remedy; empty where all is."""
    if not PYTHON.exists():
        return "There is no Spark to compare with. Get it: make components"
    return "" if shutil.which("java") else "Spark needs Java 17: apt-get install openjdk-17-jre-headless"


class Spark:
    """A Spark session in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [str(PYTHON), str(_CHILD), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env={**os.environ, "TZ": "UTC", "SPARK_LOCAL_IP": "127.0.0.1"},
        )
        self.version = str(self._line()["version"])

    def ask(self, queries: Sequence[str]) -> list[dict[str, Any]]:
        """What Spark answers to each query."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(list(queries)) + "\n")
        self._process.stdin.flush()
        return list(self._line())

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"Spark ended with {self._process.wait()}"
        return json.loads(line)

    def close(self) -> None:
        """End the session and its process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the tables, with the rows that DuckDB has."""
        for answer in self.ask([_table(connection, name) for name in TABLES]):
            assert "refused" not in answer, answer


def _table(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    answer = connection.table(name)
    types = [from_duckdb(each) for each in answer.types]
    columns = ", ".join(map(spark_text.identifier, answer.columns))
    rows = [
        f"({', '.join(_literal(value, type_) for value, type_ in zip(row, types, strict=True))})"
        for row in fetched(answer)
    ]
    made = f"CREATE TABLE {spark_text.identifier(name)} USING PARQUET AS SELECT * FROM"
    return f"{made} VALUES {', '.join(rows)} AS t({columns})"


def _literal(value: Any, type_: SqlType) -> str:
    if value is None:
        return f"CAST(NULL AS {spark_name(type_)})"
    if type_.name == "LIST":
        inside = ", ".join(_literal(each, type_.element) for each in value)
        return f"CAST(array({inside}) AS {spark_name(type_)})"
    if type_.name == "STRUCT":
        parts = [f"{spark_text.text(name)}, {_literal(value[name], each)}" for name, each in type_.fields]
        return f"named_struct({', '.join(parts)})"
    if type_.name == "MAP":
        parts = [f"{spark_text.text(str(key))}, {_literal(each, type_.element)}" for key, each in value.items()]
        return f"map({', '.join(parts)})"
    if type_ == sql_types.BLOB:
        return f"X'{value.hex()}'"
    if type_ == sql_types.VARCHAR:
        return spark_text.text(value)
    return f"CAST('{value}' AS {spark_name(type_)})"
