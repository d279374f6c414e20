"""Parameters and results in the arguments of sentences."""

from __future__ import annotations

import pytest

from mason.dryrun.sentences import finish
from mason.engines.models import Table
from mason.errors import NotFoundError
from mason.resources.operator import Sentence


def finished(arguments, values):
    return finish(Sentence("execution", "query", arguments), values)


def test_a_lone_placeholder_keeps_its_type():
    assert finished({"limit": "{{ limit }}", "table": "{{table}}"}, {"limit": 5, "table": Table("t")}) == {
        "limit": 5,
        "table": Table("t"),
    }


def test_inside_of_text_values_become_text():
    assert finished({"sql": "LIMIT {{limit}}{{none}};"}, {"limit": 5, "none": None}) == {"sql": "LIMIT 5;"}


def test_an_argument_without_value_is_left_out():
    assert finished({"output": "{{output}}"}, {"output": None}) == {}


def test_unknown_names_stay_visible():
    assert finished({"table": "{{table}}"}, {}) == {"table": "{{table}}"}


def test_values_are_not_looked_into():
    assert finished({"sql": "{{sql}}"}, {"sql": "SELECT '{{secret}}'", "secret": "x"}) == {"sql": "SELECT '{{secret}}'"}


def test_parts_of_results_are_reached_by_dots():
    assert finished({"a": "{{table.name}}", "b": ["{{m.x.y}}"]}, {"table": Table("t"), "m": {"x": {"y": 1}}}) == {
        "a": "t",
        "b": [1],
    }
    with pytest.raises(NotFoundError, match=r"\{\{table.nam\}\}: there is no nam in it."):
        finished({"a": "{{table.nam}}"}, {"table": Table("t")})
