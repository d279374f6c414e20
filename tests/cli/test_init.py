"""The scaffold: what it writes, that it plans and applies at once, and that it destroys nothing."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
import yaml

from tests.servers import BUCKET


def test_a_new_project_plans_and_applies_at_once(mason, folder):
    made = mason("init")
    assert made.code == 0
    assert made.out.startswith("Made 40 files in .:\n")
    assert mason("plan").out.endswith("Plan: 19 to create, 0 to overwrite, 0 to delete, 0 to run.\n")
    assert mason("apply", "-y").out.endswith("Apply complete: 19 created, 0 overwritten, 0 deleted, 0 run.\n")
    assert mason("plan").out == "No changes.\n"


def test_the_files_point_editors_at_schemas_that_they_fit(mason, folder):
    mason("init")
    for file in [*folder.glob("operators/**/*.yaml"), *folder.glob("configs/*.yaml")]:
        first = file.read_text().splitlines()[0]
        prefix = "# yaml-language-server: $schema="
        assert first.startswith(prefix), file
        schema = json.loads((file.parent / first.removeprefix(prefix)).read_text())
        assert list(jsonschema_rs.validator_for(schema).iter_errors(yaml.safe_load(file.read_text()))) == []


def test_what_is_there_is_not_overwritten(mason, folder):
    (folder / "mason.yaml").write_text("mine\n")
    (folder / "configs").mkdir()
    (folder / "configs" / "local.yaml").write_text("mine\n")
    result = mason("init")
    assert result.code == 1
    assert result.err == (
        "Error: These exist already, and nothing was written: configs/local.yaml, mason.yaml. "
        "This is a project already: see what it holds with mason plan. For a new one choose another folder: "
        "mason init DIR\n"
    )
    assert sorted(file.name for file in folder.rglob("*") if file.is_file()) == ["local.yaml", "mason.yaml"]


def test_half_a_scaffold_is_told_how_to_go_on(mason, folder):
    (folder / "configs").mkdir()
    (folder / "configs" / "local.yaml").write_text("mine\n")
    result = mason("init")
    assert result.code == 1
    assert result.err == (
        "Error: These exist already, and nothing was written: configs/local.yaml. "
        "To make a project of what is there, write a mason.yaml with a line such as: name: project. "
        "If it is left over from a mason init that failed, remove it and try again. "
        "For a new one choose another folder: mason init DIR\n"
    )
    assert not (folder / "mason.yaml").exists()


def test_a_gitignore_is_added_to(mason, folder):
    (folder / ".gitignore").write_bytes(b"*.pyc\n.env\n\xff\xfe")
    made = mason("init")
    assert made.code == 0
    assert made.out.startswith("Made 39 files in .:\n")
    assert "\nAdded to .gitignore: .mason/state/, warehouse/, *.plan\n" in made.out
    kept = b"*.pyc\n.env\n\xff\xfe\n.mason/state/\nwarehouse/\n*.plan\n"
    assert (folder / ".gitignore").read_bytes() == kept


def test_a_new_gitignore_is_a_file_like_the_others(mason, folder):
    assert "Added to" not in mason("init").out
    assert (folder / ".gitignore").read_text() == ".mason/state/\nwarehouse/\n.env\n*.plan\n"


def test_the_way_into_the_folder_can_be_pasted(mason, folder):
    assert "\n  cd 'my flights'\n" in mason("init", "my flights").out
    assert "cd " not in mason("init").out


def test_the_project_is_named_after_its_folder(mason, folder):
    mason("init", "my flights (2013)")
    text = (folder / "my flights (2013)" / "mason.yaml").read_text()
    assert yaml.safe_load(text) == {"name": "my-flights-2013", "state": ".mason/state"}


def test_a_folder_that_cannot_be_made_is_named(mason, folder):
    (folder / "file").write_text("")
    assert mason("init", "file/x").err == "Error: file/x/configs: cannot be written (Not a directory).\n"


def test_the_published_schemas(mason, folder):
    for kind in ("config", "operator", "workflow"):
        document = mason("schema", kind).json
        assert document["properties"]["type"]["const"] == kind
        jsonschema_rs.validator_for(document)
    # A name means the client that is called so, unless it is given another type.
    local = mason("schema", "config").json["properties"]["clients"]["properties"]["local"]
    assert local["if"] == {"properties": {"type": {"enum": ["local", None]}}}
    assert "warehouse" in local["then"]["properties"]["configuration"]["properties"]
    assert mason("schema", "operatr").code == 1


def test_the_state_is_written_into_the_project_file(mason, folder):
    """A folder is told from the project, as people find it there, and is ignored by git where it lies within."""
    for name, url, told, ignored in (
        ("a", "a/st", "st", "st/"),
        ("b", f"file://{folder}/b/deep/st", "deep/st", "deep/st/"),
        ("c", "shared", str(folder / "shared"), ".mason/state/"),
    ):
        assert mason("init", name, "--state", url).code == 0
        assert (folder / name / "mason.yaml").read_text().endswith(f'\nstate: "{told}"\n')
        assert (folder / name / ".gitignore").read_text() == f"{ignored}\nwarehouse/\n.env\n*.plan\n"
    assert mason("--state", "shared", "init", "d").code == 0
    assert (folder / "d" / "mason.yaml").read_text().endswith(f'\nstate: "{folder}/shared"\n')


def test_a_state_that_a_team_has_already_is_told(mason, folder, monkeypatch):
    mason("init", "a", "--state", "shared")
    monkeypatch.chdir(folder / "a")
    assert mason("apply", "-y").code == 0
    count = len(mason("state", "list", "--json").json["resources"])
    monkeypatch.chdir(folder)
    made = mason("init", "b", "--state", "shared")
    assert f"\nThe state at shared holds {count} resources already (serial 1).\n" in made.out


def test_a_place_that_cannot_be_written_is_refused_before_anything_is(mason, folder):
    (folder / "file").write_text("mine\n")
    refused = mason("init", "a", "--state", "file/st")
    assert (refused.code, refused.out, (folder / "a").exists()) == (1, "", False)
    assert refused.err.startswith(f"Error: Cannot lock {folder}/file/st/lock: ")
    unknown = mason("init", "a", "--state", "gopher://hole")
    assert unknown.err == "Error: No state store is known for gopher://. Known: file://, memory://, s3://.\n"
    passing = mason("init", "a", "--state", "memory://team")
    assert passing.err == (
        "Error: A state at memory:// lasts as long as its process, so nothing can be kept there. Name a folder, or "
        "s3://bucket/prefix.\n"
    )
    assert not (folder / "a").exists()


@pytest.mark.xdist_group("moto")
def test_a_bucket_is_written_into_the_project_file(mason, folder, moto, prefix, aws):
    url = moto.url(BUCKET, prefix)
    assert mason("init", "a", "--state", url).code == 0
    assert (folder / "a" / "mason.yaml").read_text().endswith(f'\nstate: "{url}"\n')
    missing = mason("init", "b", "--state", moto.url("no-such-bucket", prefix))
    assert (missing.code, (folder / "b").exists()) == (1, False)
    assert "there is no bucket no-such-bucket" in missing.err


@pytest.mark.xdist_group("careless")
def test_a_bucket_that_loses_writes_is_refused(mason, folder, careless, prefix, aws):
    refused = mason("init", "a", "--state", careless.url(BUCKET, prefix))
    assert (refused.code, (folder / "a").exists()) == (1, False)
    assert "does not honour conditional writes" in refused.err
