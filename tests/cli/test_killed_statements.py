"""A process that is killed between the statements of one verb of Athena's: whoever resumes its run submits what is
missing, and each statement once.

On moto, whose queries succeed at once and write nothing: the table that the first statement would make is put there by
the test, and queries are told of several at once, which moto does not know. A proxy before it holds the process at the
moment at which it is killed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.cli.test_aws_configs import TABLE, put_project
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.test_athena import moto_results, queries
from tests.servers import S3Server
from tests.state.faults import CUT_BEFORE, PASS, Proxy, proxied
from tests.waiting import wait_for

NAMES = [f"n{number:03}" for number in range(250)]
GIVEN = f'{TABLE},output_path:"table://club/by_name",format:parquet,partition_columns:["name"]'


@pytest.fixture
def account(moto_catalog: S3Server, aws: None) -> Account:
    made = emptied(moto_catalog)
    boto = made.boto("glue")
    boto.create_database(DatabaseInput={"Name": "club", "LocationUri": f"s3://{BUCKET}/warehouse"})
    columns = [{"Name": name, "Type": kind} for name, kind in (("id", "int"), ("name", "string"))]
    storage = {"Columns": columns, "Location": f"s3://{BUCKET}/lake/club/people", "SerdeInfo": {}}
    described = {"Name": "people", "StorageDescriptor": storage, "Parameters": {"classification": "parquet"}}
    boto.create_table(DatabaseName="club", TableInput=described)
    made.put("lake/club/people/1.parquet", b"PAR1")
    return made


@pytest.fixture
def between(account: Account) -> Iterator[Proxy]:
    boto = account.boto("athena")

    def told(target: str, body: bytes) -> bytes | None:
        if not target.endswith(".BatchGetQueryExecution"):
            return None
        wanted = json.loads(body)["QueryExecutionIds"]
        found = [boto.get_query_execution(QueryExecutionId=each)["QueryExecution"] for each in wanted]
        return json.dumps({"QueryExecutions": found}, default=datetime.timestamp).encode()

    with proxied(account.endpoint) as made:
        made.made_up = told
        yield made


def texts(account: Account) -> list[str]:
    """The statements that were submitted, without the comments that Mason knows them by."""
    return [text.partition("\n-- mason")[0] for text in queries(account)]


def make_table(account: Account) -> None:
    """What Athena would have made by the first statement that was submitted."""
    (text,) = [each for each in texts(account) if each.startswith("CREATE TABLE")]
    name, place = (re.findall(form, text)[0] for form in (r'"club"\."(\w+)"', r"external_location = '([^']+)'"))
    boto = account.boto("glue")
    storage = {"Columns": [{"Name": "id", "Type": "int"}], "Location": place, "SerdeInfo": {}}
    keys = [{"Name": "name", "Type": "string"}]
    described = {"Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE"}}
    boto.create_table(DatabaseName="club", TableInput=described | {"StorageDescriptor": storage, "PartitionKeys": keys})
    for first in (0, 100, 200):
        several = [
            {"Values": [each], "StorageDescriptor": storage | {"Location": f"{place}name={each}"}}
            for each in NAMES[first : first + 100]
        ]
        boto.batch_create_partition(DatabaseName="club", TableName=name, PartitionInputList=several)


class Moment:
    """Where the process is held: before or after the service carries out the request for the statement of
    that number."""

    def __init__(self, between: Proxy, account: Account, number: int, *, after: bool) -> None:
        self._between = between
        self._account = account
        self._number = number
        self._after = after
        self._asked = 0
        self._made = False
        self.there, self.go_on = Event(), Event()
        between.plan, between.carried = self._plan, self._carried

    def let_go(self) -> None:
        """From now on nobody is held."""
        self._number = 0
        self.go_on.set()

    def _is_start(self) -> bool:
        return self._between.targets[-1][2].endswith(".StartQueryExecution")

    def _plan(self, method: str, path: str) -> str:
        self._asked += self._is_start()
        return self._hold() if self._is_start() and not self._after and self._asked == self._number else PASS

    def _carried(self, method: str, path: str) -> None:
        if self._is_start():
            if not self._made and any(each.startswith("CREATE TABLE") for each in texts(self._account)):
                self._made = True
                make_table(self._account)
            if self._after and self._asked == self._number:
                self._hold()

    def _hold(self) -> str:
        self.there.set()
        assert self.go_on.wait(120)
        return CUT_BEFORE


@pytest.mark.slow
@pytest.mark.parametrize("when", ["after 2", "before 4", "after 4", "after 5"])
def test_each_statement_is_submitted_once(
    account: Account, between: Proxy, mason: Any, folder: Path, when: str
) -> None:
    """The first asks for the values, the second makes the table, and the others insert a hundred partitions each."""
    put_project(folder, between.endpoint)
    assert mason("apply", "-y").code == 0
    moto_results(account, ("name",), *((each,) for each in NAMES))
    side, number = when.split()
    moment = Moment(between, account, int(number), after=side == "after")
    process = subprocess.Popen(
        [sys.executable, "-m", "mason", "run", "operator", "table", "format", "-y", "-c", "1", "-p", GIVEN],
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(lambda: moment.there.is_set() or process.poll() is not None)
        assert process.poll() is None, process.stdout and process.stdout.read()
    finally:
        process.kill()
        process.communicate()
        moment.let_go()
    assert len(texts(account)) == int(number) - (side == "before")
    # As another day's query would answer.
    moto_results(account, ("name",), ("other",))
    resumed = mason("runs", "resume", "last", "-y", "--json")
    assert resumed.code == 0, resumed.err + resumed.out
    submitted = texts(account)
    inserting = [each for each in submitted if each.startswith("INSERT")]
    first, *others = [each for each in submitted if each not in inserting]
    assert first.startswith("SELECT DISTINCT")
    assert [each[:12] for each in others] == ["CREATE TABLE"]
    assert others[0].endswith("WITH NO DATA")
    found = [re.findall(r"'(n\d{3})'", text) for text in inserting]
    assert sorted(len(each) for each in found) == [50, 100, 100]
    assert sorted(name for each in found for name in each) == NAMES
    listed = account.boto("glue").get_tables(DatabaseName="club")["TableList"]
    assert sorted(each["Name"] for each in listed) == ["by_name", "people"]
    assert json.loads(resumed.out.splitlines()[-1])["status"] == "succeeded"
