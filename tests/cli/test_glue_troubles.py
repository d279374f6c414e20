"""What a person is told when Glue and Athena do not answer as hoped for, on ministack with a proxy before it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.cli.test_aws_configs import INFER, TABLE, account, between, put_project, submitted
from tests.clients.amazon import Account
from tests.state.faults import EXPIRED, PASS, THROTTLED, Proxy

__all__ = ["account", "between"]


@pytest.fixture
def run(between: Proxy, mason: Any, folder: Any) -> Any:
    """Runs an operator of ``table`` with Glue and Athena, over a table that is registered."""
    put_project(folder, between.endpoint)
    assert mason("apply", "-y").code == 0

    def call(command: str, pairs: str, *more: str) -> Any:
        done = mason("run", "operator", "table", command, "-c", "1", "-p", pairs, "-y", *more)
        assert "Traceback" not in done.err
        return done

    assert call("infer", INFER).code == 0
    return call


def last(text: str) -> str:
    """The line that is printed last."""
    return text.rstrip().splitlines()[-1]


def test_a_table_that_is_dropped_while_it_is_queried(account: Account, between: Proxy, run: Any) -> None:
    """Mason looked at it, and by the time that Athena is asked it is gone."""

    def plan(method: str, path: str) -> str:
        if between.targets[-1][2].endswith(".StartQueryExecution"):
            account.boto("glue").delete_table(DatabaseName="club", Name="people")
        return PASS

    between.plan = plan
    done = run("query", f'{TABLE},query_string:"SELECT count(*) AS n FROM $table"')
    assert done.code == 1
    (told,) = [line for line in done.err.splitlines() if "Athena did not answer the query" in line]
    assert told.startswith("Error: ")
    assert "people" in told
    assert len(submitted(account)) == 1
    between.plan = lambda method, path: PASS
    done = run("query", f'{TABLE},query_string:"SELECT count(*) AS n FROM $table"')
    assert last(done.err).startswith("Error: Table people not found in database club")


@pytest.mark.slow
def test_a_storm_passes_and_one_that_does_not_is_told(between: Proxy, run: Any) -> None:
    between.fail_operation("GetTable", THROTTLED, THROTTLED, THROTTLED)
    done = run("get", TABLE)
    assert done.code == 0, done.err
    between.plan = lambda method, path: THROTTLED if between.targets[-1][2].endswith(".GetTable") else PASS
    done = run("get", TABLE)
    assert done.code == 1
    assert last(done.err) == (
        "Error: Client glue cannot get table club.people: the service has too much to do "
        "(ThrottlingException: As planned). Try again later."
    )


class Pages:
    """Three pages of tables, each of which takes a while; neither ministack nor moto makes pages of them."""

    def __init__(self, between: Proxy) -> None:
        self.asked: list[str] = []
        between.made_up = self._answer

    def _answer(self, target: str, body: bytes) -> bytes | None:
        if not target.endswith(".GetTables"):
            return None
        token = json.loads(body).get("NextToken", "0")
        self.asked.append(token)
        time.sleep(0.2)
        number = int(token)
        names = [f"t{number}{letter}" for letter in "ab"]
        more = {"NextToken": str(number + 1)} if number < 2 else {}
        return json.dumps({"TableList": [{"Name": each, "DatabaseName": "club"} for each in names], **more}).encode()


def test_pages_that_come_slowly_are_all_listed(between: Proxy, run: Any) -> None:
    pages = Pages(between)
    done = run("list", "database_name:club", "--json")
    assert done.code == 0, done.err
    assert [each["name"] for each in done.json["Data"]] == ["t0a", "t0b", "t1a", "t1b", "t2a", "t2b"]
    assert pages.asked == ["0", "1", "2"]


def test_credentials_that_run_out_between_pages_list_nothing(between: Proxy, run: Any) -> None:
    pages = Pages(between)
    between.plan = lambda method, path: EXPIRED if len(pages.asked) == 2 else PASS
    done = run("list", "database_name:club")
    assert (done.code, "Data" in done.out) == (1, False)
    assert "the credentials have run out (ExpiredToken: As planned)" in last(done.err)
    assert pages.asked == ["0", "1"]
