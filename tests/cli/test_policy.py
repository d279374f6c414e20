"""The policy that is printed is held against the requests that are made: none is missing, and few are too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.cli.test_aws_configs import EXPORT, INFER, TABLE, put_project
from tests.cli.test_glue_schedules import CRAWL, REFRESH, WORKFLOW
from tests.clients.amazon import BUCKET, Account, emptied
from tests.clients.played_athena import played
from tests.clients.test_athena_merge import ROWS, put_parquet
from tests.clients.test_glue_triggers import put_table
from tests.servers import S3Server
from tests.state.faults import Proxy, proxied

SERVICES = {"AWSGlue": "glue", "AmazonAthena": "athena"}


@pytest.fixture
def account(ministack: S3Server, aws: None, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = emptied(ministack)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made.key)
    made.put("lake/club/people/1.csv")
    return made


@pytest.fixture
def between(account: Account) -> Iterator[Proxy]:
    with proxied(account.endpoint) as made:
        yield made


def action_of(method: str, path: str, target: str) -> tuple[str, str]:
    """What IAM calls a request, and the ARN of what it is about (empty where the request does not tell)."""
    if target:
        service, _, operation = target.partition(".")
        return f"{SERVICES[service]}:{operation}", ""
    place, asked = unquote(urlsplit(path).path).strip("/"), parse_qs(urlsplit(path).query, keep_blank_values=True)
    bucket, _, key = place.partition("/")
    if method == "POST" and "delete" in asked:
        return "s3:DeleteObject", ""
    if not key:
        return "s3:ListBucket", f"arn:aws:s3:::{bucket}"
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}[method]
    return f"s3:{verb}Object", f"arn:aws:s3:::{bucket}/{key}"


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    return any(
        action in each["Action"] and (not resource or any(fnmatchcase(resource, arn) for arn in each["Resource"]))
        for each in policy["Statement"]
    )


SELECT = 'query_string:"SELECT name FROM $table"'
OPERATORS = {
    "table infer": INFER,
    "table get": TABLE,
    "table list": "database_name:club",
    "database list": "",
    "club count": "rows:10,output_path:out/n.csv",
    "table query": f"{TABLE},{SELECT}",
    "table summarize": f'{TABLE},columns:["id","name"]',
    "table fake": f"{TABLE},size:5,output_path:made/people.csv",
    "table merge": "database_name:club,table_name:drifted,output_path:out/merged.csv",
    "table delete": TABLE,
}


def unallowed(mason: Any, between: Proxy, operator: str, pairs: str) -> set[tuple[str, str]]:
    """The requests that an operator makes with config 1, without those that its policy allows."""
    given = ("-c", "1", *(("-p", pairs) if pairs else ()))
    policy = mason("policy", "operator", *operator.split(), *given).json
    between.targets.clear()
    ended = mason("run", "operator", *operator.split(), "-y", *given, "--json")
    assert ended.code == 0, f"{operator}: {ended.err}"
    asked = {action_of(*each) for each in between.targets}
    assert asked, operator
    return {each for each in asked if not allows(policy, *each)}


@pytest.mark.slow
def test_no_request_is_made_that_the_policy_does_not_allow(
    account: Account, between: Proxy, mason: Any, folder: Path, tmp_path: Path
) -> None:
    put_project(folder, between.endpoint)
    assert mason("apply", "-y").code == 0
    put_parquet(account, tmp_path, ROWS, below="lake/club/drifted/", name="drifted")
    found = {operator: unallowed(mason, between, operator, pairs) for operator, pairs in OPERATORS.items()}
    assert {operator: requests for operator, requests in found.items() if requests} == {}


def test_who_asks_for_a_job_may_publish_it(account: Account, between: Proxy, mason: Any, folder: Path) -> None:
    """The run was not waited for, so that the files are still beside the results."""
    put_project(folder, between.endpoint)
    (folder / "count.yaml").write_text(EXPORT.replace("do:\n  - ", "do:\n  - wait: false\n    "))
    assert mason("apply", "-y").code == 0
    begun = mason("run", "operator", "club", "count", "-y", "-c", "1", "-p", "rows:3,output_path:out/n.csv", "--json")
    assert begun.code == 0, begun.err
    job_id = begun.json["Data"][0]["job_id"]
    found = unallowed(mason, between, "job get", f"job_id:{job_id}")
    assert found == set()


def test_a_table_as_output_is_allowed(
    moto_catalog: S3Server, aws: None, mason: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = emptied(moto_catalog)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.key)
    account.put("lake/club/people/1.csv")
    with played(account) as between:
        put_project(folder, between.endpoint)
        assert mason("apply", "-y").code == 0
        assert mason("run", "operator", "table", "infer", "-y", "-c", "1", "-p", INFER).code == 0
        pairs = f"{TABLE},{SELECT},output_path:table://club/names,format:parquet"
        assert unallowed(mason, between, "table query", pairs) == set()
    listed = account.boto("glue").get_tables(DatabaseName="club")["TableList"]
    assert sorted(each["Name"] for each in listed) == ["names", "people"]


def test_schedules_are_allowed_as_they_are_kept(account: Account, between: Proxy, mason: Any, folder: Path) -> None:
    """Crawlers and triggers are made by ``mason apply``, by what the policy of the config allows."""
    put_project(folder, between.endpoint)
    assert mason("apply", "-y").code == 0
    boto = account.boto("glue")
    boto.create_database(DatabaseInput={"Name": "club"})
    put_table(boto, "people", {"UPDATED_BY_CRAWLER": "nightly"})
    policy = mason("policy", "config", "1").json
    between.targets.clear()
    (folder / "crawl.yaml").write_text(CRAWL)
    assert mason("apply", "-y").code == 0
    (folder / "refresh.yaml").write_text(f"{WORKFLOW}---\n{REFRESH}")
    assert mason("apply", "-y").code == 0
    (folder / "refresh.yaml").write_text(f"{WORKFLOW}---\n{REFRESH}enabled: false\n")
    assert mason("apply", "-y", "-o").code == 0
    asked = {action_of(*each) for each in between.targets}
    assert {"glue:CreateCrawler", "glue:CreateTrigger"} <= {action for action, _ in asked}
    assert {each for each in asked if not allows(policy, *each)} == set()
    for command in ("trigger", "delete"):
        assert unallowed(mason, between, f"schedule {command}", "schedule_name:nightly") == set()


def test_a_policy_names_the_table(account: Account, mason: Any, folder: Path) -> None:
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    assert mason("policy", "operator", "table", "get", "-c", "1", "-p", f"{TABLE},output_path:").json == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"],
                "Resource": [
                    "arn:aws:glue:eu-central-1:*:catalog",
                    "arn:aws:glue:eu-central-1:*:database/club",
                    "arn:aws:glue:eu-central-1:*:table/club/people",
                ],
            }
        ],
    }
    inferred = mason("policy", "operator", "table", "infer", "-c", "1", "-p", f"{INFER},overwrite:false").json
    objects = [each for each in inferred["Statement"] if "s3:GetObject" in each["Action"]]
    assert objects == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [
                f"arn:aws:s3:::{BUCKET}/lake/club/people",
                f"arn:aws:s3:::{BUCKET}/lake/club/people/*",
            ],
        }
    ]
    assert "glue:UpdateTable" not in str(inferred)


def test_policies_of_all_kinds(account: Account, mason: Any, folder: Path) -> None:
    put_project(folder, account.endpoint)
    (folder / "run.yaml").write_text(
        "{type: run, name: members, operator: 'table:list', config_id: '1', parameters: {database_name: club}}"
    )
    mason("apply", "-y")
    of_run = mason("policy", "run", "members").json
    assert "arn:aws:glue:eu-central-1:*:database/club" in str(of_run)
    assert "glue:CreateTable" not in str(of_run)
    of_config = mason("policy", "config", "3").json
    assert {"athena:StartQueryExecution", "glue:CreateTable", "s3:PutObject"} <= set(
        re.findall(r"\w+:\w+", str(of_config))
    )
    assert "glue:StartCrawler" not in str(of_config)
    assert "glue:StartCrawler" in str(mason("policy", "config", "1").json)
    of_workflow = mason("policy", "workflow", "table", "infer", "-c", "1").json
    assert "glue:CreateTable" in str(of_workflow)
    python = mason("policy", "operator", "table", "refresh", "-c", "1")
    assert "is written in Python" in python.err
    told = mason("policy", "operator", "table", "refresh", "-c", "1", "--json")
    assert (told.err, told.json["format_version"], told.json["policy"]) == ("", "1.0", python.json)
    assert f"Note: {told.json['notes'][0]}.\n" in python.err
    for wrong in (("operator", "table"), ("run",), ("config", "1", "2")):
        assert "Name it: mason policy" in mason("policy", *wrong).err
