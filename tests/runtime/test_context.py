"""What a Python operator is given: every verb can be called, and what it was given stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from mason.engines import ENGINES
from mason.engines.engine import Engine
from mason.errors import EngineError, NotConfirmedError, UnsupportedVerbError
from mason.runtime.context import Context


class Recording(Engine):
    """Plays every role, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(None)
        self.asked: list[tuple[str, tuple, dict]] = []

    def __getattr__(self, name):
        return lambda *positional, **named: self.asked.append((name, positional, named))

    def get_job(self, job_id):
        self.asked.append(("get_job", (), {"job_id": job_id}))

    def find_job(self, token):
        self.asked.append(("find_job", (), {"token": token}))

    def cancel_job(self, job_id):
        self.asked.append(("cancel_job", (), {"job_id": job_id}))


VERBS = [verb for engine in ENGINES.values() for verb in engine.verbs.values()]


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_every_verb_can_be_called_by_keywords(verb):
    engine = Recording()
    ctx = Context({}, lambda role: engine, allowed=None, tell=lambda kind, message: None)
    arguments = {name: f"the {name}" for name in verb.arguments}
    getattr(getattr(ctx, verb.engine), verb.name)(**arguments)
    assert engine.asked == [(verb.name, (), arguments)]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if not verb.read_only], ids=str)
def test_every_changing_verb_that_was_not_announced_is_refused(verb):
    engine = Recording()
    ctx = Context({}, lambda role: engine, allowed=frozenset(), tell=lambda kind, message: None)
    with pytest.raises(NotConfirmedError):
        getattr(getattr(ctx, verb.engine), verb.name)(**dict.fromkeys(verb.arguments, "x"))
    assert engine.asked == []


def test_a_promise_to_read_only_is_told_where_it_is_broken():
    engine = Recording()
    ctx = Context({}, lambda role: engine, allowed=frozenset(), tell=lambda kind, message: None, is_promised=True)
    ctx.execution.query("SELECT 1")
    with pytest.raises(NotConfirmedError) as refused:
        ctx.execution.query("SELECT 1", output="x.csv")
    assert str(refused.value) == (
        "The operator asked for execution.query, which changes things, but its YAML says read_only: true. "
        "It was not called."
    )
    assert [name for name, _, _ in engine.asked] == ["query"]


def test_parameters_cannot_be_written_to():
    given = {"names": ["a"]}
    ctx = Context(given, lambda role: Recording(), allowed=None, tell=lambda kind, message: None)
    with pytest.raises(TypeError):
        ctx.params["names"] = []  # type: ignore[index]
    ctx.params["names"].append("b")
    assert given == {"names": ["a"]}


def test_tables_that_were_registered_and_deleted_are_told_apart():
    """Also where a client of another package does not say what it registered."""
    ctx = Context({}, lambda role: Recording(), allowed=None, tell=lambda kind, message: None)
    ctx.metastore.create_table("db", "new", {})
    ctx.metastore.delete_table("db", "old")
    assert ctx.tables == {("db", "new"): {}, ("db", "old"): None}


class Disk(Engine):
    """A client that leaves the errors of the file system as they are."""

    client = "disk"

    def __init__(self) -> None:
        super().__init__(None)

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def exists(self, path: str) -> bool:
        raise ConnectionResetError(f"{path} hung up")


def test_what_the_file_system_refuses_is_told_in_words(tmp_path):
    ctx = Context({}, lambda role: Disk(), allowed=None, tell=lambda kind, message: None)
    (tmp_path / "a.csv").touch()
    for path, told in {
        tmp_path / "a.csv/b.csv": "Not a directory. A part of the path is a file, not a folder. Choose another path.",
        tmp_path / ("x" * 300): "File name too long. Choose a shorter name.",
        tmp_path: "Is a directory. See what is there, then run it again.",
    }.items():
        with pytest.raises(EngineError) as refused:
            ctx.storage.read(str(path))
        assert str(refused.value) == f"Client disk failed at storage.read: cannot use {path}: {told}"


def test_errors_that_only_look_like_those_of_the_file_system_are_left(tmp_path):
    ctx = Context({}, lambda role: Disk(), allowed=None, tell=lambda kind, message: None)
    with pytest.raises(ConnectionResetError):
        ctx.storage.exists("host")


def test_an_engine_of_another_package_is_asked_by_its_name(catalog_package):
    engine = Recording()
    ctx = Context({}, lambda role: engine, allowed=frozenset(), tell=lambda kind, message: None)
    ctx.catalog.describe("orders")
    ctx.engine("catalog").describe(dataset="sales")
    assert engine.asked == [("describe", ("orders",), {}), ("describe", (), {"dataset": "sales"})]
    with pytest.raises(NotConfirmedError):
        ctx.catalog.retire("orders")
    with pytest.raises(UnsupportedVerbError) as refused:
        ctx.catalog.explain("orders")
    assert (
        str(refused.value)
        == "There is no verb catalog.explain. Known: describe, annotate, retire, get_job, find_job, cancel_job."
    )


def test_what_nobody_brings_is_no_engine():
    ctx = Context({}, lambda role: Recording(), allowed=None, tell=lambda kind, message: None)
    with pytest.raises(AttributeError):
        ctx.catalog.describe("orders")
    with pytest.raises(UnsupportedVerbError):
        ctx.engine("catalog")
