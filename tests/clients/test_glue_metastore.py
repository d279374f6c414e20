"""Glue's catalog as metastore, on moto and on ministack: the conformance suite, and what is Glue's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mason.clients._glue_catalog.catalog_metastore import CatalogMetastore
from mason.clients._glue_catalog.table_inputs import input_of
from mason.clients.glue import GlueClient
from mason.engines.client import Client
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Location, Schema, Table
from mason.errors import AccessDeniedError, ConflictError, EngineError
from mason.testing import MetastoreSuite
from tests.clients.amazon import BUCKET, Account, emptied
from tests.state.faults import DENIED

PEOPLE = Table(
    "people",
    schema=Schema((Column("id", "BIGINT"), Column("name", "VARCHAR"), Column("height", "DOUBLE"))),
    location=Location(f"s3://{BUCKET}/club/people"),
    format="csv",
    options={"delimiter": ",", "header": True},
)


@pytest.fixture(params=["moto_catalog", "ministack"])
def account(request: pytest.FixtureRequest) -> Account:
    return emptied(request.getfixturevalue(request.param))


@pytest.fixture
def client(account: Account, aws: None, tmp_path: Path) -> Iterator[Client]:
    made = GlueClient(account.configuration, base=tmp_path)
    yield made
    made.close()


@pytest.fixture
def metastore(client: Client) -> Metastore:
    found = client.engine("metastore")
    assert isinstance(found, Metastore)
    return found


class TestMetastore(MetastoreSuite):
    @pytest.fixture
    def client(self, account: Account, aws: None, tmp_path: Path) -> Iterator[Client]:
        made = GlueClient(account.configuration, base=tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def table(self, client: Client) -> Table:
        metastore = client.engine("metastore")
        assert isinstance(metastore, Metastore)
        metastore.create_table("club", "people", definition=PEOPLE)
        return metastore.get_table("club", "people")


def registered(account: Account, name: str = "people") -> dict[str, Any]:
    found: dict[str, Any] = account.boto("glue").get_table(DatabaseName="club", Name=name)["Table"]
    return found


def test_a_table_is_registered_as_athena_reads_it(account: Account, metastore: Metastore) -> None:
    metastore.create_table("club", "People", definition=replace(PEOPLE, comment="Members"))
    found = registered(account)
    assert found["TableType"] == "EXTERNAL_TABLE"
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{6}", found["Parameters"].pop("mason.job"))
    assert found["Parameters"] == {"EXTERNAL": "TRUE", "classification": "csv", "skip.header.line.count": "1"}
    storage = found["StorageDescriptor"]
    assert storage["Columns"] == [
        {"Name": "id", "Type": "bigint"},
        {"Name": "name", "Type": "string"},
        {"Name": "height", "Type": "double"},
    ]
    assert storage["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
    }
    shown = metastore.get_table("CLUB", "People")
    assert (shown.name, shown.database, shown.comment, shown.format) == ("people", "club", "Members", "csv")
    assert shown.options == {"delimiter": ",", "header": True}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "xlsx"}, "has the format xlsx"),
        ({"options": {"decimal": ","}}, "with no option decimal"),
        ({"options": {"null": "NA"}}, "quote: ''"),
        ({"schema": None}, "has no columns"),
        ({"schema": Schema((Column("a", "TIME"), Column("A", "UUID")))}, "Columns a and A are one"),
        ({"schema": Schema((Column("a", "TIME"), Column("A", "UUID")))}, "declare it as VARCHAR"),
        ({"location": Location("s3://lake/*.csv")}, "no pattern"),
        ({"location": Location("file:///lake/a")}, "takes s3:// URLs"),
        ({"partition_columns": ("year",)}, "no column year"),
    ],
    ids=str,
)
def test_what_the_catalog_cannot_hold_is_refused(
    account: Account, metastore: Metastore, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(EngineError) as raised:
        metastore.create_table("club", "people", definition=replace(PEOPLE, **change))
    assert said in str(raised.value)
    assert account.boto("glue").get_databases()["DatabaseList"] == []


def test_names_that_the_service_would_refuse(metastore: Metastore) -> None:
    for name in ("", "n" * 256, "ä" * 128, "a/b", "a\nb"):
        with pytest.raises(EngineError):
            metastore.create_table("club", name, definition=PEOPLE)


PARTED = replace(
    PEOPLE,
    schema=Schema((Column("id", "BIGINT"), Column("year", "INTEGER"), Column("city", "VARCHAR"))),
    location=Location(f"s3://{BUCKET}/parted/"),
    format="parquet",
    options={},
    partition_columns=("year", "city"),
)


def test_partitions_are_found_by_their_folders(account: Account, metastore: Metastore) -> None:
    for place in ("year=2023/city=K%C3%B6ln", "year=2024/city=a b", "_temporary/0"):
        account.put(f"parted/{place}/1.parquet", b"x")
    account.put("parted/_SUCCESS", b"")
    metastore.create_table("club", "parted", definition=PARTED)
    assert [each.to_dict() for each in metastore.list_partitions("club", "parted")] == [
        {"values": {"year": "2023", "city": "Köln"}, "location": f"s3://{BUCKET}/parted/year=2023/city=K%C3%B6ln"},
        {"values": {"year": "2024", "city": "a b"}, "location": f"s3://{BUCKET}/parted/year=2024/city=a b"},
    ]
    assert metastore.get_table("club", "parted").partition_columns == ("year", "city")
    account.put("parted/year=2025/city=x/1.parquet", b"x")
    metastore.create_table("club", "parted", definition=PARTED, overwrite=True)
    assert [each.values["year"] for each in metastore.list_partitions("club", "parted")] == ["2023", "2024", "2025"]
    with pytest.raises(ConflictError) as raised:
        metastore.create_table("club", "parted", definition=replace(PARTED, partition_columns=()), overwrite=True)
    assert "is partitioned by year, city, and would be by nothing" in str(raised.value)


def test_folders_of_other_keys_are_a_conflict(account: Account, metastore: Metastore) -> None:
    account.put("parted/month=1/city=x/1.parquet", b"x")
    with pytest.raises(ConflictError) as raised:
        metastore.create_table("club", "parted", definition=PARTED)
    assert "should be a folder year=" in str(raised.value)


def test_ddl_says_all_that_is_registered(account: Account, metastore: Metastore) -> None:
    metastore.create_table("club", "parted", definition=replace(PARTED, comment="it's"))
    assert metastore.table_ddl("club", "parted") == (
        "CREATE EXTERNAL TABLE `club`.`parted` (\n"
        "  `id` bigint\n"
        ")\n"
        "COMMENT 'it\\'s'\n"
        "PARTITIONED BY (\n"
        "  `year` int,\n"
        "  `city` string\n"
        ")\n"
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'\n"
        "WITH SERDEPROPERTIES ('serialization.format' = '1')\n"
        "STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'\n"
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'\n"
        f"LOCATION 's3://{BUCKET}/parted/'\n"
        "TBLPROPERTIES ('classification' = 'parquet');"
    )


def test_views_are_made_as_athena_makes_them(account: Account, metastore: Metastore) -> None:
    metastore.create_table("club", "people", definition=PEOPLE)
    view = Table("tall", schema=PEOPLE.schema, kind="view", options={"sql": "SELECT * FROM people WHERE height > 1.7"})
    metastore.create_table("club", "tall", definition=view)
    shown = metastore.get_table("club", "tall")
    assert (shown.kind, shown.options, shown.location) == ("view", view.options, None)
    assert metastore.table_ddl("club", "tall") == (
        'CREATE VIEW "club"."tall" AS SELECT * FROM people WHERE height > 1.7;'
    )
    found = registered(account, "tall")
    assert (found["TableType"], found["ViewExpandedText"]) == ("VIRTUAL_VIEW", "/* Presto View */")
    assert [(each.name, each.kind) for each in metastore.list_tables("club")] == [("people", "table"), ("tall", "view")]


def test_what_another_changed_meanwhile_is_not_overwritten(ministack: Any, aws: None, tmp_path: Path) -> None:
    account = emptied(ministack)
    metastore = GlueClient(account.configuration, base=tmp_path).engine("metastore")
    assert isinstance(metastore, CatalogMetastore)
    metastore.create_table("club", "people", definition=PEOPLE)
    read = metastore.catalog.table("club", "people")
    metastore.create_table("club", "people", definition=replace(PEOPLE, comment="theirs"), overwrite=True)
    with pytest.raises(ConflictError) as raised:
        metastore.catalog.update_table("club", input_of(replace(PEOPLE, database="club")), read["VersionId"])
    assert "ConcurrentModificationException" in str(raised.value)
    assert metastore.get_table("club", "people").comment == "theirs"


def test_files_are_not_deleted_with_a_table(account: Account, metastore: Metastore) -> None:
    account.put("club/people/a.csv")
    metastore.create_table("club", "people", definition=PEOPLE)
    with pytest.raises(EngineError) as raised:
        metastore.delete_table("club", "people", delete_files=True)
    assert "storage.delete" in str(raised.value)
    assert metastore.get_table("club", "people").name == "people"
    metastore.delete_table("club", "people")
    assert account.keys("club/") == ["club/people/a.csv"]


def test_pages_are_followed(moto_catalog: Any, aws: None, tmp_path: Path) -> None:
    """moto gives a hundred databases a page, and as many tables."""
    account = emptied(moto_catalog)
    glue = account.boto("glue")
    glue.create_database(DatabaseInput={"Name": "many"})
    for number in range(101):
        glue.create_table(DatabaseName="many", TableInput={"Name": f"t{number:03}"})
    metastore = GlueClient(account.configuration, base=tmp_path).engine("metastore")
    assert isinstance(metastore, Metastore)
    assert len(metastore.list_tables("many")) == 101


def test_no_request_is_made_before_a_verb(aws: None, tmp_path: Path) -> None:
    made = GlueClient({"endpoint_url": "http://127.0.0.1:9", "aws_region": "eu-central-1"}, base=tmp_path)
    made.engine("metastore")
    made.close()


def test_who_may_not_is_told_what_would_allow_it(proxy: Any, tmp_path: Path) -> None:
    proxy.always("POST", "/", DENIED)
    account = Account(proxy.endpoint, "key")
    metastore = GlueClient(account.configuration, base=tmp_path).engine("metastore")
    assert isinstance(metastore, Metastore)
    with pytest.raises(AccessDeniedError) as raised:
        metastore.get_table("club", "people")
    assert '"Action": "glue:GetTable"' in str(raised.value)
    assert "arn:aws:glue:eu-central-1:*:table/club/people" in str(raised.value)
