"""What is known of verbs is what their signatures say."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from mason.engines import ENGINES
from mason.engines.verbs import Verb, verb, verbs_of


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_verbs_are_known_as_their_signatures_have_them(engine):
    for name, known in engine.verbs.items():
        parameters = list(inspect.signature(getattr(engine, name)).parameters.values())[1:]
        assert known.required == tuple(each.name for each in parameters if each.default is each.empty)
        assert known.optional == tuple(each.name for each in parameters if each.default is not each.empty)
        assert known.annotations == {each.name: each.annotation for each in parameters}


def test_defaults_by_place_and_by_name_are_told_from_what_is_required():
    class Radio:
        @verb(read_only=True, changing_with="record", shown_by="listen")
        def play(self, station: str, band: str = "FM", *, at: int, record: str | None = None) -> Any:
            volume = 11
            return station, band, at, record, volume

        @verb(read_only=False)
        def stop(self) -> None:
            """Takes nothing."""

        def tune(self, station: str) -> None:
            """No verb."""

    assert verbs_of("radio", Radio) == {
        "play": Verb(
            engine="radio",
            name="play",
            read_only=True,
            required=("station", "at"),
            optional=("band", "record"),
            changing_with="record",
            shown_by="listen",
            annotations={"station": "str", "band": "str", "at": "int", "record": "str | None"},
        ),
        "stop": Verb("radio", "stop", read_only=False, required=(), optional=()),
    }


def test_annotations_are_known_as_they_are_written_whether_they_are_deferred_or_not():
    names = {}
    source = (
        "from collections.abc import Mapping, Sequence\n"
        "class Radio:\n"
        "    def play(self, a: str, b: int | None, c: Sequence[str], d: Mapping[str, int], e: list[str], f, g: 'X'):\n"
        "        pass\n"
    )
    # Without what this module itself defers.
    exec(compile(source, "radio", "exec", dont_inherit=True), names)
    verb(read_only=True)(names["Radio"].play)
    assert verbs_of("radio", names["Radio"])["play"].annotations == {
        "a": "str",
        "b": "int | None",
        "c": "Sequence[str]",
        "d": "Mapping[str, int]",
        "e": "list[str]",
        "f": "Any",
        "g": "X",
    }


def test_every_argument_that_is_a_path_is_marked():
    paths = {str(each): each.paths for engine in ENGINES.values() for each in engine.verbs.values() if each.paths}
    assert paths == {
        "metastore.create_database": ("location",),
        "metastore.plan_table": ("definition",),
        "metastore.create_table": ("definition",),
        **{
            f"storage.{name}": ("path",)
            for name in ("list_paths", "exists", "locate", "infer_table", "fingerprint", "read", "write", "delete")
        },
        "storage.copy": ("path", "target"),
        **{f"execution.{name}": ("output",) for name in ("query", "format", "merge", "dedupe", "fake")},
    }
    for engine in ENGINES.values():
        for each in engine.verbs.values():
            assert set(each.paths) <= set(each.arguments)
            # By these names arguments are known to be paths everywhere.
            assert {"path", "target", "output", "location"} & set(each.arguments) <= set(each.paths)
