"""What is the Hive Metastore's own, on a real one: types, names, partitions, files that stay, and tables of others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.clients.hive import HiveClient
from mason.clients.hive.metastore import HiveMetastore
from mason.clients.local import LocalClient
from mason.engines.models import Column, Location, Schema, Table
from mason.engines.storage import Storage
from mason.errors import ConflictError, EngineError, NotFoundError, UnsupportedVerbError
from tests.hive_servers import HiveServer, bare, empty

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hive")]

COLUMNS = (Column("id", "BIGINT"), Column("Name", "VARCHAR", comment="it's a name"), Column("height", "DOUBLE"))


@pytest.fixture
def client(hive_server: HiveServer, tmp_path: Path) -> Iterator[HiveClient]:
    made = HiveClient({"uri": hive_server.uri, "timeout": 120}, base=tmp_path)
    storage = LocalClient({}, base=tmp_path).engine("storage")
    assert isinstance(storage, Storage)
    made.storage_for = lambda url: storage if url.startswith("file:") else None
    yield made
    empty(made)
    made.close()


@pytest.fixture
def metastore(client: HiveClient) -> HiveMetastore:
    found = client.engine("metastore")
    assert isinstance(found, HiveMetastore)
    return found


@pytest.fixture
def people(tmp_path: Path) -> Table:
    place = tmp_path / "the people"
    place.mkdir()
    (place / "1.csv").write_text("id,Name,height\n1,Ann,1.6\n")
    options = {"delimiter": ",", "header": True}
    return Table("people", schema=Schema(COLUMNS), location=Location(place.as_uri()), format="csv", options=options)


def test_a_table_is_registered_as_hive_reads_it(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    metastore.create_table("Club", "People", definition=replace(people, comment="Members"))
    found = client.requests.table("club", "people")
    assert found.tableType == "EXTERNAL_TABLE"
    theirs = ("transient_lastDdlTime", "numFiles", "totalSize")
    own = {key: value for key, value in found.parameters.items() if key not in theirs and "mason.table." not in key}
    assert own == {"EXTERNAL": "TRUE", "classification": "csv", "comment": "Members", "skip.header.line.count": "1"}
    # Hive's reader of quoted CSV makes nothing but texts.
    assert [(each.name, each.type, each.comment) for each in found.sd.cols] == [
        ("id", "string", None),
        ("name", "string", "it's a name"),
        ("height", "string", None),
    ]
    assert found.sd.serdeInfo.serializationLib == "org.apache.hadoop.hive.serde2.OpenCSVSerde"
    assert found.sd.location.endswith("/the people")
    shown = metastore.get_table("CLUB", "People")
    assert shown == replace(people, name="people", database="club", comment="Members")
    assert shown.location is not None
    assert shown.location.path.endswith("/the%20people")
    assert [(each.name, each.format, each.comment) for each in metastore.list_tables("club")] == [
        ("people", "csv", "Members")
    ]
    assert metastore.get_table("club", "people", read_headers=False).options["header"] is False
    ddl = metastore.table_ddl("club", "people")
    assert ddl.startswith("CREATE EXTERNAL TABLE `club`.`people` (\n  `id` string,\n")
    assert "`name` string COMMENT 'it\\'s a name'" in ddl
    assert f"LOCATION '{found.sd.location}'" in ddl
    assert "mason." not in ddl


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "xlsx"}, "The Hive Metastore knows csv, json, parquet, orc, avro, but table people has the format"),
        ({"options": {"decimal": ","}}, "Hive reads csv with no option decimal"),
        ({"schema": None}, "has no columns"),
        ({"schema": Schema((Column("a", "TIME"), Column("A", "INTEGER[")))}, "Columns a and A are one"),
        ({"schema": Schema((Column("a", "TIME"), Column("b", "INTEGER[")))}, "'INTEGER[' is no SQL type"),
        ({"schema": Schema((Column("a", "TIME"), Column("b", "INTEGER[")))}, "Hive has no type for TIME"),
        ({"location": Location("file:///lake/*.csv")}, "no pattern"),
        ({"location": Location("ftp://lake/a")}, "takes URLs (hdfs://, file://, s3://), not 'ftp://lake/a'"),
        ({"location": Location("people/a")}, "takes URLs (hdfs://, file://, s3://), not 'people/a'"),
        ({"partition_columns": ("year",)}, "no column year"),
    ],
    ids=str,
)
def test_what_the_metastore_cannot_hold_is_refused(
    metastore: HiveMetastore, people: Table, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(EngineError) as raised:
        metastore.create_table("club", "people", definition=replace(people, **change))
    assert said in str(raised.value)
    assert metastore.list_databases() == []


def test_types_go_and_come_back(metastore: HiveMetastore, people: Table) -> None:
    """What Mason registered comes back as it was; without Mason's own words, as Hive knows it."""
    types = ["UTINYINT", "HUGEINT", "DECIMAL(10,2)", "TIMESTAMP", "BLOB", "INTEGER[]", "MAP(VARCHAR, DATE)"]
    types.append("STRUCT(a INTEGER, b STRUCT(c VARCHAR[]))")
    schema = Schema(tuple(Column(f"c{number}", kind) for number, kind in enumerate(types)))
    metastore.create_table("club", "typed", definition=replace(people, schema=schema, format="parquet", options={}))
    found = metastore.get_table("club", "typed")
    assert found.schema == schema
    raw = metastore.requests.table("club", "typed")
    assert [each.type for each in raw.sd.cols] == [
        "smallint",
        "decimal(38,0)",
        "decimal(10,2)",
        "timestamp",
        "binary",
        "array<int>",
        "map<string,date>",
        "struct<a:int,b:struct<c:array<string>>>",
    ]


def test_what_others_changed_is_what_counts(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    """Mason's own definition is none any more once Hive has another one."""
    columns = (*COLUMNS[:2], Column("height", "FLOAT"))
    wanted = replace(people, schema=Schema(columns), format="parquet", options={})
    metastore.create_table("club", "people", definition=wanted)
    raw = client.requests.table("club", "people")
    raw.sd.cols[0].comment = "a number"
    bare(client, "alter_table", "club", "people", raw)
    schema = metastore.get_table("club", "people").schema
    assert schema is not None
    assert [(each.name, each.type, each.comment) for each in schema.columns] == [
        ("id", "BIGINT", "a number"),
        ("Name", "VARCHAR", "it's a name"),
        ("height", "FLOAT", ""),
    ]
    raw.sd.cols[2].type = "double"
    bare(client, "alter_table", "club", "people", raw)
    schema = metastore.get_table("club", "people").schema
    assert schema is not None
    assert [(each.name, each.type) for each in schema.columns] == [
        ("id", "BIGINT"),
        ("name", "VARCHAR"),
        ("height", "DOUBLE"),
    ]


def test_files_stay_unless_it_is_asked_for(
    client: HiveClient, metastore: HiveMetastore, people: Table, hive_server: HiveServer
) -> None:
    metastore.create_table("club", "people", definition=people)
    place = client.base / "the people" / "1.csv"
    with pytest.raises(UnsupportedVerbError) as raised:
        metastore.delete_table("club", "people", delete_files=True)
    assert "is external" in str(raised.value)
    assert metastore.delete_table("club", "people").name == "people"
    assert place.exists()
    # A table of Hive's own.
    for delete_files in (False, True):
        metastore.create_table("club", "people", definition=people)
        raw = client.requests.table("club", "people")
        metastore.delete_table("club", "people")
        own = hive_server.warehouse / "club.db" / "own"
        raw.tableName, raw.tableType, raw.sd.location = "own", "MANAGED_TABLE", None
        del raw.parameters["EXTERNAL"]
        bare(client, "create_table", raw)
        (own / "1.csv").write_text("1,Ann,1.6\n")
        assert metastore.table_ddl("club", "own").startswith("CREATE TABLE `club`.`own`")
        with pytest.raises(ConflictError) as conflict:
            metastore.create_table("club", "own", definition=people, overwrite=True)
        assert "is Hive's own" in str(conflict.value)
        metastore.delete_table("club", "own", delete_files=delete_files)
        assert own.exists() is not delete_files


def folder_name(key: str, value: str) -> str:
    """``key=value`` as Hive writes it: what could mean something else in a path stands as ``%XX``."""
    odd = {*map(chr, range(1, 32)), *"\"#%'*/:=?\\{[]^\x7f"}
    return f"{key}={''.join(f'%{ord(each):02X}' if each in odd else each for each in value)}"


def test_partitions_are_found_by_their_folders(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    base = client.base / "parted"
    cities = ["Köln", "a b", "a/b=c%", "x:y'\"*?[{}]^\\#", "__HIVE_DEFAULT_PARTITION__"]
    for city in cities:
        place = base / "year=2024" / folder_name("city", city)
        place.mkdir(parents=True)
        (place / "1.parquet").write_bytes(b"x")
    (base / "_SUCCESS").write_bytes(b"")
    columns = (Column("id", "BIGINT"), Column("year", "INTEGER"), Column("city", "VARCHAR"))
    wanted = replace(people, schema=Schema(columns), format="parquet", options={}, partition_columns=("year", "city"))
    wanted = replace(wanted, location=Location(base.as_uri()))
    job = metastore.create_table("club", "parted", definition=wanted)
    assert job.logs == (f"Registered club.parted over {base.as_uri()}", "Looked for partitions: 5 folders")
    found = metastore.list_partitions("club", "parted")
    assert [each.values for each in found] == [
        {"year": 2024, "city": city} for city in (None, "Köln", "a b", "a/b=c%", "x:y'\"*?[{}]^\\#")
    ]
    names = bare(client, "get_partition_names", "club", "parted", -1)
    assert sorted(names) == sorted(f"year=2024/{folder_name('city', city)}" for city in cities)
    # Each stands for the folder that it was found in.
    files = {each.values["city"]: each.location for each in found}
    storage = LocalClient({}, base=client.base).engine("storage")
    assert isinstance(storage, Storage)
    assert [len(storage.list_paths(each.path)) for each in files.values() if each] == [1] * 5
    # New ones are added when the table is registered again, with what has changed for those that were there.
    (base / "year=2025" / "city=x").mkdir(parents=True)
    (base / "year=2025" / "city=x" / "1.parquet").write_bytes(b"x")
    wider = Schema((*columns, Column("more", "DOUBLE")))
    metastore.create_table("club", "parted", definition=replace(wanted, schema=wider), overwrite=True)
    raw = list(client.requests.partitions("club", "parted"))
    assert [[each.name for each in one.sd.cols] for one in raw] == [["id", "more"]] * 6
    with pytest.raises(ConflictError) as raised:
        metastore.create_table("club", "parted", definition=replace(wanted, partition_columns=()), overwrite=True)
    assert "is partitioned by year, city, and would be by nothing" in str(raised.value)
    (base / "year=2026").mkdir()
    (base / "year=2026" / "1.parquet").write_bytes(b"x")
    with pytest.raises(ConflictError) as raised:
        metastore.create_table("club", "parted", definition=wanted, overwrite=True)
    assert str(raised.value).startswith(f"file:{base}/year=2026/1.parquet is in no folder city=...")


def test_partitions_that_no_storage_shows_are_told(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    client.storage_for = None
    columns = (Column("id", "BIGINT"), Column("year", "INTEGER"))
    wanted = replace(people, schema=Schema(columns), partition_columns=("year",))
    job = metastore.create_table("club", "parted", definition=wanted)
    assert job.logs[1].startswith("No partition was looked for: no storage of the config reaches file:///")
    assert metastore.list_partitions("club", "parted") == []


def test_a_thousand_partitions_are_held_once(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    """Never more of Thrift's objects than those of one request."""
    import tracemalloc

    from mason.clients.hive.hive_registering import _partition

    columns = (*(Column(f"c{number}", "VARCHAR") for number in range(40)), Column("day", "INTEGER"))
    place = client.base / "days"
    place.mkdir()
    wanted = replace(people, schema=Schema(columns), format="parquet", options={}, partition_columns=("day",))
    wanted = replace(wanted, location=Location(place.as_uri()))
    metastore.create_table("club", "many", definition=wanted)
    made = client.requests.table("club", "many")
    several = (_partition(made, (str(day),), f"{made.sd.location}/all") for day in range(1500))
    assert client.requests.add_partitions("club", "many", several) == 1500
    tracemalloc.start()
    try:
        found = metastore.list_partitions("club", "many")
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [each.values["day"] for each in found] == list(range(1500))
    assert most < 60_000_000
    assert held < 3_000_000


def test_a_view_is_kept_with_its_statement(metastore: HiveMetastore, people: Table) -> None:
    sql = "SELECT `id`, 'it''s' AS what FROM club.people"
    schema = Schema((Column("id", "BIGINT"), Column("what", "VARCHAR")))
    view = Table("tall", schema=schema, kind="view", options={"sql": sql})
    metastore.create_table("club", "tall", definition=view)
    found = metastore.get_table("club", "tall")
    assert found == replace(view, database="club")
    assert metastore.table_ddl("club", "tall") == f"CREATE VIEW `club`.`tall` AS {sql};"
    assert [each.kind for each in metastore.list_tables("club")] == ["view"]
    with pytest.raises(ConflictError) as raised:
        metastore.create_table("club", "tall", definition=people, overwrite=True)
    assert "is a view, and would be a table" in str(raised.value)
    assert metastore.delete_table("club", "tall").kind == "view"


def test_a_database_is_made_at_its_place(metastore: HiveMetastore, tmp_path: Path) -> None:
    place = (tmp_path / "the lake").as_uri()
    made = metastore.create_database("lake", location=place)
    assert made.location == Location(place)
    assert metastore.get_database("LAKE") == made
    with pytest.raises(NotFoundError) as raised:
        metastore.get_database("lakes")
    assert str(raised.value) == "Database lakes not found. Did you mean lake?"


def test_whose_a_table_is(hive_server: HiveServer, metastore: HiveMetastore, people: Table, tmp_path: Path) -> None:
    ann = HiveClient({"uri": hive_server.uri, "user": "ann"}, base=tmp_path)
    try:
        theirs = ann.engine("metastore")
        assert isinstance(theirs, HiveMetastore)
        theirs.create_table("club", "people", definition=people)
        assert metastore.requests.table("club", "people").owner == "ann"
        # Whoever replaces it does not take it.
        metastore.create_table("club", "people", definition=people, overwrite=True)
        assert metastore.requests.table("club", "people").owner == "ann"
    finally:
        ann.close()


def test_a_hundred_readers_at_once(metastore: HiveMetastore, people: Table) -> None:
    metastore.create_table("club", "people", definition=people)
    expected = metastore.get_table("club", "people")
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda _: metastore.get_table("club", "people"), range(100)))
    assert found == [expected] * 100


def test_of_several_writers_each_is_whole_or_told(metastore: HiveMetastore, people: Table) -> None:
    """What is registered in the end is what one of them wrote; whoever was told of no conflict wrote what was there."""
    metastore.create_table("club", "people", definition=people)
    told: list[str] = []
    lock = threading.Lock()

    def write(number: int) -> None:
        wanted = replace(people, comment=f"by {number}")
        try:
            metastore.create_table("club", "people", definition=wanted, overwrite=True)
        except ConflictError:
            return
        with lock:
            told.append(f"by {number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    assert metastore.get_table("club", "people").comment in {*told, *(f"by {number}" for number in range(12))}
    assert told


def spark_parameters(*fields: str, provider: str = "") -> dict[str, str]:
    """What Spark 4 writes of a table with these columns."""
    schema = '{"type":"struct","fields":[' + ",".join(fields) + "]}"
    half = len(schema) // 2
    parts = {"spark.sql.sources.schema.numParts": "2"}
    parts |= {
        f"spark.sql.sources.schema.part.{index}": piece for index, piece in enumerate((schema[:half], schema[half:]))
    }
    return parts | ({"spark.sql.sources.provider": provider} if provider else {})


def test_a_table_of_sparks_has_its_true_columns(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    metastore.create_table("club", "people", definition=people)
    raw = client.requests.table("club", "people")
    from pymetastore.hive_metastore.ttypes import FieldSchema

    place = raw.sd.location
    raw.sd.cols = [FieldSchema("col", "array<string>", "from deserializer")]
    raw.sd.location = f"{place}-__PLACEHOLDER__"
    raw.sd.serdeInfo.parameters = {"path": place, "header": "true", "sep": ";", "multiLine": "true"}
    raw.parameters = {"EXTERNAL": "TRUE"} | spark_parameters(
        '{"name":"Id","type":"long","nullable":true,"metadata":{"comment":"it\'s one"}}',
        '{"name":"at","type":"timestamp","nullable":true,"metadata":{}}',
        '{"name":"tags","type":{"type":"array","elementType":"decimal(5,2)","containsNull":true},"nullable":true}',
        '{"name":"odd","type":"variant","nullable":true,"metadata":{}}',
        provider="csv",
    )
    bare(client, "drop_table", "club", "people", False)
    bare(client, "create_table", raw)
    found = metastore.get_table("club", "people")
    assert found.to_dict() == {
        "database": "club",
        "name": "people",
        "kind": "table",
        "format": "csv",
        "location": people.location.path if people.location else "",
        "columns": [
            {"name": "Id", "type": "BIGINT", "comment": "it's one"},
            {"name": "at", "type": "TIMESTAMP WITH TIME ZONE"},
            {"name": "tags", "type": "DECIMAL(5,2)[]"},
            {"name": "odd", "type": "VARIANT"},
        ],
        "options": {"delimiter": ";", "escape": "\\", "header": True},
        "notes": ["Spark reads it with options that Mason has no words for: multiline."],
    }
    assert metastore.table_ddl("club", "people") == (
        "CREATE TABLE `club`.`people` (\n  `Id` bigint COMMENT 'it\\'s one',\n  `at` timestamp,\n"
        "  `tags` array<decimal(5,2)>,\n  `odd` variant\n) USING csv\n"
        f"OPTIONS ('header' = 'true', 'multiLine' = 'true', 'sep' = ';')\nLOCATION '{place}';"
    )
    # What Hive has of a column that it cannot turn into another one is not replaced.
    with pytest.raises(ConflictError) as raised:
        metastore.create_table("club", "people", definition=people, overwrite=True)
    assert str(raised.value).endswith("Delete the table, then register it: its files stay.")
    # Others' words go only where they are true no more.
    raw.sd.cols = [FieldSchema("id", "string", None)]
    bare(client, "drop_table", "club", "people", False)
    bare(client, "create_table", raw)
    job = metastore.create_table("club", "people", definition=people, overwrite=True)
    assert job.logs[1] == "Dropped what Spark had written of the table, for its columns or files are others now"
    assert not [key for key in client.requests.table("club", "people").parameters if key.startswith("spark.")]


def test_what_others_wrote_stays_with_a_table(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    wanted = replace(people, format="parquet", options={})
    metastore.create_table("club", "people", definition=wanted)
    raw = client.requests.table("club", "people")
    spark = spark_parameters(
        '{"name":"id","type":"long","nullable":true,"metadata":{}}',
        '{"name":"Name","type":"string","nullable":true,"metadata":{}}',
        '{"name":"height","type":"double","nullable":true,"metadata":{}}',
    )
    raw.parameters |= {**spark, "team": "fruit", "numRows": "7"}
    bare(client, "alter_table", "club", "people", raw)
    assert metastore.get_table("club", "people").schema == people.schema
    metastore.create_table("club", "people", definition=replace(wanted, comment="New"), overwrite=True)
    kept = client.requests.table("club", "people").parameters
    assert {key: kept.get(key) for key in (*spark, "team", "numRows", "comment")} == {
        **spark,
        "team": "fruit",
        "numRows": "7",
        "comment": "New",
    }


def test_damaged_words_are_told(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    for key, said in (("spark.sql.sources.schema", "What Spark keeps with the table"), ("mason.table.0", "What Mason")):
        metastore.create_table("club", "people", definition=people)
        raw = client.requests.table("club", "people")
        raw.parameters[key] = '{"fields": [{'
        bare(client, "alter_table", "club", "people", raw)
        with pytest.raises(EngineError) as raised:
            metastore.get_table("club", "people")
        assert said in str(raised.value)
        bare(client, "drop_table", "club", "people", False)


def test_tables_of_transactions_are_hives(client: HiveClient, metastore: HiveMetastore, people: Table) -> None:
    metastore.create_table("club", "people", definition=replace(people, format="orc", options={}))
    raw = client.requests.table("club", "people")
    raw.tableType, raw.parameters = "MANAGED_TABLE", {}
    bare(client, "drop_table", "club", "people", False)
    bare(client, "create_table", raw)
    raw = client.requests.table("club", "people")
    raw.parameters["transactional"] = "TRUE"
    found = metastore.get_table("club", "people")
    assert found.format == "orc"
    from mason.clients.hive.registered_tables import registered
    from mason.clients.hive.thrift_tables import description

    assert registered(description(raw)).format == "hive-acid"
