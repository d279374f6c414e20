"""The format of ``state.json``: what it looks like, what comes back, and what is said when it cannot be trusted."""

import gc
import json

import pytest

from mason.errors import StateError, StateFormatError
from mason.state.format import decode, encode
from mason.state.snapshot import Entry, Snapshot

SNAPSHOT = Snapshot(
    {
        "operator.table.get": Entry(
            kind="operator",
            digest="sha256:22",
            definition={"type": "operator", "namespace": "table", "command": "get"},
            module="sha256:33",
            project="demo",
            file="operators/table/get/operator.yaml",
            applied_at="2026-01-02T03:04:05+00:00",
            applied_by="ann@laptop",
        ),
        "config.1": Entry("config", "sha256:11", {"type": "config", "id": "1"}),
    },
    serial=12,
    lineage="3e0c7f6e-7c1c-4c55-9b0a-0d6f5a1f6f4e",
    mason_version="2.0.0",
)

TEXT = """\
{"version":1,"mason_version":"2.0.0","serial":12,"lineage":"3e0c7f6e-7c1c-4c55-9b0a-0d6f5a1f6f4e",
"resources":{
"config.1":{"kind":"config","digest":"sha256:11","definition":{"type":"config","id":"1"},"module":null,"project":"",\
"file":"","applied_at":"","applied_by":""},
"operator.table.get":{"kind":"operator","digest":"sha256:22","definition":{"type":"operator","namespace":"table",\
"command":"get"},"module":"sha256:33","project":"demo","file":"operators/table/get/operator.yaml",\
"applied_at":"2026-01-02T03:04:05+00:00","applied_by":"ann@laptop"}
}}
"""


def test_text():
    assert encode(SNAPSHOT).decode() == TEXT


def test_round_trip():
    decoded = decode(TEXT.encode(), where="state.json", token="T")
    assert decoded == SNAPSHOT
    assert decoded.token == "T"


def test_empty_round_trip():
    empty = Snapshot(serial=3, lineage="L", mason_version="2.0.0")
    assert json.loads(encode(empty)) == {
        "version": 1,
        "mason_version": "2.0.0",
        "serial": 3,
        "lineage": "L",
        "resources": {},
    }
    assert decode(encode(empty), where="state.json", token="") == empty


def test_written_by_an_editor():
    indented = b"\xef\xbb\xbf" + json.dumps(json.loads(TEXT), indent=4, sort_keys=True).encode()
    assert decode(indented, where="state.json", token="") == SNAPSHOT


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_collector_is_left_as_it_was(collecting):
    before = gc.isenabled()
    try:
        gc.enable() if collecting else gc.disable()
        decode(TEXT.encode(), where="state.json", token="")
        with pytest.raises(StateFormatError):
            decode(b"", where="state.json", token="")
        assert gc.isenabled() is collecting
    finally:
        gc.enable() if before else gc.disable()


@pytest.mark.parametrize(
    "value", [{1, 2}, object(), float("nan"), {1: "one"}, b"bytes", (1, {2})], ids=lambda value: type(value).__name__
)
def test_what_json_cannot_hold(value):
    with pytest.raises(StateError) as caught:
        encode(Snapshot({"config.1": Entry("config", "", {"big": 2**80, "value": value})}))
    assert str(caught.value).startswith("config.1 cannot be kept in the state: ")


def changed(**changes):
    return json.dumps({**json.loads(TEXT), **changes}).encode()


def entry_changed(**changes):
    entry = json.loads(TEXT)["resources"]["config.1"]
    entry.update(changes)
    return changed(resources={"config.1": {key: value for key, value in entry.items() if value != "absent"}})


NO_BACKUP = "There is no backup to restore. Mend it by hand, or move it away to start with an empty state."


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty."),
        (b" \n", "is empty."),
        (TEXT[:300].encode(), "is truncated: it ends after 300 bytes, in the middle of the JSON."),
        (TEXT[:-3].encode(), f"is truncated: it ends after {len(TEXT) - 3} bytes, in the middle of the JSON."),
        (b"\0" * 50, "is not JSON: Expecting value (line 1, column 1)."),
        (b"hello", "is not JSON: Expecting value (line 1, column 1)."),
        (b'{"a": 1}\n{"b": 2}', "is not JSON: Extra data (line 2, column 1)."),
        (b'{"a": 1,\n "b" 2}', "is not JSON: Expecting ':' delimiter (line 2, column 6)."),
        (b'{"a": "\xff"}', "is not JSON: it is no UTF-8 text (byte 7)."),
        (b"[]", "is not a state: it holds an array where an object should be."),
        (b"null", "is not a state: it holds null where an object should be."),
        (b"{}", "lacks the key 'version'."),
        (b'{"version": 1, "serial": 1}', "lacks the key 'mason_version'."),
        (changed(version="1"), "holds a string for 'version' where an integer should be."),
        (changed(version=True), "holds a boolean for 'version' where an integer should be."),
        (changed(version=0), "says format 0, which never was."),
        (changed(serial="12"), "holds a string for 'serial' where an integer should be."),
        (changed(serial=1.5), "holds a number for 'serial' where an integer should be."),
        (changed(serial=-1), "has the serial -1, and serials start at 0."),
        (changed(serial=10**15 + 1), "has a serial above 1,000,000,000,000,000, which no state comes to."),
        (changed(serial=2**64 - 1), "has a serial above 1,000,000,000,000,000, which no state comes to."),
        (changed(follows=-1), "has the serial -1, and serials start at 0."),
        (changed(follows=2**64), "has a serial above 1,000,000,000,000,000, which no state comes to."),
        (changed(errored_on=2**64), "has a serial above 1,000,000,000,000,000, which no state comes to."),
        (changed(follows=None), "holds null for 'follows' where an integer should be."),
        (changed(serial=10**30), "has a serial above 1,000,000,000,000,000, which no state comes to."),
        (changed(lineage=None), "holds null for 'lineage' where a string should be."),
        (changed(mason_version={}), "holds an object for 'mason_version' where a string should be."),
        (changed(resources=[]), "holds an array for 'resources' where an object should be."),
        (changed(notes="mine"), "has a key 'notes' that no state has."),
        (changed(resources={"config.1": "x"}), "holds a string for config.1 where an object should be."),
        (entry_changed(digest="absent"), "lacks the key 'digest' in config.1."),
        (entry_changed(notes="mine"), "has a key 'notes' in config.1 that no state has."),
        (entry_changed(digest=7), "holds an integer for 'digest' in config.1 where a string should be."),
        (entry_changed(definition=[]), "holds an array for 'definition' in config.1 where an object should be."),
        (entry_changed(module=False), "holds a boolean for 'module' in config.1 where a string or null should be."),
        (entry_changed(kind="operator"), "calls config.1 a resource of kind 'operator'."),
    ],
)
def test_faults(content, fault):
    with pytest.raises(StateFormatError) as caught:
        decode(content, where="/home/ann/.mason/state.json", token="")
    assert str(caught.value) == f"/home/ann/.mason/state.json {fault} {NO_BACKUP}"


@pytest.mark.parametrize("content", [b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_hostile_json_is_refused(content):
    with pytest.raises(StateFormatError):
        decode(content, where="state.json", token="")


def test_the_backup_is_named():
    with pytest.raises(StateFormatError) as caught:
        decode(b"", where="state.json", token="", backup=lambda: "Restore it: cp backup state.json")
    assert str(caught.value) == "state.json is empty. Restore it: cp backup state.json"


def test_newer_format():
    with pytest.raises(StateFormatError) as caught:
        decode(changed(version=2), where="/home/ann/.mason/state.json", token="")
    assert str(caught.value) == (
        "/home/ann/.mason/state.json was written by a newer Mason (format 2; this one reads 1). Upgrade Mason."
    )
