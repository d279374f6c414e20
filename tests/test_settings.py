"""Where settings come from, which wins, and what is said when they are unusable."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from mason import settings
from mason.errors import SettingsError
from mason.home import current_config, mason_home, set_current_config
from mason.settings import History, ProjectSettings


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MASON_STATE", raising=False)
    return tmp_path / "home"


def test_the_nearest_project_upward_is_found(tmp_path):
    (tmp_path / "mason.yaml").write_text("name: flights\nstate: team/state\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    found = settings.find_project(inner)
    assert found == ProjectSettings(tmp_path, "flights", "team/state")
    assert settings.state_url(None, found) == str(tmp_path / "team/state")


def test_without_a_project_the_current_folder_counts_and_has_no_name(tmp_path, home):
    found = settings.find_project(tmp_path)
    assert found == ProjectSettings(tmp_path, "", "")
    assert settings.state_url(None, found) == home.as_uri()


def test_an_empty_project_file_names_the_project_after_its_folder(tmp_path):
    (tmp_path / "mason.yaml").write_text("")
    assert settings.find_project(tmp_path).name == tmp_path.name


@pytest.mark.parametrize("make", [Path.mkdir, lambda file: os.mkfifo(file), lambda file: file.symlink_to("nowhere")])
def test_a_project_file_that_is_none_is_not_passed_over(tmp_path, make):
    (inner := tmp_path / "inner").mkdir()
    make(file := tmp_path / "mason.yaml")
    with pytest.raises(SettingsError) as told:
        settings.find_project(inner)
    assert str(told.value) == f"{file}: this is neither a file nor a link to one. Mend it, or remove it."


def test_the_option_wins_over_the_environment_and_that_over_the_project(tmp_path, monkeypatch):
    found = ProjectSettings(tmp_path, "x", "s3://team/x")
    assert settings.state_url(None, found) == "s3://team/x"
    monkeypatch.setenv("MASON_STATE", "file:///env")
    assert settings.state_url(None, found) == "file:///env"
    assert settings.state_url("file:///option", found) == "file:///option"


KEYS = "name, state, history, require_signatures, ignore, refresh, vars"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nam: x", ":1: unknown key 'nam' (did you mean 'name'?)."),
        (
            "name: x\n# and\nfoo: x",
            ":3: unknown key 'foo' (known keys: name, state, history, require_signatures, ignore, refresh, vars).",
        ),
        ("[a]: x", f":1: unknown key 'a list' (known keys: {KEYS})."),
        ("name: [1]", ":1: 'name' must be text, not a list."),
        ("state: {a: b}", ":1: 'state' names no 'url', such as s3://bucket/prefix."),
        ("state: [a]", ":1: 'state' must be text, not a list."),
        ("state:\n  url: s3://b\n  region: [a]", ":3: 'state.region' must be text, not a list."),
        (
            "state:\n  url: s3://b\n  secret_key: {{KEY}}",
            ":3: 'state.secret_key' must be text, not a mapping (put {{NAME}} in quotes).",
        ),
        ("state: {url: s3://b, region: ''}", ":1: 'state.region' is empty (write something, or leave the key out)."),
        ("state: {url: a, url: b}", ":1: the key 'url' is given twice, first at line 1. Keep one of them."),
        (
            "state: {url: ./state, region: x}",
            ":1: 'state' has options that a folder does not take (region). Leave them out.",
        ),
        ("state: a\nname: 5", ":2: 'name' must be text, not 5 (put it in quotes if it is meant as text)."),
        ("name: 2013-99-99", ":1: 'name' must be text, not 2013-99-99 (put it in quotes if it is meant as text)."),
        ("name: ' '", ":1: 'name' is empty (write something, or leave the key out)."),
        ('name: "a\\nb"', ":1: 'name' must be one line without control characters."),
        ("name: a\n\nname: b", ":3: the key 'name' is given twice, first at line 1. Keep one of them."),
        ("name:\nname: b", ":2: the key 'name' is given twice, first at line 1. Keep one of them."),
        ("{name: a, name: b}", ":1: the key 'name' is given twice, first at line 1. Keep one of them."),
        ("history: 5", ":1: 'history' must be a mapping with the keys keep_runs, keep_days, not 5."),
        ("history: [5]", ":1: 'history' must be a mapping with the keys keep_runs, keep_days, not a list."),
        ("history:\n  foo: 5", ":2: unknown key 'foo' (known keys: keep_runs, keep_days)."),
        ("history:\n  keep_day: 5", ":2: unknown key 'keep_day' (did you mean 'keep_days'?)."),
        ("history: {keep_days: 0}", ":1: 'history.keep_days' must be a whole number from 1 to 999999, not 0."),
        ("history: {keep_runs: 1e3}", ":1: 'history.keep_runs' must be a whole number from 1 to 999999, not 1e3."),
        ("history: {keep_runs: {}}", ":1: 'history.keep_runs' must be a whole number from 1 to 999999, not a mapping."),
        ("# ok\nname: \1", ":2: this is not YAML: control characters are not allowed."),
        ("a: " + "[" * 900 + "]" * 900, f":1: unknown key 'a' (known keys: {KEYS})."),
        ("[" * 100_000, ": this is longer than 10,000 characters. A project file has a few lines."),
        ("ignore: k8s", ":1: 'ignore' must be a list of files and folders, not k8s."),
        (
            "ignore:\n  - a\n  - 5",
            ":3: 'ignore' holds an entry that must be text, not 5 (put it in quotes if it is meant as text).",
        ),
        (
            "- a",
            ":1: the project file must be a mapping with the keys "
            "name, state, history, require_signatures, ignore, refresh, vars.",
        ),
        ("name: x\n  y: [", ":2: this is not YAML: mapping values are not allowed in this context."),
    ],
)
def test_a_faulty_project_file_is_named(tmp_path, text, message):
    file = tmp_path / "mason.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        settings.find_project(tmp_path)
    assert str(refused.value) == f"{file}{message}"


def test_all_faults_of_a_project_file_are_named_at_once(tmp_path):
    file = tmp_path / "mason.yaml"
    file.write_text("name: 5\nnam: x\nstate: {}\nname: a\n")
    with pytest.raises(SettingsError) as refused:
        settings.find_project(tmp_path)
    assert [fault.line for fault in refused.value.diagnostics] == [1, 2, 3, 4]
    assert str(refused.value).splitlines() == [
        f"{file}:1: 'name' must be text, not 5 (put it in quotes if it is meant as text).",
        f"{file}:2: unknown key 'nam' (did you mean 'name'?).",
        f"{file}:3: 'state' names no 'url', such as s3://bucket/prefix.",
        f"{file}:4: the key 'name' is given twice, first at line 1. Keep one of them.",
    ]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("state: s3://bucket/team\n", "s3://bucket/team"),
        ("state: {url: s3://bucket/team}\n", "s3://bucket/team"),
        (
            "state:\n  url: s3://bucket/team\n  endpoint_url: http://127.0.0.1:9000\n  lease: 30\n  bucket_key: true\n"
            "  secret_key: '{{KEY}}'\n  kms_key_id: a b&c\n",
            "s3://bucket/team?endpoint_url=http://127.0.0.1:9000&lease=30&bucket_key=true&secret_key={{KEY}}"
            "&kms_key_id=a%20b%26c",
        ),
        ("state:\n  url: s3://bucket/team?lease=5\n  region: eu-west-1\n", "s3://bucket/team?lease=5&region=eu-west-1"),
        ("state: {url: state}\n", "ROOT/state"),
    ],
)
def test_a_state_with_options_is_a_url(tmp_path, text, url):
    (tmp_path / "mason.yaml").write_text(text)
    project = settings.find_project(tmp_path)
    assert settings.state_url(None, project) == url.replace("ROOT", str(tmp_path))


@pytest.mark.parametrize(
    ("before", "url", "after"),
    [
        (
            "state:\r\n  url: s3://a/b\r\n  region: eu # ours\r\nname: ñ😀\r\n",
            "s3://c/d?region=eu",
            'state:\r\n  url: "s3://c/d"\r\n  region: eu # ours\r\nname: ñ😀\r\n',
        ),
        (
            "# ñ😀\nstate:\n  region: eu\n  lease: 30\n  url: 's3://a/b'",
            "s3://c/d?kms_key_id=a%20b&region=us&lease=30",
            '# ñ😀\nstate:\n  lease: 30\n  url: "s3://c/d?kms_key_id=a%20b&region=us"',
        ),
        (
            "state:\n  kms_key_id: a b\n  region: >\n    eu\n  # which\n  url: >\n    s3://a/b\nname: x\n",
            "s3://c?kms_key_id=a%20b&secret_key={{KEY}}",
            'state:\n  kms_key_id: a b\n  # which\n  url: "s3://c?secret_key={{KEY}}"\nname: x\n',
        ),
        ("'state':\n  url: s3://a/b\n  region: eu\n", "a?b&c", "'state':\n  url: \"a?b&c\"\n"),
        ("state: {url: s3://a/b, region: eu}\n", "s3://c", 'state: "s3://c"\n'),
    ],
)
def test_another_state_is_written_where_the_old_one_stands(tmp_path, before, url, after):
    file = tmp_path / "mason.yaml"
    file.write_bytes(before.encode())
    assert settings.with_state(file, url) == after


def test_a_state_in_braces_over_several_lines_is_left_to_its_owner(tmp_path):
    file = tmp_path / "mason.yaml"
    file.write_text("state: {\n  url: s3://a/b}\n")
    with pytest.raises(SettingsError, match="'state' is written in a way that only you can change"):
        settings.with_state(file, "s3://c")


def test_the_history_that_is_kept(tmp_path):
    file = tmp_path / "mason.yaml"
    file.write_text("name: x\n")
    assert settings.find_project(tmp_path).history == History(1000, 90)
    file.write_text("name: x\nhistory:\n  keep_runs: 20\n")
    assert settings.find_project(tmp_path).history == History(20, 90)
    file.write_text("name: x\nhistory: {keep_runs: , keep_days: '7'}\n")
    assert settings.find_project(tmp_path).history == History(1000, 7)


def test_a_project_file_that_is_no_text_is_named_with_its_line(tmp_path):
    file = tmp_path / "mason.yaml"
    file.write_bytes(b"state: x\nname: caf\xe9\n")
    with pytest.raises(SettingsError) as refused:
        settings.find_project(tmp_path)
    assert str(refused.value) == f"{file}:2: this is not UTF-8 text. Save the file as UTF-8."


def test_the_environment_wins_over_env_files(tmp_path, home, monkeypatch):
    home.mkdir()
    (home / ".env").write_text("A=home\nB=home\nC=home\n")
    (tmp_path / ".env").write_text("A=project\nB='project with spaces'\n")
    monkeypatch.setenv("A", "process")
    found = settings.environment(ProjectSettings(tmp_path))
    assert (found["A"], found["B"], found["C"]) == ("process", "project with spaces", "home")


def test_env_files_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfA=x\n")
    assert settings.environment(ProjectSettings(tmp_path))["A"] == "x"


def test_env_files_that_cannot_be_read_are_named_and_not_quoted(tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(b"SECRET=caf\xe9\n")
    with pytest.raises(SettingsError) as refused:
        settings.environment(ProjectSettings(tmp_path))
    assert str(refused.value) == f"{file}: cannot be read: not UTF-8. Save it as UTF-8."


def test_dollars_in_env_files_are_what_they_are(tmp_path):
    (tmp_path / ".env").write_text("PASSWORD=pa$HOME${HOME}$$word\n")
    assert settings.environment(ProjectSettings(tmp_path))["PASSWORD"] == "pa$HOME${HOME}$$word"


def test_the_current_config_is_kept_for_the_person():
    assert current_config("a") == ""
    set_current_config("a", "3")
    set_current_config("b", "4")
    assert [current_config(lineage) for lineage in "abc"] == ["3", "4", ""]


@pytest.mark.parametrize("text", ["3\n", "[]", '{"a": 3}', '{"a": '])
def test_current_configs_that_nobody_can_read_are_not_guessed(home, text):
    home.mkdir()
    (home / "current_configs.json").write_text(text)
    with pytest.raises(SettingsError) as refused:
        current_config("a")
    assert str(refused.value) == (
        f"{home}/current_configs.json: this is not what Mason wrote. Remove the file, and choose configs anew."
    )


@pytest.mark.parametrize(("given", "named"), [("~nosuch/x", "~nosuch/x"), ("~nosuch", "~nosuch")])
def test_a_home_of_nobody_is_named(monkeypatch, given, named):
    monkeypatch.setenv("MASON_HOME", given)
    with pytest.raises(SettingsError) as refused:
        mason_home()
    assert str(refused.value) == (
        f"There is no home folder for {named}. Set MASON_HOME to a folder that you may write to."
    )


KEYS = st.sampled_from(["name", "state", "Name", "true", "1", "n"])
TILDES = ["~", "~/x", "~a", '"~"']
DOTTED = [".inf", ".Inf", ".nan", ".NAN", ".5", "._", ".", "..", "./x", "../x", ".mason/state", "..."]
SPECIAL = ["true", "No", "OFF", "null", "NULL", "on-call", "y", "1e3", "e3", "0x1", "2026-01-01", "1:30", "=", "<<"]
MARKED = ["'a'", '"a"', '"a', "&a", "*a", "!x", "|", "[a]", "-", "a b", "a: b", "a #b"]
OTHER = ["a", "A-b_c.d", "/a", "s3://a/b", "日本"]
WORDS = st.sampled_from([*TILDES, *DOTTED, *SPECIAL, *MARKED, *OTHER]) | st.text("ab~./-_: #\"'\t1", max_size=5)
LINES = st.builds(
    "{}{}{}{}".format, KEYS, st.sampled_from([":", ": ", ":  ", " : "]), WORDS, st.sampled_from(["", " ", "\t"])
)
PLAIN = st.lists(
    LINES | st.sampled_from(["", "  ", "# a", " # a", "---", "\x0c", "# a\x0cname: b", "# é\x85name: b"]), max_size=4
)


@given(PLAIN, st.sampled_from(["\n", "\r\n", "\r"]))
@example(["state: ~"], "\n")
@example(["state: .inf"], "\n")
@example(["state: .nan"], "\n")
@examples(deadline=None)
def test_project_files_mean_what_yaml_says(lines, end):
    """Files that need no YAML parser, because it would take longer than the rest, are read as it reads them."""
    text = end.join(lines)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mason.yaml"
        file.write_bytes(text.encode())
        try:
            # The loader that the program takes: PyYAML's two do not agree about all that is no YAML.
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            loaded = yaml.load(text, Loader=loader) or {}
            # What YAML lets pass and no project file may hold: a key that is given twice.
            keys = (
                [key.value for key, _ in yaml.compose(text, Loader=loader).value]
                if isinstance(loaded, dict) and loaded
                else []
            )
        except yaml.YAMLError:
            loaded = None
        try:
            found = settings.find_project(Path(folder))
            read = {key: value for key, value in (("name", found.name), ("state", found.state)) if value}
        except SettingsError:
            read = None
    fits = isinstance(loaded, dict) and set(loaded) <= {"name", "state"} and len(set(keys)) == len(keys)
    fits = fits and all(
        value is None or (isinstance(value, str) and value.strip() and "\t" not in value.strip())
        for value in loaded.values()
    )
    wanted = {key: value.strip() for key, value in loaded.items() if value} if fits else None
    assert read == (None if wanted is None else {"name": Path(folder).name} | wanted)


def test_a_home_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    Path(tmp_path / "file").write_text("")
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "file"))
    with pytest.raises(SettingsError) as refused:
        set_current_config("a", "3")
    assert str(refused.value) == (
        f"{tmp_path}/file/current_configs.json: cannot be written (File exists). "
        "Set MASON_HOME to a folder that you may write to."
    )


def test_what_a_project_ignores(tmp_path):
    (tmp_path / "mason.yaml").write_text("name: shop\nignore: [k8s/, '*.tmpl.yaml', charts/*/templates]\n")
    found = settings.find_project(tmp_path)
    assert (found.name, found.ignore) == ("shop", ("k8s", "*.tmpl.yaml", "charts/*/templates"))
