"""The value of a secret that is known here is refused wherever a definition or a Python file of a plan holds it."""

from __future__ import annotations

import json

import pytest

from mason import secrets
from mason.errors import ResourceError
from mason.planner.plan import Action, Plan, Wanted
from mason.project.literals import refuse_literals
from mason.resources.resource import encode
from tests.planner.conftest import operator

SECRET = "correct-horse-battery"


def plan_of(definition, source: dict[str, str] | None = None) -> Plan:
    module = json.dumps(source).encode() if source else None
    wanted = Wanted("sha256:0", encode(definition), "flights", "all.yaml", source=module)
    return Plan((Action("create", "operator.table.get", file="all.yaml", line=3, wanted=wanted),))


def test_nothing_is_refused_that_holds_none():
    secrets.remember(SECRET)
    refuse_literals(plan_of(operator(description="battery")))
    refuse_literals(Plan((Action("delete", "operator.table.get"),)))


@pytest.mark.parametrize(
    ("made", "place"),
    [
        (plan_of(operator(description=f"with {SECRET}")), "Operator table:get: description"),
        (
            plan_of(operator(do=[{"storage.read": {"path": [SECRET]}}])),
            "Operator table:get: do[0].storage.read.path[0]",
        ),
        (plan_of(operator(), {"__init__.py": f"KEY = '{SECRET}'"}), "Operator table:get: file __init__.py"),
    ],
)
def test_the_place_is_told_and_the_value_is_not(made, place):
    secrets.remember(SECRET)
    with pytest.raises(ResourceError) as caught:
        refuse_literals(made)
    assert str(caught.value) == (
        f"all.yaml:3: {place} holds the value of a secret that a config refers to, which would end up in the state "
        "(take it out, and leave it to the config's {{NAME}})"
    )
