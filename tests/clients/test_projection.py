"""Partition projection: when a table gets it, and that what Mason tells of such a table is what Athena reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from mason.clients._glue_catalog.projection import projection_of
from mason.clients.athena import AthenaClient
from mason.engines.metastore import Metastore
from mason.engines.models import Column, Location, Schema, Table
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.test_athena import client_of, execution_of
from tests.servers import S3Server

TODAY = date(2026, 11, 29)
PLACE = f"s3://{BUCKET}/events"


def described(**keys: str) -> dict[str, Any]:
    return {
        "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in keys.items()],
        "StorageDescriptor": {"Location": PLACE},
    }


def partition(path: str) -> dict[str, Any]:
    values = [part.partition("=")[2] for part in path.split("/")]
    return {"Values": values, "StorageDescriptor": {"Location": f"{PLACE}/{path}"}}


def days(count: int, last: date = TODAY, ending: str = "") -> list[dict[str, Any]]:
    return [partition(f"day={last - timedelta(days=back)}{ending}") for back in range(count)]


def test_days_are_worked_out_up_to_now() -> None:
    assert projection_of(described(day="date"), days(3), TODAY) == {
        "projection.enabled": "true",
        "storage.location.template": f"{PLACE}/day=${{day}}",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "2026-11-27,NOW",
        "projection.day.interval": "1",
        "projection.day.interval.unit": "DAYS",
    }
    ahead = projection_of(described(day="date"), days(3, TODAY + timedelta(days=1)), TODAY)
    assert ahead["projection.day.range"] == "2026-11-28,2026-11-30"


def test_numbers_and_words_beside_days() -> None:
    found = [
        partition(f"Day=2026-11-{day}/hour={hour}/region={region}")
        for day in (28, 29)
        for hour in range(4)
        for region in ("eu", "us")
    ]
    told = projection_of(described(day="date", hour="bigint", region="string"), found, TODAY)
    assert told["storage.location.template"] == f"{PLACE}/Day=${{day}}/hour=${{hour}}/region=${{region}}"
    assert (told["projection.hour.type"], told["projection.hour.range"]) == ("integer", "0,3")
    assert (told["projection.region.type"], told["projection.region.values"]) == ("enum", "eu,us")


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        pytest.param({"day": "date"}, [], id="no partitions"),
        pytest.param({"day": "date"}, days(3, TODAY - timedelta(days=30)), id="an end long ago"),
        pytest.param({"day": "date"}, [partition("day=2026-11-29"), partition("day=2026-01-01")], id="gaps"),
        pytest.param({"day": "date"}, [partition("day=__HIVE_DEFAULT_PARTITION__")], id="NULL"),
        pytest.param({"day": "date"}, [partition("day=20261129")], id="another form"),
        pytest.param({"year": "bigint"}, [partition("year=2025"), partition("year=2026")], id="no date"),
        pytest.param(
            {"day": "date", "n": "bigint"}, [partition("day=2026-11-29/n=1"), partition("day=2026-11-29/n=9")]
        ),
        pytest.param({"day": "date", "n": "bigint"}, [partition("day=2026-11-29/n=-1")], id="negative"),
        pytest.param({"day": "date", "n": "string"}, [partition("day=2026-11-29/n=a,b")], id="a comma"),
        pytest.param({"day": "date", "n": "double"}, [partition("day=2026-11-29/n=1.5")], id="another type"),
    ],
)
def test_what_does_not_fit(keys: dict[str, str], found: list[dict[str, Any]]) -> None:
    assert projection_of(described(**keys), found, TODAY) == {}


def test_a_value_that_is_escaped_in_its_folder_does_not_fit() -> None:
    escaped = {"Values": ["2026-11-29", "a b"], "StorageDescriptor": {"Location": f"{PLACE}/day=2026-11-29/n=a%20b"}}
    assert projection_of(described(day="date", n="string"), [escaped], TODAY) == {}


EVENTS = Table(
    "events",
    schema=Schema((Column("id", "BIGINT"), Column("day", "DATE"))),
    location=Location(PLACE),
    format="parquet",
    partition_columns=("day",),
)


@pytest.fixture
def account(moto_catalog: S3Server, aws: None) -> Account:
    made = emptied(moto_catalog)
    for back in range(3):
        put_day(made, back)
    return made


def put_day(account: Account, back: int) -> None:
    day = datetime.now(timezone.utc).date() - timedelta(days=back)
    account.put(f"events/day={day}/1.parquet", b"12345")


def metastore_of(client: AthenaClient) -> Metastore:
    found = client.engine("metastore")
    assert isinstance(found, Metastore)
    return found


def parameters(account: Account) -> dict[str, str]:
    found = account.boto("glue").get_table(DatabaseName="club", Name="events")["Table"]["Parameters"]
    return {name: value for name, value in found.items() if "projection" in name or "template" in name}


def test_a_table_by_days_is_projected_and_told_so(account: Account, tmp_path: Path) -> None:
    client = client_of(account, tmp_path)
    metastore = metastore_of(client)
    job = metastore.create_table("club", "events", definition=EVENTS)
    assert job.logs == (
        "Athena works out the partitions of club.events from the table's parameters (partition projection): new days "
        "up to today need no registration, other new values do. partition_projection: false in the configuration "
        "switches it off.",
    )
    assert parameters(account)["storage.location.template"] == f"{PLACE}/day=${{day}}"
    assert "'projection.enabled' = 'true'" in metastore.table_ddl("club", "events")
    assert len(account.boto("glue").get_partitions(DatabaseName="club", TableName="events")["Partitions"]) == 3


def test_what_would_be_registered_is_told_before(account: Account, tmp_path: Path) -> None:
    metastore = metastore_of(client_of(account, tmp_path))
    found = metastore.plan_table("club", "events", definition=EVENTS)
    oldest = datetime.now(timezone.utc).date() - timedelta(days=2)
    assert found.rows == [
        ("location", PLACE),
        ("columns", "id bigint, day date"),
        ("partitioned by", "day"),
        ("partitions", "3"),
        ("projection.day.format", "yyyy-MM-dd"),
        ("projection.day.interval", "1"),
        ("projection.day.interval.unit", "DAYS"),
        ("projection.day.range", f"{oldest},NOW"),
        ("projection.day.type", "date"),
        ("projection.enabled", "true"),
        ("storage.location.template", f"{PLACE}/day=${{day}}"),
    ]
    whole = replace(EVENTS, partition_columns=())
    assert metastore.plan_table("club", "events", definition=whole).rows == found.rows[:2]
    assert account.boto("glue").get_databases()["DatabaseList"] == []


def test_what_came_since_is_listed_and_counted(account: Account, tmp_path: Path) -> None:
    """Athena reads it, though nobody registered it."""
    client = client_of(account, tmp_path)
    metastore = metastore_of(client)
    metastore.create_table("club", "events", definition=EVENTS)
    # Days came out of order.
    late = datetime.now(timezone.utc).date() - timedelta(days=1)
    account.boto("glue").delete_partition(DatabaseName="club", TableName="events", PartitionValues=[f"{late}"])
    assert [each.values["day"] for each in metastore.list_partitions("club", "events")] == sorted(
        f"{datetime.now(timezone.utc).date() - timedelta(days=back)}" for back in range(3)
    )
    table = metastore.get_table("club", "events")
    execution = execution_of(client)
    asked = {"sql": "SELECT * FROM $table", "table": table}
    assert execution.estimate("query", asked) == {"bytes_scanned": 15}
    asked["sql"] = f"SELECT * FROM $table WHERE day = DATE '{late}'"
    assert execution.estimate("query", asked) == {"bytes_scanned": 5}


def test_a_layout_of_others_costs_what_all_of_it_would(account: Account, tmp_path: Path) -> None:
    client = client_of(account, tmp_path)
    storage = {"Columns": [{"Name": "id", "Type": "bigint"}], "Location": PLACE, "SerdeInfo": {}}
    account.boto("glue").create_database(DatabaseInput={"Name": "club"})
    account.boto("glue").create_table(
        DatabaseName="club",
        TableInput={
            "Name": "events",
            "Parameters": {"projection.enabled": "TRUE", "storage.location.template": f"{PLACE}/${{day}}"},
            "StorageDescriptor": storage,
            "PartitionKeys": [{"Name": "day", "Type": "date"}],
        },
    )
    metastore = metastore_of(client)
    assert metastore.list_partitions("club", "events") == []
    asked = {
        "sql": "SELECT * FROM $table WHERE day = DATE '2026-01-01'",
        "table": metastore.get_table("club", "events"),
    }
    assert execution_of(client).estimate("query", asked) == {"bytes_scanned": 15}


def test_projection_is_switched_off(account: Account, tmp_path: Path) -> None:
    metastore = metastore_of(client_of(account, tmp_path, partition_projection=False))
    job = metastore.create_table("club", "events", definition=EVENTS)
    assert job.logs == ()
    assert parameters(account) == {}


def test_a_table_whose_keys_are_no_days_is_registered_as_before(account: Account, tmp_path: Path) -> None:
    metastore = metastore_of(client_of(account, tmp_path))
    account.put("years/year=2025/1.parquet", b"1")
    years = replace(
        EVENTS,
        schema=Schema((Column("id", "BIGINT"), Column("year", "BIGINT"))),
        location=Location(f"s3://{BUCKET}/years"),
        partition_columns=("year",),
    )
    assert metastore.create_table("club", "events", definition=years).logs == ()
    assert parameters(account) == {}
