"""A plan on disk: what goes in comes out, down to the last field."""

from __future__ import annotations

import dataclasses
import getpass
import json
import os
from datetime import datetime, timedelta, timezone

import pytest

from mason import secrets
from mason.dryrun.calls import Call, Estimate, ShownStep
from mason.planner.plan import Action, Broken, Change, Drift, Plan, Unlooked, Wanted
from mason.planner.saved.planfile import read_planfile, write_planfile
from mason.resources.output_checks import of_definition
from mason.resources.resource import digest_of, encode
from mason.state import content
from mason.version import __version__

OPERATOR = {"type": "operator", "namespace": "table", "command": "get", "description": "Über alles"}
SOURCE = json.dumps({"__init__.py": "x = 'é'\n"}).encode()
CALL = Call(
    "local",
    "scheduler",
    "put_schedule",
    {"name": "s", "overwrite": True},
    read_only=False,
    known=False,
    wait=False,
    told=(("note", "query, line 1, column 1: rows are any"),),
    notes=("a note",),
)
STEP = ShownStep(
    "s1",
    "operator.a.b",
    "1",
    ("s0",),
    "all_done",
    "constant(1)",
    3,
    5,
    (CALL,),
    certain=False,
    untold={"a": 1},
    has_python=True,
    is_promised=True,
    wait=False,
    root="lake",
    checks=of_definition([{"accepted_values": {"column": "a", "values": ["x", 1]}, "at_most": "1%"}]),
)


def full_plan(**more):
    """A plan in which no field is what it would be if nobody had set it."""
    module = content.digest_of(SOURCE)
    digest = digest_of(encode(OPERATOR), module)
    wanted = Wanted(digest, encode(OPERATOR), "flights", "get.yaml", module, SOURCE)
    changes = (Change("a.b", "changed", {"x": [1, None]}, "two\nlines"), Change("c", "added", None, 3))
    action = Action(
        "run",
        "run.nightly",
        "its parameters changed",
        "runs.yaml",
        7,
        changes,
        unchanged=3,
        wanted=Wanted(digest_of(encode(RUN)), encode(RUN), "flights", "runs.yaml"),
        replaces="sha256:1",
        calls=(CALL,),
        steps=(STEP,),
        is_conditional=True,
        moved_from="run.daily",
        outcome={"status": "succeeded", "run_id": "20261121T101500.042-3f9a1c"},
        notes=("sentence 1 writes id BIGINT",),
        estimates=(Estimate("s1", 2, "athena", "execution.query", {"bytes_scanned": 1000}, "why"),),
    )
    overwrite = Action("overwrite", "operator.table.get", "x", "get.yaml", 1, wanted=wanted, replaces="sha256:0")
    given = {
        "actions": (action, overwrite),
        "unchanged": ("config.1",),
        "lineage": "abc",
        "serial": 4,
        "state": "file:///state",
        "project": "flights",
        "files": 2,
        "resources": 3,
        "passed_over": 1,
        "warnings": ("careful",),
        "foreign": {"other": ("operator.table.get",)},
        "drifts": (Drift("run.nightly", "table a.b", "changed", changes, "why"),),
        "unlooked": (Unlooked("run.nightly", "table a.c"),),
        "broken": (Broken("operator.a.b", "No client.", "plan", "1", elsewhere=True),),
        "undefined": ("operator.x.y",),
    }
    return Plan(**(given | more))


RUN = {"type": "run", "name": "nightly", "operator": "a:b", "config_id": "1"}


def is_set(value) -> list[str]:
    """The fields of a dataclass that hold what they hold when nobody gives them."""
    unset = []
    for field in dataclasses.fields(value):
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if getattr(value, field.name) == default:
            unset.append(field.name)
    return unset


def test_what_is_saved_comes_out_as_it_was(tmp_path):
    plan = full_plan()
    action, overwrite = plan.actions
    # So that a field which is added later and forgotten in the file is noticed here.
    values = (
        plan,
        action,
        overwrite.wanted,
        action.steps[0],
        action.calls[0],
        action.changes[0],
        plan.broken[0],
        action.estimates[0],
    )
    assert [is_set(value) for value in values] == [[], [], [], [], [], [], [], []]
    write_planfile(plan, tmp_path / "a.plan")
    assert read_planfile(tmp_path / "a.plan").plan == plan


def test_a_saved_plan_knows_who_made_it_and_when(tmp_path):
    write_planfile(full_plan(), tmp_path / "a.plan")
    saved = read_planfile(tmp_path / "a.plan")
    assert saved.created_by == f"{getpass.getuser()}@{os.uname().nodename}"
    assert saved.mason_version == __version__
    made = datetime.fromisoformat(saved.created_at)
    assert made.tzinfo is not None
    assert timedelta(0) <= datetime.now(timezone.utc) - made < timedelta(minutes=1)


def test_what_is_only_shown_is_scrubbed(tmp_path):
    secrets.remember("canary-in-a-plan-file")
    action = dataclasses.replace(
        full_plan().actions[0],
        reason="not canary-in-a-plan-file",
        changes=(Change("a", "changed", {"canary-in-a-plan-file": ["canary-in-a-plan-file"]}, 1),),
    )
    write_planfile(full_plan(actions=(action,), warnings=("denied: canary-in-a-plan-file",)), tmp_path / "a.plan")
    assert "canary" not in (tmp_path / "a.plan").read_text()
    plan = read_planfile(tmp_path / "a.plan").plan
    assert (plan.actions[0].reason, plan.warnings) == ("not REDACTED", ("denied: REDACTED",))
    assert plan.actions[0].changes == (Change("a", "changed", {"REDACTED": ["REDACTED"]}, 1),)


@pytest.mark.parametrize("options", [{"indent": 2}, {"sort_keys": True}, {"indent": 1, "sort_keys": True}])
def test_laying_the_json_out_anew_is_no_edit(tmp_path, options):
    file = tmp_path / "a.plan"
    write_planfile(full_plan(), file)
    file.write_text(json.dumps(json.loads(file.read_text()), **options))
    assert read_planfile(file).plan == full_plan()
