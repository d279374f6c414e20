"""Python that comes with a plan or a state: what a reviewer is told of it, and which names it can have."""

from __future__ import annotations

import hashlib
import json

import pytest

from mason.resources.resource import digest_of

CODE = "import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n        return 1\n"
SIZE = f"({len(CODE)} bytes, sha256:{hashlib.sha256(CODE.encode()).hexdigest()[:12]}...)"


@pytest.fixture
def operator(project):
    """A Python operator in a folder of its own."""
    folder = project / "operators" / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "operator.yaml").write_text("type: operator\nnamespace: a\ncommand: b\n")
    (folder / "__init__.py").write_text(CODE)
    return folder


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_plan_tells_which_python_it_brings(mason, operator):
    lines = mason("plan", "--out", "release.plan").out.splitlines()
    at = lines.index("  + operator.a.b  operators/a/b/operator.yaml:1")
    assert lines[at + 1] == f"      Python: __init__.py {SIZE}"
    assert mason("show", "release.plan").out.splitlines() == lines
    assert f"Python: __init__.py {SIZE}" in mason("plan", "--markdown").out


@pytest.mark.parametrize("command", [("plan",), ("show", "release.plan")])
def test_its_text_is_shown_in_full(mason, operator, command):
    mason("plan", "--out", "release.plan")
    shown = mason(*command, "--full").out
    assert "".join(f"        | {line}\n" for line in CODE.splitlines()) in shown
    (told,) = [
        each for each in mason(*command, "--full", "--json").json["actions"] if each["address"] == "operator.a.b"
    ]
    assert told["python"] == [
        {"file": "__init__.py", "bytes": len(CODE), "digest": sha256(CODE.encode()), "text": CODE}
    ]
    (told,) = [each for each in mason(*command, "--json").json["actions"] if each["address"] == "operator.a.b"]
    assert list(told["python"][0]) == ["file", "bytes", "digest"]


HOSTILE = ["../evil.py", "/tmp/mason-evil.py", "a/../../evil.py", ".pth.py", "evil.pth"]


def forged(wanted: dict[str, str], name: str) -> bytes:
    """Let what a state or plan wants have a file of that name, with digests that fit; returns the source."""
    source = json.dumps({"__init__.py": CODE, name: "raise SystemExit"}, sort_keys=True, separators=(",", ":")).encode()
    wanted["module"] = sha256(source)
    definition = wanted["definition"]
    encoded = (
        definition.encode()
        if isinstance(definition, str)
        else json.dumps(definition, sort_keys=True, separators=(",", ":")).encode()
    )
    wanted["digest"] = digest_of(encoded, wanted["module"])
    return source


@pytest.mark.parametrize("name", HOSTILE)
def test_a_plan_with_other_names_is_refused(mason, operator, name):
    mason("plan", "--out", "release.plan")
    file = operator.parents[2] / "release.plan"
    document = json.loads(file.read_text())
    (wanted,) = [each["wanted"] for each in document["plan"]["actions"] if each["address"] == "operator.a.b"]
    wanted["source"] = forged(wanted, name).decode()
    del document["digest"]
    content = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
    file.write_text(json.dumps(document | {"digest": sha256(content)}))
    for command in (("show", "release.plan"), ("apply", "release.plan", "-y")):
        assert mason(*command).err == (
            "Error: release.plan holds what no plan can hold: the Python source of operator.a.b is none: it names a "
            f"file {name!r}, which is no plain name of a Python file (name.py). "
            "Make it anew: mason plan --out release.plan\n"
        )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_state_with_other_names_is_refused(mason, operator, tmp_path, monkeypatch, name):
    """Whoever can write the state can make all digests fit. Nothing is unpacked, and a plan mends it."""
    mason("apply", "-y")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "unpacked"))
    (tmp_path / "unpacked").mkdir()
    state = operator.parents[2] / "state"
    kept = json.loads((state / "state.json").read_text())
    entry = kept["resources"]["operator.a.b"]
    source = forged(entry, name)
    (state / "sources" / "sha256" / entry["module"].removeprefix("sha256:")).write_bytes(source)
    (state / "state.json").write_text(json.dumps(kept))
    refused = mason("run", "operator", "a", "b", "-y")
    assert refused.err == (
        f"Error: The source {entry['module']} of file://{state} is not unpacked: it names a file {name!r}, which is no "
        "plain name of a Python file (name.py). Store it anew with: mason apply --strict\n"
    )
    assert list((tmp_path / "unpacked").iterdir()) == []
    assert mason("apply", "--strict", "-y", "-o").code == 0
    assert mason("run", "operator", "a", "b", "-y", "--json").json["Data"] == [1]


def test_links_that_lead_out_of_the_project_are_not_packed(mason, operator, tmp_path):
    (tmp_path / "secret.py").write_text("KEY = 'of another project'\n")
    (operator / "key.py").symlink_to(tmp_path / "secret.py")
    assert mason("plan").err == (
        "Error: operators/a/b/key.py:1: this is a link that leads out of the project, so it is not packed (put a copy "
        "of the file in its place)\n"
    )
    (operator / "key.py").unlink()
    shared = operator.parents[2] / "shared.py"
    shared.write_text("KEY = 1\n")
    (operator / "key.py").symlink_to(shared)
    assert "Python: key.py" in mason("plan").out
    for secret in (".env", ".mason/keys.py", "state.json"):
        (file := operator.parents[2] / secret).parent.mkdir(exist_ok=True)
        file.write_text("KEY = 1\n")
        (operator / "key.py").unlink()
        (operator / "key.py").symlink_to(file)
        assert mason("plan").err == (
            "Error: operators/a/b/key.py:1: this is a link to what is no Python file, so it is not packed (remove the "
            "link)\n"
        )
