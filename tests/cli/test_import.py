"""``mason import``: a team begins from the tables that its catalog has."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.cli.test_aws_configs import INFER, put_project
from tests.clients.amazon import Account, emptied
from tests.servers import S3Server


@pytest.fixture
def account(ministack: S3Server, aws: None, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = emptied(ministack)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made.key)
    made.put("lake/club/people/1.csv")
    return made


def test_tables_become_operators_that_register_them(account: Account, mason: Any, folder: Any) -> None:
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    assert mason("run", "operator", "table", "infer", "-y", "-c", "1", "-p", INFER).code == 0
    glue = account.boto("glue")
    before = glue.get_table(DatabaseName="club", Name="people")["Table"]
    glue.create_table(DatabaseName="club", TableInput={"Name": "nowhere"})
    comment = {"Name": "a", "Type": "int", "Comment": "as {{this}}"}
    storage = {"Columns": [comment], "Location": "s3://lake/x"}
    glue.create_table(DatabaseName="club", TableInput={"Name": "odd", "StorageDescriptor": storage})
    shown = mason("import", "glue", "club", "-c", "1", answer="no\n")
    assert shown.code == 1
    assert not (folder / "imported").exists()
    assert "table nowhere is left out: it has no location" in shown.err
    assert "table odd is left out: its definition holds {{...}}" in shown.err
    (document,) = yaml.safe_load_all(shown.out)
    assert (document["namespace"], document["command"]) == ("club", "people")
    told = mason("import", "glue", "club", "-c", "1", "--json")
    file = folder / "imported" / "club.yaml"
    assert (told.code, told.err, file.exists()) == (0, "", False)
    assert {key: value for key, value in told.json.items() if key != "notes"} == {
        "format_version": "1.0",
        "file": str(file),
        "documents": [document],
        "written": False,
    }
    assert [note.partition(":")[0] for note in told.json["notes"]] == [
        "table nowhere is left out",
        "table odd is left out",
    ]
    done = mason("import", "glue", "club", "-c", "1", answer="yes\n")
    assert done.code == 0, done.err
    assert list(yaml.safe_load_all((folder / "imported" / "club.yaml").read_text())) == [document]
    assert "Wrote 1 operator to" in done.err
    assert mason("import", "glue", "club", "-c", "1", "-y").code == 1
    again = mason("import", "glue", "club", "-c", "1", "-y", "--json")
    assert (again.code, again.json["error"]) == (1, "ConflictError")
    file.unlink()
    assert mason("import", "glue", "club", "-c", "1", "-y", "--json").json["written"] is True
    assert list(yaml.safe_load_all(file.read_text())) == [document]

    assert mason("apply", "-y").code == 0
    assert glue.get_table(DatabaseName="club", Name="people")["Table"] == before
    run = ("run", "operator", "club", "people", "-y", "-c", "1")
    assert "is registered already" in mason(*run).err
    assert mason(*run, "-p", "database_name:stage").code == 0
    copied = glue.get_table(DatabaseName="stage", Name="people")["Table"]
    # Each registration is a job of its own.
    assert copied["Parameters"].pop("mason.job") != before["Parameters"].pop("mason.job")
    for name in ("StorageDescriptor", "PartitionKeys", "Parameters", "TableType"):
        assert json.dumps(copied[name], sort_keys=True) == json.dumps(before[name], sort_keys=True)


def test_what_is_no_metastore_is_told(account: Account, mason: Any, folder: Any) -> None:
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    assert "Config 3 has no metastore glue (it has: athena)" in mason("import", "glue", "club", "-c", "3").err
    assert "Database clubb not found" in mason("import", "athena", "clubb", "-c", "3").err
