"""Whose code runs: what differs from the project's files is told, and what nobody signed can be refused."""

from __future__ import annotations

import json

import pytest

from mason.resources.resource import digest_of, encode

PYTHON = "import mason\nclass AB(mason.Operator):\n    def run(self, ctx):\n        return 1\n"


@pytest.fixture
def operator(mason, project, monkeypatch, tmp_path):
    folder = project / "operators" / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "operator.yaml").write_text("type: operator\nnamespace: a\ncommand: b\nread_only: true\n")
    (folder / "__init__.py").write_text(PYTHON)
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    return folder


RUN = ("run", "operator", "a", "b", "-y", "--json")


def as_another(monkeypatch, tmp_path, name):
    monkeypatch.setenv("MASON_HOME", str(tmp_path / name))


def test_a_run_tells_that_the_file_says_something_else(mason, operator):
    mason("apply", "-y")
    assert "Warning" not in mason(*RUN).err
    (operator / "__init__.py").write_text(PYTHON.replace("return 1", "return 2"))
    ran = mason(*RUN)
    assert ran.json["Data"] == [1]
    assert ran.err.startswith(
        "Warning: operators/a/b/operator.yaml says something else than what was applied, which is what runs (Operator "
        "a:b, applied by "
    )
    assert ". Apply the file first: mason apply\n" in ran.err
    (operator / "operator.yaml").write_text("type: operator\nnamespace: a\n")
    assert mason(*RUN).err.startswith("Warning: operators/a/b/operator.yaml says something else")
    (operator / "operator.yaml").unlink()
    assert "Warning" not in mason(*RUN).err


def test_what_is_applied_is_signed(mason, operator, project, tmp_path):
    made = mason("state", "sign-key", "--json").json
    assert (tmp_path / "home" / "signing_key").stat().st_mode & 0o777 == 0o600
    (line,) = [each for each in (project / "mason.signers").read_text().splitlines() if not each.startswith("#")]
    assert line.endswith(f" ed25519 {made['key']}")
    assert mason("state", "sign-key", "--json").json == made
    mason("apply", "-y")
    (project / "mason.yaml").write_text("name: flights\nstate: state\nrequire_signatures: true\n")
    assert mason(*RUN).json["Data"] == [1]
    state = json.loads((project / "state" / "state.json").read_text())
    assert {entry["signature"]["key"] for entry in state["resources"].values()} == {made["key"]}
    assert mason("plan").out == "No changes.\n"


@pytest.fixture
def signed(mason, operator, project):
    """A project that requires signatures, with a state in which all is signed."""
    (project / "mason.yaml").write_text("name: flights\nstate: state\nrequire_signatures: true\n")
    assert mason("state", "sign-key").code == 0
    assert mason("apply", "-y").code == 0
    return project


def edit(project, change):
    file = project / "state" / "state.json"
    state = json.loads(file.read_text())
    change(state["resources"])
    file.write_text(json.dumps(state))


def refused(mason, why, *command):
    ended = mason(*(command or RUN))
    assert ended.code == 1
    assert ended.err == (
        f"Error: operator.a.b is not used: {why}, and mason.yaml says require_signatures. Look at it (mason state show "
        "operator.a.b), and if you vouch for it: mason state sign operator.a.b\n"
    )


def test_what_is_not_signed_is_refused(mason, signed):
    edit(signed, lambda found: found["operator.a.b"].pop("signature"))
    refused(mason, "it is not signed")
    assert mason("state", "sign", "operator.a.b", "-y").code == 0
    assert mason(*RUN).json["Data"] == [1]
    assert mason("state", "sign", "-y").out == "There is nothing to sign.\n"


def test_what_somebody_else_wrote_into_the_state_is_refused(mason, signed):
    """All digests fit: only the signature tells."""

    def change(found):
        entry = found["operator.a.b"]
        entry["definition"]["description"] = "another"
        entry["digest"] = digest_of(encode(entry["definition"]), entry["module"])

    edit(signed, change)
    name = next(line for line in (signed / "mason.signers").read_text().splitlines() if line[0] != "#").split()[0]
    refused(mason, f"its signature by {name} is not that of what stands there")


def test_the_signature_of_another_resource_is_none(mason, signed):
    def change(found):
        found["operator.a.b"]["signature"] = found["config.1"]["signature"]

    edit(signed, change)
    name = next(line for line in (signed / "mason.signers").read_text().splitlines() if line[0] != "#").split()[0]
    refused(mason, f"its signature by {name} is not that of what stands there")


@pytest.mark.parametrize("given", [{}, {"key": "x"}, {"key": 1, "signature": 2}, {"key": "x" * 44, "signature": "é"}])
def test_what_is_no_signature_is_refused(mason, signed, given):
    edit(signed, lambda found: found["operator.a.b"].update(signature=given))
    ended = mason(*RUN)
    assert ended.code == 1
    assert ended.err.startswith("Error: operator.a.b is not used: it is ")


def test_a_foreign_key_is_refused(mason, signed, monkeypatch, tmp_path):
    as_another(monkeypatch, tmp_path, "stranger")
    (signed / "mason.signers").rename(signed / "kept")
    assert mason("state", "sign-key").code == 0
    assert mason("state", "sign", "-y").code == 0
    (signed / "mason.signers").unlink()
    (signed / "kept").rename(signed / "mason.signers")
    assert "it is signed by a key that mason.signers does not list (" in mason(*RUN).err
    assert mason("apply", "-y").out == "No changes.\n"


def test_who_may_not_sign_does_not_apply(mason, signed, operator, monkeypatch, tmp_path):
    (operator / "__init__.py").write_text(PYTHON.replace("return 1", "return 2"))
    as_another(monkeypatch, tmp_path, "stranger")
    told = "Nothing was applied. Make your key, and list it: mason state sign-key\n"
    assert mason("apply", "-y", "-o").err.endswith(
        f"Error: mason.yaml says require_signatures, and you have no key. {told}"
    )
    listed = (signed / "mason.signers").read_text()
    assert mason("state", "sign-key").code == 0
    (signed / "mason.signers").write_text(listed)
    assert mason("apply", "-y", "-o").err.endswith(
        f"Error: mason.yaml says require_signatures, and mason.signers does not list your key. {told}"
    )
    assert mason("state", "sign-key").code == 0
    assert mason("apply", "-y", "-o").code == 0
    assert mason(*RUN).json["Data"] == [2]


def test_a_config_that_nobody_signed_is_refused(mason, signed):
    edit(signed, lambda found: found["config.1"].pop("signature"))
    assert "Error: config.1 is not used: it is not signed" in mason(*RUN).err


def test_a_key_that_others_can_read_is_refused(mason, signed, tmp_path):
    key = tmp_path / "home" / "signing_key"
    key.chmod(0o644)
    assert mason("state", "sign", "-y").err == f"Error: {key} can be read by others. Forbid it: chmod 600 {key}\n"
    key.write_text("no key\n")
    key.chmod(0o600)
    assert mason("state", "sign", "-y").err == (
        f"Error: {key} is no key that Mason made. Move it away, and make one: mason state sign-key\n"
    )


def test_faults_of_the_files(mason, signed):
    (signed / "mason.signers").write_text("ann rsa AAAA\n")
    assert mason(*RUN).err == (
        f"Error: {signed}/mason.signers:1: this is no signer. Write: NAME ed25519 KEY (mason state sign-key)\n"
    )
    (signed / "mason.yaml").write_text("name: flights\nrequire_signatures: maybe\n")
    assert mason("plan").err == (
        f"Error: {signed}/mason.yaml:2: 'require_signatures' must be true or false, not maybe.\n"
    )


def test_no_verb_writes_the_signers(mason, signed):
    (signed / "write.yaml").write_text(
        "type: operator\nnamespace: note\ncommand: write\nparameters: {required: [path]}\n"
        "do: [{storage.write: {path: '{{path}}', content: x, overwrite: true}}]\n"
    )
    assert mason("apply", "-y").code == 0
    told = mason("run", "operator", "note", "write", "-p", "path:mason.signers", "-y").err
    assert "it says who may sign what is applied" in told
