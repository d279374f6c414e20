"""What the engines of a config reach: faults that the dry run tells by name, and what it leaves to the run."""

from __future__ import annotations

import pytest

from mason.dryrun.dryrun import dry_run
from mason.engines import ENGINES
from mason.engines.capabilities import Capabilities
from mason.errors import ParameterError
from mason.resources.config import Config
from mason.resources.operator import Operator


class Catalog:
    """Clients that exist nowhere: each with all engines, or a metastore alone, and with schemes of its own."""

    schemes = {"disk": ("file",), "bucket": ("s3", "s3a"), "both": ("file", "s3"), "names": ("s3",), "old": ()}  # noqa: RUF012

    def names(self):
        return sorted(self.schemes)

    def roles(self, name):
        engines = {"metastore": ENGINES["metastore"]} if name == "names" else ENGINES
        lacking = {"locate"} if name == "old" else set()
        return {role: frozenset(engine.verbs) - lacking for role, engine in engines.items()}

    def capabilities(self, name):
        return {role: Capabilities(schemes=self.schemes[name]) for role in self.roles(name)}

    def refusals(self, name, role, verb, arguments, unknown):
        return []

    def schema(self, name):
        return {}


def faults(do, parameters=None, types=None, **engines):
    config = Config("1", {role: (client,) for role, client in engines.items()}, {}, types or {})
    operator = Operator.from_definition({"namespace": "a", "command": "b", "do": do})
    try:
        dry_run(
            operator, parameters or {}, config, Catalog(), waiting=[name for name in parameters or {} if name == "w"]
        )
    except ParameterError as error:
        return str(error).splitlines()
    return []


GET = {"metastore.get_table": {"database": "d", "table": "t"}, "as": "table"}
PREVIEW = {"execution.preview": {"table": "{{table}}"}}
WRITE = {"execution.query": {"sql": "x", "output": "a.csv"}}
REMEDY = "Let one client play both engines, or choose clients that share a scheme"


def apart(verb, keeper, kept, client, reached):
    """What is said of a client that does not reach what another one keeps."""
    what = f"what client {keeper} keeps ({kept} URLs)"
    return f"{verb} cannot reach {what}: client {client} reaches {reached} URLs. {REMEDY}"


def test_a_common_scheme_is_enough():
    assert faults([GET, PREVIEW, WRITE], metastore="disk", storage="disk", execution="both") == []
    assert faults([GET, PREVIEW, WRITE], metastore="bucket", storage="bucket", execution="both") == []


def test_what_the_storage_keeps_has_to_be_reached():
    assert faults([WRITE], metastore="disk", storage="bucket", execution="disk") == [
        apart("execution.query", "bucket", "s3://", "disk", "file://")
    ]
    # The first scheme of a storage is that of its URLs.
    assert faults([WRITE], storage="both", execution="bucket") == [
        apart("execution.query", "both", "file://", "bucket", "s3:// and s3a://")
    ]


def test_tables_are_where_they_come_from():
    """Those of a metastore that keeps files itself, whatever the storage is."""
    assert faults([GET, PREVIEW], metastore="disk", storage="bucket", execution="disk") == []
    assert faults([GET, PREVIEW], metastore="disk", storage="bucket", execution="bucket") == [
        apart("execution.preview", "disk", "file://", "bucket", "s3:// and s3a://")
    ]
    infer = {"storage.infer_table": {"path": "a"}, "as": "table"}
    create = {"metastore.create_table": {"database": "d", "table": "t", "definition": "{{table}}"}}
    assert faults([infer, create], metastore="disk", storage="bucket") == [
        apart("metastore.create_table", "bucket", "s3://", "disk", "file://")
    ]


def test_of_a_metastore_without_files_nobody_knows_beforehand():
    assert faults([GET, PREVIEW], metastore="names", storage="disk", execution="disk") == []


def test_urls_are_checked_whoever_plays_what():
    do = [{"execution.query": {"sql": "x", "output": "{{path}}"}}]
    assert faults(do, {"path": "file:///a.csv"}, storage="disk", execution="disk") == []
    assert faults(do, {"path": "S3://b/a.csv"}, storage="disk", execution="disk") == [
        "execution.query cannot use S3://b/a.csv: client disk reaches file:// URLs"
    ]
    assert faults(do, {"path": "file:///a.csv"}, storage="old", execution="old") == [
        "execution.query cannot use file:///a.csv: client old reaches no URLs"
    ]
    define = {"metastore.create_table": {"database": "d", "table": "t", "definition": {"location": "s3://b/t"}}}
    assert faults([define], metastore="disk") == [
        "metastore.create_table cannot use s3://b/t: client disk reaches file:// URLs"
    ]


def test_what_is_not_known_yet_is_left_to_the_run():
    do = [{"execution.query": {"sql": "x", "output": "{{w}}"}}]
    assert faults(do, {"w": "{{steps.a.path}}"}, storage="bucket", execution="disk") == []
    assert faults([{"execution.query": {"sql": "x"}}], storage="bucket", execution="disk") == []
    assert faults([WRITE], execution="disk") == []


def test_a_storage_that_locates_nothing_stands_alone():
    assert faults([WRITE], storage="old", execution="old") == []
    assert faults([WRITE], storage="old", execution="disk") == [
        f"execution.query needs URLs, but client old does not support storage.locate. {REMEDY}"
    ]


@pytest.mark.parametrize("execution", ["desk", "lake"])
def test_clients_are_named_as_the_config_does(execution):
    types = {"lake": "bucket", "desk": "disk"}
    told = faults([WRITE], types=types, storage="lake", execution=execution)
    wanted = (
        f"execution.query cannot reach what client lake keeps (s3:// URLs): client desk reaches file:// URLs. {REMEDY}"
    )
    assert told == ([wanted] if execution == "desk" else [])
