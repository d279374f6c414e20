"""The suite of table work: summaries, and tables out of tables; ``mason.testing.engines`` says how to use it.

Answers on real data, flights from New York, are held to what Python counts in the same file.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from mason.engines.client import Client
from mason.engines.execution import Execution
from mason.engines.models import Job, Location, Rows, Table
from mason.engines.storage import Storage
from mason.errors import ConflictError, NotFoundError
from mason.testing.written import DeclaredFiles

_TEXTS = ("carrier", "tailnum", "origin", "dest")
_TIME = "time_hour"
NASTY = (
    b'id,name,score,day,ok\n1,Ann,1.5,2013-01-01,true\n,"Bob ""x"", Jr",,,\n2,\xc3\xa9,-0.25,1969-12-31,false\n'
    b"2,Ann,1234567.25,2013-01-01,\n,Ann,0.1,9999-12-31,true\n-9223372036854775808,${x},0.1,,true\n"
)
"""Rows with nulls in each column but one, repeated keys, quotes, and numbers and days at the edges."""


@cache
def flights() -> tuple[Mapping[str, Any], ...]:
    """The flights of a month, as Python reads them: whole numbers, texts, times as texts, ``None`` for no value."""
    found = csv.DictReader(io.StringIO(flights_text().decode()))
    return tuple({name: _value(name, text) for name, text in row.items()} for row in found)


@cache
def flights_text() -> bytes:
    """The flights of a month, as CSV."""
    return gzip.decompress((files("mason") / "examples" / "data" / "flights" / "2013-01.csv.gz").read_bytes())


def _value(name: str, text: str) -> Any:
    if not text:
        return None
    return text if name in _TEXTS or name == _TIME else int(text)


def _time(value: Any) -> str:
    """A time as each engine may write it, to its seconds."""
    return str(value)[:19].replace(" ", "T")


class TableWork(DeclaredFiles):
    """What is promised of summarize, format, merge, dedupe and fake."""

    def rows(self, answer: Rows | Job) -> list[tuple[Any, ...]]:
        """The rows of an answer that has some."""
        assert isinstance(answer, Rows)
        return list(answer.rows)

    def test_summarize(self, execution: Execution, table: Table) -> None:
        """Per column: type, rows, non-null, distinct, min, max, mean; exact; mean only where numeric."""
        self.needs(execution, "summarize")
        summary = execution.summarize(table)
        assert summary.schema.names == ("column", "type", "rows", "non_null", "distinct", "min", "max", "mean")
        found = {row["column"]: row for row in summary.to_dicts()}
        assert list(found) == ["id", "name", "height"]
        keys = ("rows", "non_null", "distinct", "min", "max", "mean")
        assert [found["id"][key] for key in keys] == [3, 3, 3, 1, 3, 2.0]
        assert [found["name"][key] for key in keys] == [3, 3, 2, "Ann", "Bob", None]
        assert [found["height"][key] for key in keys] == [3, 2, 2, 1.6, 1.8, pytest.approx(1.7)]

    def test_summarize_columns(self, execution: Execution, table: Table) -> None:
        """``columns`` narrows."""
        self.needs(execution, "summarize")
        assert [row[0] for row in execution.summarize(table, columns=["name"]).rows] == ["name"]

    def placed(self, client: Client, name: str, content: bytes) -> Table:
        """A table of one file."""
        storage = self.storage_of(client)
        storage.write(f"work/{name}.csv", content)
        return storage.infer_table(f"work/{name}.csv")

    def test_summarize_real_data(self, client: Client, execution: Execution) -> None:
        """All numbers are exact: those of each column are what Python counts."""
        self.needs(execution, "summarize")
        table = self.placed(client, "flights", flights_text())
        summary = execution.summarize(table).to_dicts()
        assert [row["column"] for row in summary] == list(flights()[0])
        for row in summary:
            name = row["column"]
            values = [flight[name] for flight in flights() if flight[name] is not None]
            assert (row["rows"], row["non_null"], row["distinct"]) == (27_004, len(values), len(set(values))), name
            least, most = min(values), max(values)
            found = (row["min"], row["max"])
            assert (tuple(map(_time, found)) if name == _TIME else found) == (
                (_time(least), _time(most)) if name == _TIME else (least, most)
            ), name
            whole = name not in _TEXTS and name != _TIME
            assert row["mean"] == (pytest.approx(sum(values) / len(values), rel=1e-12) if whole else None), name

    def test_summarize_estimates(self, client: Client, execution: Execution) -> None:
        """With ``exact`` false, ``approx_distinct`` stands for ``distinct``, an estimate; all else is the same."""
        self.needs(execution, "summarize")
        table = self.placed(client, "flights", flights_text())
        columns = ["flight", "tailnum", "air_time"]
        exact, estimate = (execution.summarize(table, columns=columns, exact=each).to_dicts() for each in (True, False))
        for one, other in zip(exact, estimate, strict=True):
            assert other.pop("approx_distinct") == pytest.approx(one.pop("distinct"), rel=0.5)
            mean, estimated = one.pop("mean"), other.pop("mean")
            assert estimated == (None if mean is None else pytest.approx(mean, rel=1e-12))
            assert one == other

    def test_summarize_top_values_and_histogram(self, client: Client, execution: Execution) -> None:
        """``top``: the most frequent values, equally frequent ones in their order; ``histogram``: counts in equal
        steps, for numbers."""
        self.needs(execution, "summarize")
        table = self.placed(client, "flights", flights_text())
        columns = ["dest", "distance", "arr_delay"]
        summary = execution.summarize(table, columns=columns, top_values=40, histogram=7).to_dicts()
        for row in summary:
            name = row["column"]
            values = [flight[name] for flight in flights() if flight[name] is not None]
            often = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))[:40]
            assert row["top"] == [{"value": value, "count": count} for value, count in often], name
            if name in _TEXTS:
                assert row["histogram"] is None
                continue
            least, most = min(values), max(values)
            places = Counter(min(6, int((value - least) / ((most - least) / 7))) for value in values)
            assert [bar["count"] for bar in row["histogram"]] == [places[place] for place in range(7)], name
            assert (row["histogram"][0]["from"], row["histogram"][-1]["to"]) == (least, most), name

    def test_summarize_values_at_the_edges(self, client: Client, execution: Execution) -> None:
        """Of nulls, of the largest numbers and days, and of texts that are ordered by their bytes."""
        self.needs(execution, "summarize")
        summary = execution.summarize(self.placed(client, "nasty", NASTY), top_values=1)
        assert [row[2:] for row in summary.rows] == [
            (6, 4, 3, -9223372036854775808, 2, pytest.approx(-(2.0**61)), [{"value": 2, "count": 2}]),
            (6, 6, 4, "$" + "{x}", "\u00e9", None, [{"value": "Ann", "count": 3}]),
            (6, 5, 4, -0.25, 1234567.25, pytest.approx(246913.74), [{"value": 0.1, "count": 2}]),
            (6, 4, 3, "1969-12-31", "9999-12-31", None, [{"value": "2013-01-01", "count": 2}]),
            (6, 4, 2, False, True, None, [{"value": True, "count": 3}]),
        ]

    def test_summarize_refuses(self, execution: Execution, table: Table) -> None:
        """``NotFoundError`` for columns that there are not."""
        self.needs(execution, "summarize")
        with pytest.raises(NotFoundError, match=r"There is no column nothing, more\. Columns: id, name, height\."):
            execution.summarize(table, columns=["nothing", "id", "more"])

    def written(self, client: Client, execution: Execution, job: Job) -> list[tuple[Any, ...]]:
        """The rows of what a job wrote, sorted, found by its manifest."""
        job = self.ended(execution, job)
        assert job.status == "succeeded", job.reason
        manifest = job.result
        assert {"output", "format", "rows", "bytes", "files", "schema"} <= set(manifest)
        assert manifest["bytes"] == sum(file["bytes"] for file in manifest["files"])
        assert execution.get_job(job.job_id) == job
        storage = self.storage_of(client)
        rows = self.rows(execution.query("SELECT * FROM $table", table=storage.infer_table(manifest["output"])))
        assert manifest["rows"] == len(rows)
        return sorted(rows, key=str)

    @pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
    def test_format(self, client: Client, execution: Execution, table: Table, format: str) -> None:
        """Writes the table in another format: to a file, or to a folder of files by partitions."""
        self.needs(execution, "format", "query", "get_job")
        rows = [(1, "Ann", 1.6), (2, "Bob", None), (3, "Bob", 1.8)]
        job = execution.format(table, output=f"made/people.{format}")
        assert self.written(client, execution, job) == rows
        with pytest.raises(ConflictError):
            execution.format(table, output=f"made/people.{format}")
        job = execution.format(table, output="made/by_name", format=format, partition_columns=["name"])
        assert self.written(client, execution, job) == [(1, 1.6, "Ann"), (2, None, "Bob"), (3, 1.8, "Bob")]
        job = execution.format(table, output=f"made/ids.{format}", filter_columns=["id"], overwrite=True)
        assert self.written(client, execution, job) == [(1,), (2,), (3,)]

    def test_format_some_columns(self, client: Client, execution: Execution, storage: Storage) -> None:
        """``filter_columns`` are the columns to keep; those of partitions are kept, too."""
        self.needs(execution, "format", "query", "get_job")
        table = self.placed(client, "flights", flights_text())
        chosen = ["distance", "dest", "carrier"]
        job = execution.format(table, output="made/some.parquet", filter_columns=chosen)
        expected = sorted(((row["carrier"], row["dest"], row["distance"]) for row in flights()), key=str)
        assert self.written(client, execution, job) == expected
        with pytest.raises(NotFoundError, match="There is no column nothing"):
            execution.format(table, output="made/none.parquet", filter_columns=["nothing"])
        can = execution.capabilities.written("parquet")
        if can is not None and can.folders:
            job = execution.format(
                table, output="made/by", format="parquet", filter_columns=["dest"], partition_columns=["origin"]
            )
            made = self.written(client, execution, job)
            assert made == sorted(((row["dest"], row["origin"]) for row in flights()), key=str)

    def test_format_a_sample(self, client: Client, execution: Execution) -> None:
        """``sample_size``: so many rows of the table, all where it has no more."""
        self.needs(execution, "format", "query", "get_job")
        table = self.placed(client, "flights", flights_text())
        key = ["carrier", "flight", "month", "day", "origin", "time_hour"]
        job = execution.format(table, output="made/few.parquet", filter_columns=key, sample_size=100)
        made = [(*row[:-1], _time(row[-1])) for row in self.written(client, execution, job)]
        names = [name for name in flights()[0] if name in key]
        every = {(*(row[name] for name in names[:-1]), _time(row[names[-1]])) for row in flights()}
        assert (len(made), len(set(made) - every)) == (100, 0)
        assert len(set(made)) > 90
        few = self.placed(client, "few", b"a\n1\n2\n")
        job = execution.format(few, output="made/all.parquet", sample_size=5)
        assert self.written(client, execution, job) == [(1,), (2,)]

    def test_merge(self, client: Client, execution: Execution, table: Table) -> None:
        """Unifies files of differing schemas, and tells before what it would change."""
        self.needs(execution, "merge", "plan_merge", "query", "get_job")
        storage = self.storage_of(client)
        storage.write("parts/a.csv", b"id,name\n1,Ann\n")
        storage.write("parts/b.csv", b"id,age\n2.5,7\n")
        parts = Table("parts", location=Location("parts"))
        plan = execution.plan_merge(parts)
        assert [(row["column"], row["type"]) for row in plan.to_dicts()] == [
            ("id", "DOUBLE"),
            ("name", "VARCHAR"),
            ("age", "BIGINT"),
        ]
        job = execution.merge(parts, output="made/merged.parquet")
        assert self.written(client, execution, job) == [(1.0, "Ann", None), (2.5, None, 7)]
        storage.write("parts/b.csv", b"id,age\nx,7\n", overwrite=True)
        with pytest.raises(ConflictError):
            execution.merge(parts, output="made/merged.csv")
        job = self.ended(execution, execution.merge(parts, output="made/merged.csv", allow_text=True))
        assert job.result["rows"] == 2

    def test_merge_with_paths(self, client: Client, execution: Execution) -> None:
        """Types are widened to one that holds all values; ``extract_paths`` adds a column ``file_path``."""
        self.needs(execution, "merge", "plan_merge", "query", "get_job")
        storage = self.storage_of(client)
        for number, content in enumerate((b"id,at\n1,2013-01-01\n", b"at,id\n2013-01-02 10:00:00,2.5\n,\n")):
            storage.write(f"drifted/{number}.csv", content)
        drifted = Table("drifted", location=Location("drifted"))
        plan = execution.plan_merge(drifted, extract_paths=True)
        assert [row[:2] for row in plan.rows] == [("id", "DOUBLE"), ("at", "TIMESTAMP")]
        assert [bool(row[2]) for row in plan.rows] == [True, True]
        job = execution.merge(drifted, output="made/paths.parquet", extract_paths=True)
        made = self.written(client, execution, job)
        assert [row[0] for row in made] == [1.0, 2.5, None]
        assert [_time(row[1]) for row in made[:2]] == ["2013-01-01T00:00:00", "2013-01-02T10:00:00"]
        assert [row[2].rpartition("/")[2] for row in made] == ["0.csv", "1.csv", "1.csv"]

    def test_merge_needs_files(self, client: Client, execution: Execution) -> None:
        """``ConflictError`` when there is nothing to merge."""
        self.needs(execution, "merge", "plan_merge")
        one = self.placed(client, "one", b"a\n1\n")
        with pytest.raises(ConflictError):
            execution.plan_merge(one)
        with pytest.raises(ConflictError):
            execution.merge(one, output="made/one.parquet")

    def test_dedupe(self, client: Client, execution: Execution, table: Table) -> None:
        """One row for each value of the keys, the first or last; counts what was removed."""
        self.needs(execution, "dedupe", "query", "get_job")
        for keep, rows in (
            ("first", [(1, "Ann", 1.6), (2, "Bob", None)]),
            ("last", [(1, "Ann", 1.6), (3, "Bob", 1.8)]),
        ):
            job = self.ended(
                execution,
                execution.dedupe(table, keys=["name"], order_by=["id"], keep=keep, output=f"made/{keep}.parquet"),
            )
            assert self.written(client, execution, job) == rows
            assert (job.result["rows_in"], job.result["removed"]) == (3, 1)

    @pytest.mark.parametrize("keep", ["first", "last"])
    def test_dedupe_real_data(self, client: Client, execution: Execution, keep: str) -> None:
        """One row for each value of several keys, the first or last by ``order_by``, where NULL is never first or
        last; other columns decide where ``order_by`` does not, so the result is always the same."""
        self.needs(execution, "dedupe", "query", "get_job")
        table = self.placed(client, "flights", flights_text())
        keys, order = ["carrier", "dest"], ["dep_delay"]
        job = self.ended(
            execution, execution.dedupe(table, keys=keys, order_by=order, keep=keep, output="made/deduped.parquet")
        )
        made = self.written(client, execution, job)
        names = list(flights()[0])
        expected = _kept(flights(), keys, [*order, *names], last=keep == "last")
        assert {(*row[:-1], _time(row[-1])) for row in made} == {
            tuple(_time(value) if name == _TIME else value for name, value in row.items()) for row in expected
        }
        assert (job.result["rows_in"], job.result["removed"]) == (27_004, 27_004 - len(expected))

    def test_dedupe_nulls(self, client: Client, execution: Execution) -> None:
        """NULL is a value like others as a key."""
        self.needs(execution, "dedupe", "query", "get_job")
        job = self.ended(
            execution,
            execution.dedupe(
                self.placed(client, "nasty", NASTY), keys=["id"], order_by=["score"], output="made/n.parquet"
            ),
        )
        made = self.written(client, execution, job)
        assert [row[:3] for row in made] == [
            (-9223372036854775808, "$" + "{x}", 0.1),
            (1, "Ann", 1.5),
            (2, "\u00e9", -0.25),
            (None, "Ann", 0.1),
        ]
        assert (job.result["rows_in"], job.result["removed"]) == (6, 2)

    def test_dedupe_refuses(self, execution: Execution, table: Table) -> None:
        """``NotFoundError`` for columns that there are not, and then nothing is written."""
        self.needs(execution, "dedupe")
        for keys, order_by in ((["nothing"], []), (["id"], ["nothing"])):
            with pytest.raises(NotFoundError, match=r"There is no column nothing\. Columns: id, name, height\."):
                execution.dedupe(table, keys=keys, order_by=order_by, output="made/none.csv")

    def test_fake(self, client: Client, execution: Execution, table: Table) -> None:
        """Makes rows up; the same seed gives the same rows."""
        self.needs(execution, "fake", "query", "get_job")
        schema = {"id": "BIGINT", "email": "VARCHAR"}
        made = [
            self.written(client, execution, execution.fake(schema, size=20, seed=seed, output=f"made/{name}.parquet"))
            for name, seed in (("a", 1), ("b", 1), ("c", 2))
        ]
        assert made[0] == made[1]
        assert made[0] != made[2]
        job = self.ended(execution, execution.fake(table, size=5, output="made/like.parquet"))
        assert [column["name"] for column in job.result["schema"]] == ["id", "name", "height"]


def _kept(
    rows: Sequence[Mapping[str, Any]], keys: Sequence[str], order: Sequence[str], *, last: bool
) -> list[Mapping[str, Any]]:
    """The row that stays for each value of ``keys``, as the contract has it."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        kept = found.get(key)
        if kept is None or _before(row, kept, order, last=last):
            found[key] = row
    return list(found.values())


def _before(one: Mapping[str, Any], other: Mapping[str, Any], order: Sequence[str], *, last: bool) -> bool:
    for name in order:
        left, right = one[name], other[name]
        if left != right:
            return right is None or (left is not None and (left > right if last else left < right))
    return False
