"""The client ``spark`` over a real server: values are those of ``local``, and what goes wrong is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mason.clients._tables.requests import Output
from mason.clients.local import LocalClient
from mason.clients.spark import SparkClient
from mason.clients.spark.submitted_work import Work
from mason.engines.checking import Asked, asking
from mason.engines.execution import Execution
from mason.engines.jobs import OPEN
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Location, Rows, Table
from mason.engines.storage import Storage
from mason.errors import (
    ConflictError,
    EngineError,
    NotFoundError,
    TransientEngineError,
    TranslationError,
)
from mason.resources.output_checks import of_definition
from tests import spark_servers
from tests.spark_servers import SparkServer
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

# Longer than any test waits for it: it is to be stopped.
ENDLESS = "SELECT sum(a.range * b.range % 7) AS s FROM range(3000000) a, range(3000000) b"


@dataclass
class Both:
    """One folder, as ``local`` and as ``spark`` have it."""

    root: Path
    local: LocalClient
    spark: SparkClient

    @property
    def execution(self) -> Execution:
        return self._engine(self.spark, "execution")

    @property
    def metastore(self) -> Metastore:
        return self._engine(self.spark, "metastore")

    def _engine(self, client: Any, role: str) -> Any:
        return client.engine(role)

    def table(self, path: str, **given: Any) -> Table:
        storage = self.local.engine("storage")
        assert isinstance(storage, Storage)
        return storage.infer_table(path, **given)

    def write(self, path: str, sql: str, options: str = "FORMAT parquet") -> Table:
        """A table of what DuckDB writes."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        duckdb.sql(f"COPY ({sql}) TO '{target}' ({options})")
        return self.table(path)

    def same(self, table: Table, sql: str = "SELECT * FROM $table ORDER BY ALL") -> list[tuple[Any, ...]]:
        """The rows of a query, which both answer."""
        found = [self._engine(each, "execution").query(sql, table=table) for each in (self.local, self.spark)]
        assert found[0] == found[1]
        return list(found[1].rows)

    def ended(self, job: Any) -> Job:
        assert isinstance(job, Job)
        return ended(self.execution, job)


def ended(execution: Execution, job: Job) -> Job:
    """A job as it ended."""
    looked = [job]

    def is_over() -> bool:
        looked.append(execution.get_job(job.job_id))
        return looked[-1].status not in OPEN

    wait_for(is_over, seen=lambda: looked[-1])
    return looked[-1]


@pytest.fixture
def both(spark_server: SparkServer, tmp_path: Path) -> Iterator[Both]:
    found = Both(tmp_path, LocalClient({}, base=tmp_path), SparkClient({"remote": spark_server.remote}, base=tmp_path))
    yield found
    spark_servers.empty(found.spark)
    found.spark.close()


VALUES = """
SELECT 1::TINYINT AS tiny, -2::SMALLINT AS small, 3 AS whole, 9007199254740993::BIGINT AS large, true AS yes,
  170141183460469231731687303715::HUGEINT AS huge, 1.5::FLOAT AS single, 0.1::DOUBLE AS double,
  12345678901234567890.123456789::DECIMAL(38,9) AS exact, 'Köln, "5"" pipe"' AS words, ''::VARCHAR AS nothing,
  '\\x00\\xFF'::BLOB AS bytes, DATE '1582-10-04' AS day, TIMESTAMP '0001-01-01 00:00:00.000001' AS moment,
  TIMESTAMPTZ '2026-11-29 10:00:00+02' AS zoned, [1, NULL, 3] AS list, {'a': 1, 'b': ['x']} AS struct,
  MAP {'k': 1.5} AS map
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, 'nan', '-inf', NULL, NULL, NULL, NULL, DATE '9999-12-31',
  TIMESTAMP '9999-12-31 23:59:59.999999', NULL, [], NULL, NULL
"""


def test_values_are_those_of_local(both: Both) -> None:
    """Of every type that both have, from parquet that Spark reads itself, and back through each format."""
    table = both.write("values/all.parquet", VALUES)
    rows = both.same(table, "SELECT * FROM $table ORDER BY whole")
    assert len(rows) == 2
    job = both.ended(both.execution.query("SELECT * FROM $table", table=table, output="made/all.parquet"))
    assert both.same(both.table("made/all.parquet"), "SELECT * FROM $table ORDER BY whole") == rows
    # As local tells it, which reads numbers of 39 digits back as decimals.
    written = both.local.engine("execution").query("SELECT * FROM $table", table=table, output="made/local.parquet")  # type: ignore[attr-defined]
    assert job.result["schema"] == written.result["schema"]


def test_text_is_read_as_local_reads_it(both: Both) -> None:
    """Quotes, empty texts and NULL, texts that look like numbers, other separators and encodings."""
    (both.root / "a.csv").write_bytes(
        b'id,text,n\r\n1,"5"" pipe, steel",1\r\n2,"",2\r\n3,,3\r\n4," x ",\r\n5,"a\nb",5\r\n'
    )
    both.same(both.table("a.csv"))
    (both.root / "b.csv").write_bytes("id;Größe\n007;1,5\n008;2,5\n".encode("cp1252"))
    both.same(both.table("b.csv", options={"encoding": "cp1252", "decimal": ","}))
    (both.root / "c.jsonl").write_text('{"a": [1, 2], "b": {"c": "x"}}\n{"b": {"c": null}}\n')
    both.same(both.table("c.jsonl"), "SELECT * FROM $table")


def test_views_are_kept_for_as_long_as_their_files_are_the_same(both: Both) -> None:
    def views() -> set[str]:
        with both.spark.session() as session:
            return {row.viewName for row in session.sql("SHOW VIEWS").collect() if row.isTemporary}

    table, text = both.write("kept.parquet", "SELECT 1 AS a"), both.write("kept.csv", "SELECT 1 AS a", "FORMAT csv")
    before = views()
    assert [both.same(each) for each in (table, text)] == [[(1,)], [(1,)]]
    kept = views() - before
    assert len(kept) == 2
    assert [both.same(each, "SELECT a + 1 AS b FROM $table") for each in (table, text)] == [[(2,)], [(2,)]]
    assert views() - before == kept
    both.write("kept.parquet", "SELECT 7 AS a")
    both.write("kept.csv", "SELECT 7 AS a", "FORMAT csv")
    assert [both.same(each) for each in (table, text)] == [[(7,)], [(7,)]]
    assert len(views() - before - kept) == 2


def test_names_of_folders_are_no_patterns(both: Both, tmp_path: Path) -> None:
    """Neither of the files that are read, nor of Mason's own on their way."""
    odd = tmp_path / "odd [1] ä%20b {x}"
    odd.mkdir()
    (odd / "a b.csv").write_text("id,t\n1,x\n2,\n")
    duckdb.sql(f"COPY (SELECT 1 AS a) TO '{odd}/p q.parquet'")
    client = SparkClient(both.spark.configuration, base=odd)
    there = Both(odd, LocalClient({}, base=odd), client)
    assert there.same(there.table("a b.csv")) == [(1, "x"), (2, None)]
    assert there.same(there.table("p q.parquet")) == [(1,)]
    job = there.ended(there.execution.query("SELECT id FROM $table", table=there.table("a b.csv"), output="x y.csv"))
    assert (job.status, job.reason) == ("succeeded", "")
    client.close()


def test_partitions_are_read_as_local_reads_them(both: Both) -> None:
    """Letters beyond ASCII, texts that look like numbers, and rows without a value."""
    table = both.write(
        "parts", "SELECT * FROM (VALUES (1, 'Köln', '01'), (2, 'Bonn', '1'), (3, NULL, '02')) t(id, city, m)",
        "FORMAT parquet, PARTITION_BY (city, m)",
    )  # fmt: skip
    assert [row[0] for row in both.same(table)] == [1, 2, 3]
    plain = both.write("plain", "SELECT range AS id, range % 3 AS k FROM range(9)", "FORMAT parquet, PARTITION_BY k")
    assert len(both.same(plain)) == 9


@pytest.mark.parametrize("output", ["made/x.csv.gz", "made/x.tsv", "made/x.json", "made/folder", "made/x.txt"])
def test_what_is_written_is_what_local_writes(both: Both, output: str) -> None:
    """Byte for byte, where the format has one way to be written."""
    sql = "SELECT * FROM (VALUES (1, 'a\"b', NULL), (2, '', 1.5), (3, NULL, 0.1)) t(id, text, n) ORDER BY id"
    asked = {"format": "csv"} if not output.rpartition("/")[2].endswith(("gz", "tsv", "json")) else {}
    job = both.ended(both.execution.query(sql, output=output, **asked))
    assert job.status == "succeeded", job.reason
    written = both._engine(both.local, "execution").query(sql, output=f"other/{output}", **asked)
    found = [each["path"] for each in job.result["files"]]
    assert [f"other/{each}" for each in found] == [each["path"] for each in written.result["files"]]
    if not output.endswith("gz"):
        assert [(both.root / each).read_bytes() for each in found] == [
            (both.root / "other" / each).read_bytes() for each in found
        ]


def test_tables_of_its_own_have_their_true_types(both: Both) -> None:
    """Also those that a metastore would show as something else; partitions are told, and DDL is Spark's."""
    with both.spark.session() as session:
        session.sql("CREATE DATABASE shop")
        session.sql(
            "CREATE TABLE shop.orders USING json PARTITIONED BY (day) AS SELECT 1 AS id, "
            "named_struct('a', array(1)) AS s, map('k', 1.5D) AS m, TIMESTAMP_NTZ'2026-01-02 03:04:05' AS t, "
            "CAST(1 AS DECIMAL(10,2)) AS d, DATE'2026-01-02' AS day"
        )
        session.sql("CREATE VIEW shop.few AS SELECT id FROM shop.orders")
    table = both.metastore.get_table("shop", "orders")
    assert table.schema is not None
    assert [(each.name, each.type) for each in table.schema.columns] == [
        ("id", "INTEGER"),
        ("s", 'STRUCT("a" INTEGER[])'),
        ("m", "MAP(VARCHAR, DOUBLE)"),
        ("t", "TIMESTAMP"),
        ("d", "DECIMAL(10,2)"),
        ("day", "DATE"),
    ]
    assert [(each.name, each.kind) for each in both.metastore.list_tables("shop")] == [
        ("few", "view"),
        ("orders", "table"),
    ]
    assert [each.values for each in both.metastore.list_partitions("shop", "orders")] == [{"day": "2026-01-02"}]
    assert both.metastore.table_ddl("shop", "orders").startswith("CREATE TABLE ")
    answer = both.execution.query(
        "SELECT o.d, f.id FROM $table o JOIN few f ON f.id = o.id WHERE s.a[1] = 1", table=table
    )
    assert isinstance(answer, Rows)
    assert answer.rows == [("1.00", 1)]
    with pytest.raises(ConflictError, match="is kept by Spark, which would delete its data"):
        both.metastore.delete_table("shop", "orders")
    both.metastore.delete_table("shop", "few")
    both.metastore.delete_table("shop", "orders", delete_files=True)
    assert both.metastore.list_tables("shop") == []


def test_files_go_with_a_table_where_that_is_asked(both: Both) -> None:
    """The table's, and no others."""
    both.write("data/kept.parquet", "SELECT 1 AS a")
    both.write("data/t/one.parquet", "SELECT 1 AS a")
    both.metastore.create_table("club", "t", definition=both.table("data/t"))
    both.metastore.delete_table("club", "t", delete_files=True)
    assert sorted(each.name for each in (both.root / "data").iterdir()) == ["kept.parquet"]


def test_a_query_in_sparks_own_words(both: Both) -> None:
    """Runs as it stands, as far as it only asks; and what is trusted is translated plainly."""
    table = both.write("t.parquet", "SELECT 'abc' AS word")
    found = both.execution.query("SELECT reverse(word) AS w FROM $table", table=table, dialect="spark")
    assert isinstance(found, Rows)
    assert (found.schema.names, found.rows) == (("w",), [("cba",)])
    with pytest.raises(TranslationError, match="reverse is not known to be the same in Spark"):
        both.execution.query("SELECT reverse(word) AS w FROM $table", table=table)
    trusted = both.execution.query("SELECT reverse(word) AS w FROM $table", table=table, trust=True)
    assert isinstance(trusted, Rows)
    assert trusted.rows == [("cba",)]
    job = both.ended(
        both.execution.query("SELECT reverse(word) AS w FROM $table", table=table, dialect="spark", output="w.csv")
    )
    assert (both.root / "w.csv").read_text() == "w\ncba\n"
    assert job.result["schema"] == [{"name": "w", "type": "VARCHAR"}]


@pytest.mark.parametrize(
    ("sql", "kind", "told"),
    [
        ("SELECT wrod FROM $table", EngineError, 'Line 1, column 8: DuckDB refuses this: Referenced column "wrod" not'),
        ("SELECT 1 AS a FROM club.nowhere", NotFoundError, "Database club not found"),
        ("SELECT 1 AS a FROM nowhere", NotFoundError, "Nothing says in which database the table nowhere is."),
        ("DROP TABLE x", EngineError, "A query must be one SELECT statement, but this is DROP."),
        ("SELECT 1;SELECT 2", EngineError, "A query must be one SELECT statement, but this is 2 statements"),
        ("SELECT read_text('/etc/passwd')", EngineError, "read_text"),
        (
            "SELECT id,\n  CAST(word AS INTEGER) AS n FROM $table",
            EngineError,
            "Spark stopped: This text is no INTEGER that both engines read alike: abc.",
        ),
        (
            "SELECT id,\n  large + 9223372036854775807 AS n FROM $table",
            EngineError,
            "Spark stopped at line 2, column 3 (large):",
        ),
    ],
)
def test_what_is_wrong_is_said(both: Both, sql: str, kind: type[Exception], told: str, capfd: Any) -> None:
    """In Mason's words, with the place in the text as it was written; and Spark says nothing beside it."""
    table = both.write("t.parquet", "SELECT 1 AS id, 'abc' AS word, 9223372036854775807 AS large")
    with pytest.raises(kind) as raised:
        both.execution.query(sql, table=table)
    assert str(raised.value).startswith(told) or told in str(raised.value)
    assert "JVM" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_tables_that_spark_cannot_read_are_refused(both: Both) -> None:
    """With the column and its type, or what the table is kept in."""
    table = both.write("t.parquet", "SELECT 1::UINTEGER AS u, 'x' AS a")
    answer = both.execution.query("SELECT a FROM $table", table=table)
    assert isinstance(answer, Rows)
    assert answer.rows == [("x",)]
    with pytest.raises((TranslationError, EngineError), match="UINTEGER"):
        both.execution.query("SELECT u FROM $table", table=table)
    documents = both.write("d.parquet", "SELECT '{}'::JSON AS j, 1 AS a")
    with pytest.raises(TranslationError, match="The column j is of JSON, which Spark has not"):
        both.execution.query("SELECT j FROM $table", table=documents)
    with pytest.raises(EngineError, match=r"Column j of [$]table is JSON that Spark does not have"):
        both.execution.query("SELECT count(j) AS n FROM $table", table=documents)
    kept = replace(table, format="duckdb", location=Location("warehouse/warehouse.duckdb"))
    with pytest.raises(EngineError, match="kept in a warehouse of DuckDB, which Spark does not read"):
        both.execution.preview(kept)


def test_a_cancelled_job_leaves_nothing(both: Both) -> None:
    """It ends as cancelled, and neither its output nor what was on its way is there."""
    job = both.execution.query(ENDLESS, output="endless.csv")
    assert isinstance(job, Job)
    both.execution.cancel_job(job.job_id)
    assert both.ended(job).status == "cancelled"
    wait_for(lambda: not (both.root / "warehouse" / "spark" / "work" / job.job_id).exists())
    assert not (both.root / "endless.csv").exists()


def test_an_output_that_has_its_name_is_not_made_again(both: Both) -> None:
    """A process may be killed when it has renamed what it made, and before it could say so: the next one knows."""
    job = both.ended(both.execution.query("SELECT 1 AS a", output="made.csv"))
    made = both.root / "made.csv"
    written = made.stat()
    work = Work(job.job_id, job.verb, str(uuid.uuid4()), "", "SELECT 1", (("a", ""),), Output("made.csv", "csv"), made)
    folder = both.root / "warehouse" / "spark" / "work" / job.job_id
    wait_for(lambda: not folder.exists())
    folder.mkdir(parents=True)
    (folder / "work.json").write_text(json.dumps(work.to_dict()))
    (folder / "made.json").write_text(json.dumps({"known_by": str(written.st_ino), "manifest": dict(job.result)}))
    (folder / "out").mkdir()
    (folder / "out" / "_SUCCESS").touch()
    both.spark.own.put_job(replace(job, status="running", result={}, logs=(), finished=""))
    again = both.ended(replace(job, status="running"))
    assert (again.status, again.result) == ("succeeded", job.result)
    assert made.stat().st_mtime_ns == written.st_mtime_ns
    wait_for(lambda: not folder.exists())


def test_a_session_that_the_server_has_ended(both: Both) -> None:
    """It is said, and whoever tries again gets another one."""
    with both.spark.session() as session:
        session.client.release_session()
    with pytest.raises(TransientEngineError, match=r"^Spark's server has ended the session: .* Run it again\.$"):
        both.execution.query("SELECT 1 AS a")
    answer = both.execution.query("SELECT 1 AS a")
    assert isinstance(answer, Rows)
    assert answer.rows == [(1,)]


def test_a_job_fails_with_its_server(spark_packages: None, tmp_path: Path) -> None:
    """Within seconds, not minutes; and the next question says that nobody listens."""
    (tmp_path / "server").mkdir()
    with spark_servers.spark_server(tmp_path / "server") as server:
        client = SparkClient({"remote": server.remote}, base=tmp_path)
        execution = client.engine("execution")
        assert isinstance(execution, Execution)
        job = execution.query(ENDLESS, output="endless.csv")
        assert isinstance(job, Job)
        server.kill()
        lost = ended(execution, job)
        assert (lost.status, lost.reason) == (
            "failed",
            "Spark's server does not answer any more. See whether it runs, and what its log says; then run this again.",
        )
        with pytest.raises(TransientEngineError):
            execution.query("SELECT 1 AS a")
        client.close()


LOCAL = """
import sys
from pathlib import Path
from mason.clients.spark import SparkClient
client = SparkClient({"master": "local[1]", "driver_memory": "600m", "settings": {"spark.sql.shuffle.partitions": "1"}},
                     base=Path(sys.argv[1]))
execution, metastore = client.engine("execution"), client.engine("metastore")
print(execution.query("SELECT 1 + 1 AS two").rows)
job = execution.query("SELECT 'x' AS a", output="made/x.csv")
print(job.status, job.result["rows"], execution.handover.elsewhere, execution.get_job(job.job_id).status)
print(metastore.create_database("club").name, [each.name for each in metastore.list_databases()])
try:
    execution.query("SELECT CAST(4000000000 + range AS INTEGER) AS n FROM range(3)")
except Exception as error:
    print(type(error).__name__, "JVM" in str(error))
client.close()
"""


KILLED = """
import os, signal, subprocess, sys, threading
from pathlib import Path
from mason.clients.spark import SparkClient
from mason.engines import interrupts
client = SparkClient({"master": "local[1]", "driver_memory": "600m"}, base=Path(sys.argv[1]))
execution = client.engine("execution")
print(execution.query("SELECT 1 + 1 AS two").rows)
def kill():
    found = subprocess.run(["pgrep", "-P", str(os.getpid()), "java"], capture_output=True, text=True).stdout.split()
    for each in found:
        os.kill(int(each), signal.SIGKILL)
threading.Timer(1, kill).start()
for sql in (sys.argv[2], "SELECT 1 AS a"):
    try:
        print(execution.query(sql).rows)
    except Exception as error:
        print(type(error).__name__, error)
client.close()
"""


def _alone(folder: Path, code: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process that has the whole of pyspark."""
    return subprocess.run(
        [sys.executable, "-c", code, str(folder), *more],
        cwd=Path(__file__).parents[2],
        env={
            **os.environ,
            "PYTHONPATH": str(spark_servers.classic()),
            "SPARK_LOCAL_IP": "127.0.0.1",
            # Java says on stderr that it has picked these up, which a person is spared as well.
            "JDK_JAVA_OPTIONS": spark_servers.JVM,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_session_on_this_machine(spark_packages: None, tmp_path: Path) -> None:
    """Work is done at once, and Spark is silent."""
    done = _alone(tmp_path, LOCAL)
    assert (done.stdout, done.stderr) == (
        "[(2,)]\nsucceeded 1 False succeeded\nclub ['club']\nEngineError False\n",
        "",
    )
    assert (tmp_path / "made" / "x.csv").read_text() == "a\nx\n"


def test_a_session_here_whose_java_is_killed(spark_packages: None, tmp_path: Path) -> None:
    """While it works: it is told in Mason's words, and whoever tries again gets another one."""
    done = _alone(tmp_path, KILLED, ENDLESS)
    assert (done.stdout, done.stderr) == (
        "[(2,)]\nTransientEngineError Spark's Java on this machine is gone, perhaps for want of memory (driver_memory "
        "in the config gives it more). Run this again: it starts another one.\n[(1,)]\n",
        "",
    )


def test_java_is_too_old(spark_packages: None, tmp_path: Path) -> None:
    """Which one it is, and what Spark needs."""
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.22\" 2024-01-16' >&2\n")
    java.chmod(0o755)
    done = _alone(tmp_path, LOCAL, JAVA_HOME=str(tmp_path))
    assert done.stderr.splitlines()[-1] == (
        f"mason.errors.EngineError: Spark 4 needs Java 17 or newer, but {java} is 11.0.22. Install it, or set "
        "JAVA_HOME."
    )


def test_java_is_missing(spark_packages: None, tmp_path: Path) -> None:
    """What to install is said."""
    done = _alone(tmp_path, LOCAL, PATH="/nowhere", JAVA_HOME="")
    assert "needs Java 17 or newer, which is not there. Install it (Debian: apt-get" in done.stderr


@pytest.mark.parametrize("name", ["o.parquet", "o.csv"])
def test_what_fails_its_checks_is_not_published(both: Both, name: str) -> None:
    """The job fails, and holds the results; what was there stays."""
    table = both.write("data/t.parquet", "SELECT range AS id, range // 2 AS half FROM range(10)")
    (both.root / "out").mkdir()

    def write(column: str) -> Job:
        with asking(
            Asked(of_definition([{"unique": column}, {"sql": "SELECT * FROM $table WHERE id > 8", "severity": "warn"}]))
        ):
            job = both.execution.query("SELECT * FROM $table", table=table, output=f"out/{name}", overwrite=True)
        return ended(both.execution, job)

    job = write("id")
    assert [(each["name"], each["status"], each["rows"]) for each in job.result["checks"]] == [
        ("unique_id", "passed", 10),
        ("sql", "warned", 10),
    ]
    before = (both.root / "out" / name).read_bytes()
    failed = write("half")
    assert (failed.status, failed.reason) == (
        "failed",
        "Check unique_half failed: 5 rows of 10 repeat the half of another.\n"
        "Nothing was published: what was there before is still there.",
    )
    assert [each["status"] for each in failed.result["checks"]] == ["failed", "warned"]
    assert (both.root / "out" / name).read_bytes() == before
    assert [each.name for each in (both.root / "out").iterdir()] == [name]


def test_a_check_reads_no_table_but_the_output(both: Both) -> None:
    check = of_definition([{"sql": "SELECT * FROM $table JOIN data.t USING (id)"}])
    with asking(Asked(check)), pytest.raises(EngineError) as raised:
        both.execution.query("SELECT 1 AS id", output="out/o.parquet")
    assert str(raised.value) == (
        "With client spark a check reads its output, $table, and no other table (data.t). Join them in the query that "
        "writes, and check what comes of it."
    )
