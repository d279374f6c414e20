"""The suite of what an execution engine declares to read and write; ``mason.testing.engines`` says how to use it."""

from __future__ import annotations

import gzip
import json
from typing import Any, ClassVar

import pytest

from mason.engines.capabilities import COMPRESSIONS, Capabilities, FileFormat
from mason.engines.checking import FAILED, PASSED, WARNED, Asked, asking
from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.models import Location, Rows, Table
from mason.engines.storage import Storage
from mason.errors import CheckFailedError, EngineError
from mason.resources.output_checks import of_definition
from mason.testing.engines import PEOPLE, WithTable

_ROWS = [(1, "Ann", 1.6), (2, "Bob", None), (3, "Bob", 1.8)]
# What files of text begin with, and end with, once they are compressed. Parquet compresses within.
_MAGIC = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
_ENDINGS = {"gzip": ".gz", "zstd": ".zst"}
_PEOPLE = [{"id": 1, "name": "Ann", "height": 1.6}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Bob", "height": 1.8}]
_TEXTS = {
    "csv": PEOPLE,
    "json": json.dumps(_PEOPLE).encode(),
    "jsonl": "".join(f"{json.dumps(each)}\n" for each in _PEOPLE).encode(),
}


class DeclaredFiles(WithTable):
    """Each format, compression and partitioning that the engine's capabilities name, really written and read."""

    role: ClassVar[str] = "execution"

    @pytest.fixture
    def execution(self, any_engine: Engine) -> Execution:
        """The client as execution engine."""
        assert isinstance(any_engine, Execution)
        return any_engine

    @pytest.fixture
    def can(self, execution: Execution) -> Capabilities:
        """What the engine declares."""
        return execution.capabilities

    @pytest.fixture
    def storage(self, client: Client) -> Storage:
        """Where the files are looked at."""
        return self.storage_of(client)

    def read_back(self, execution: Execution, storage: Storage, output: str) -> list[tuple[Any, ...]]:
        """The rows of the table at ``output``, sorted; columns in the order of :data:`PEOPLE`."""
        answer = execution.query("SELECT id, name, height FROM $table", table=storage.infer_table(output))
        assert isinstance(answer, Rows)
        return sorted(answer.rows, key=str)

    def test_declares_what_its_verbs_need(self, execution: Execution, can: Capabilities) -> None:
        """Whoever writes declares formats, whoever takes SQL says which, and whoever answers does one of both: it reads
        files, or has tables of its own that its SQL names."""
        if execution.supports & {"format", "merge", "dedupe", "fake"}:
            assert can.writes
        if execution.supports & {"preview", "summarize", "query"}:
            assert can.reads or can.dialect
        assert bool(can.dialect) == ("query" in execution.supports)

    def test_writes_each_declared_compression(
        self, execution: Execution, storage: Storage, can: Capabilities, table: Table
    ) -> None:
        """``writes``: each format, compressed in each way, comes back as it was; files of text begin accordingly."""
        self.needs(execution, "format", "query")
        for written in can.writes:
            for compression in written.compressions:
                ending = _ENDINGS.get(compression, "") if written.name in _TEXTS else ""
                output = f"made/{written.name}_{compression}.{written.name}{ending}"
                self.ended(execution, execution.format(table, output=output, compression=compression))
                assert self.read_back(execution, storage, output) == _ROWS, output
                if written.name in _TEXTS:
                    content = storage.read(output)
                    begins = [name for name, magic in _MAGIC.items() if content.startswith(magic)]
                    assert begins == ([compression] if compression in _MAGIC else []), output

    def test_looks_at_checks_before_it_publishes_where_declared(
        self, execution: Execution, storage: Storage, can: Capabilities, table: Table
    ) -> None:
        """``checks``: results are in the manifest; what fails one is not published, and what was there stays."""
        self.needs(execution, "format", "query")
        if not can.checks:
            pytest.skip("it declares no checks")
        for written in can.writes:
            output = f"made/checked{f'.{written.name}' if written.files else ''}"
            for columns, status in ((["id"], PASSED), (["name"], FAILED)):
                checks = [{"unique": columns}, {"not_null": "height", "severity": "warn"}]
                try:
                    with asking(Asked(of_definition(checks))):
                        job = execution.format(table, output=output, format=written.name, overwrite=True)
                    found = self.ended(execution, job).result["checks"]
                except CheckFailedError as error:
                    found = error.results
                assert [(each["status"], each["rows"], each["failing"]) for each in found] == [
                    (status, 3, int(status == FAILED)),
                    (WARNED, 3, 1),
                ], output
                assert self.read_back(execution, storage, output) == _ROWS, output
            with asking(None):
                job = execution.format(table, output=output, format=written.name, overwrite=True)
            assert "checks" not in self.ended(execution, job).result

    def test_writes_folders_where_declared(
        self, execution: Execution, storage: Storage, can: Capabilities, table: Table
    ) -> None:
        """``folders``: partitions by a column are folders of that name, and there are as many files as were asked
        for."""
        self.needs(execution, "format", "query")
        for written in [each for each in can.writes if each.folders]:
            output = f"made/{written.name}_by_name"
            job = self.ended(
                execution, execution.format(table, output=output, format=written.name, partition_columns=["name"])
            )
            folders = {file["path"].removeprefix(f"{output}/").partition("/")[0] for file in job.result["files"]}
            assert folders == {"name=Ann", "name=Bob"}, output
            assert self.read_back(execution, storage, output) == _ROWS, output
            output = f"made/{written.name}_pieces"
            job = self.ended(execution, execution.format(table, output=output, format=written.name, partitions=2))
            assert len(job.result["files"]) == 2, output
            assert self.read_back(execution, storage, output) == _ROWS, output

    def test_reads_each_declared_format(
        self, execution: Execution, storage: Storage, can: Capabilities, table: Table
    ) -> None:
        """``reads``: files of text that others wrote, and what the engine itself writes in the other formats."""
        self.needs(execution, "query")
        for read in can.reads:
            for compression in read.compressions:
                if read.name in _TEXTS and compression in ("gzip", "none"):
                    text = _TEXTS[read.name]
                    content = gzip.compress(text) if compression == "gzip" else text
                    path = f"given/{read.name}_{compression}.{read.name}{_ENDINGS.get(compression, '')}"
                    storage.write(path, content)
                    assert self.read_back(execution, storage, path) == _ROWS, path
                    continue
                written = can.written(read.name) or FileFormat(read.name, ())
                # What it does not write itself, the client's own tests have to bring.
                if compression in written.compressions and "format" in execution.supports:
                    ending = _ENDINGS.get(compression, "") if read.name in _TEXTS else ""
                    path = f"given/{read.name}_{compression}.{read.name}{ending}"
                    self.ended(execution, execution.format(table, output=path, compression=compression))
                    assert self.read_back(execution, storage, path) == _ROWS, path

    def test_reads_folders_where_declared(
        self, execution: Execution, storage: Storage, can: Capabilities, table: Table
    ) -> None:
        """``folders`` of ``reads``: several files in one folder are one table."""
        self.needs(execution, "query", "format")
        for read in [each for each in can.reads if each.folders and can.written(each.name)]:
            for number in (1, 2):
                self.ended(execution, execution.format(table, output=f"given/{read.name}/{number}.{read.name}"))
            assert self.read_back(execution, storage, f"given/{read.name}") == sorted(_ROWS * 2, key=str), read.name

    @pytest.mark.parametrize("format", ["csv", "parquet", "xlsx", "orc", "avro"])
    def test_refuses_to_read_what_is_not_declared(
        self, execution: Execution, storage: Storage, can: Capabilities, format: str
    ) -> None:
        """A file of a format that is not among ``reads`` gives no rows, and the refusal names it."""
        self.needs(execution, "preview")
        if can.read(format) is not None:
            pytest.skip(f"{execution.client} reads {format}")
        storage.write(f"given/x.{format}", PEOPLE)
        table = Table("x", location=Location(f"given/x.{format}"), format=format)
        assert f"x.{format}" in self.refusal(execution, "preview", table=table)

    def test_keeps_times_as_declared(self, execution: Execution, storage: Storage, can: Capabilities) -> None:
        """``time_digits``: so many digits behind the second are kept. More of them are kept as well, or the file is
        refused: they are never cut."""
        self.needs(execution, "query")

        def shown(digits: str) -> list[str]:
            fraction = f".{digits}" if digits else ""
            lines = [f"2026-01-02 03:04:0{second}{fraction},{second}\n" for second in (5, 6)]
            storage.write(f"times{len(digits)}.csv", f"t,n\n{''.join(lines)}")
            table = storage.infer_table(f"times{len(digits)}.csv")
            answer = execution.query("SELECT t FROM $table ORDER BY n", table=table)
            assert isinstance(answer, Rows)
            return [str(row[0]).replace(" ", "T").removesuffix("Z").partition(".")[2] for row in answer.rows]

        kept = "123456789123"[: can.time_digits]
        assert shown(kept) == [kept, kept]
        more = "123456789123456"
        try:
            found = shown(more)
        except EngineError as error:
            found = [more, more] if "times15.csv" in str(error) else [str(error)]
        assert found == [more, more]

    def test_keeps_the_case_of_columns_as_declared(
        self, execution: Execution, storage: Storage, can: Capabilities
    ) -> None:
        """``name_case``: a column is written as it was named, or in lower case."""
        self.needs(execution, "format")
        if can.name_case and can.writes:
            storage.write("cased.csv", "Id,fullName\n1,Ann\n2,Bob\n")
            output = f"made/cased.{can.writes[0].name}"
            job = self.ended(execution, execution.format(storage.infer_table("cased.csv"), output=output))
            names = ["Id", "fullName"] if can.name_case != "lower" else ["id", "fullname"]
            assert [column["name"] for column in job.result["schema"]] == names

    def test_refuses_formats_that_are_not_declared(self, execution: Execution, can: Capabilities, table: Table) -> None:
        """What is not among ``writes`` is refused by name, by each verb that writes and in the same words."""
        written = ", ".join(each.name for each in can.writes)
        refusal = f"Client {execution.client} does not write xml (it writes: {written})."
        for verb, arguments in self.writing(execution, table).items():
            assert self.refusal(execution, verb, **arguments, output="made/x.xml", format="xml") == refusal
            assert self.refusal(execution, verb, **arguments, output="made/x.doc") == (
                f"The ending of made/x.doc names no format: give it one of {written}, or give format."
            )

    def test_refuses_compressions_and_partitions_that_are_not_declared(
        self, execution: Execution, can: Capabilities, table: Table
    ) -> None:
        """A compression that the format is not written with, and partitions of what is written as one file."""
        self.needs(execution, "format")
        for written in can.writes:
            for compression in {*COMPRESSIONS, "rar"} - {*written.compressions}:
                output = f"made/x.{written.name}"
                assert self.refusal(execution, "format", table=table, output=output, compression=compression) == (
                    f"Client {execution.client} does not compress {written.name} by {compression} "
                    f"(it can: {', '.join(written.compressions)})."
                )
            if not written.folders:
                able = ", ".join(each.name for each in can.writes if each.folders) or "nothing"
                refusal = f"Client {execution.client} does not write {written.name} in partitions (it does: {able})."
                for asked in ({"partition_columns": ["name"]}, {"partitions": 2}):
                    found = self.refusal(
                        execution, "format", table=table, output="made/x", format=written.name, **asked
                    )
                    assert found == refusal

    @pytest.mark.parametrize(
        ("verb", "arguments", "refusal"),
        [
            ("format", {"sample_size": 0}, "sample_size is 0, but it must be 1 or more."),
            ("format", {"filter_columns": "id"}, "filter_columns is 'id', but it must be a list of columns."),
            ("format", {"partitions": 0}, "partitions is 0, but it must be 1 to 1000."),
            ("dedupe", {"keys": []}, "keys are missing: name the columns that tell rows apart."),
            ("dedupe", {"keys": ["id"], "keep": "some"}, "keep is some, but it must be first or last."),
            ("fake", {"size": -1}, "size is -1, but it must be 0 or more."),
            ("fake", {"size": "many"}, "size is 'many', but it must be a whole number."),
            ("fake", {"schema": {}}, "The schema has no columns: give it as a mapping of names to types."),
            ("query", {"limit": -1}, "limit is -1, but it must be 0 or more."),
        ],
    )
    def test_refuses_arguments_in_the_same_words(
        self, execution: Execution, can: Capabilities, table: Table, verb: str, arguments: dict[str, Any], refusal: str
    ) -> None:
        """What no table can make right, in the words of every client."""
        self.needs(execution, verb)
        output = f"made/x.{can.writes[0].name}" if "partitions" not in arguments else "made/x"
        asked = {**self.writing(execution, table)[verb], "format": can.writes[0].name, "output": output, **arguments}
        assert self.refusal(execution, verb, **asked) == refusal

    def test_refuses_before_it_looks_at_the_table(self, execution: Execution, can: Capabilities) -> None:
        """What cannot be asked for is said first: the table need not be there."""
        self.needs(execution, "dedupe")
        nowhere = Table("nowhere", location=Location("nowhere"))
        output = f"made/x.{can.writes[0].name}"
        assert self.refusal(execution, "dedupe", table=nowhere, keys=[], output=output) == (
            "keys are missing: name the columns that tell rows apart."
        )

    def writing(self, execution: Execution, table: Table) -> dict[str, dict[str, Any]]:
        """The verbs that write and that the client declares, with arguments that are right but for the output."""
        asked: dict[str, dict[str, Any]] = {
            "query": {"sql": "SELECT * FROM $table", "table": table},
            "format": {"table": table},
            "merge": {"table": table},
            "dedupe": {"table": table, "keys": ["id"]},
            "fake": {"schema": {"id": "BIGINT"}, "size": 1},
        }
        return {verb: arguments for verb, arguments in asked.items() if verb in execution.supports}

    def refusal(self, execution: Execution, verb: str, **arguments: Any) -> str:
        """The words with which a verb refuses its arguments."""
        with pytest.raises(EngineError) as raised:
            getattr(execution, verb)(**arguments)
        return str(raised.value)
