"""What operators return: shown whole, or refused in words."""

from __future__ import annotations

import pytest

from mason.engines.models import Column, Rows, Schema, Table
from mason.errors import OperatorError
from mason.runtime.answer import data_of

SCHEMA = Schema((Column("x", "INT"),))
ENDLESS: list = []
ENDLESS.append(ENDLESS)


class Broken:
    """A model of somebody's own."""

    def to_dict(self):
        raise KeyError("x")


@pytest.mark.parametrize(
    ("returned", "data"),
    [
        (None, []),
        (0, [0]),
        ([], []),
        ("text", ["text"]),
        (b"bytes", ["bytes"]),
        (Table("t"), [{"name": "t", "kind": "table"}]),
        ((Table("t"), 5), [{"name": "t", "kind": "table"}, 5]),
        (range(3), [0, 1, 2]),
        (Rows(SCHEMA, [(1,), (None,)]), [{"x": 1}, {"x": None}]),
        ([Rows(SCHEMA, [(1,)])], [[{"x": 1}]]),
        ({"a": Rows(SCHEMA, [(1,)])}, [{"a": [{"x": 1}]}]),
    ],
)
def test_what_can_be_shown(returned, data):
    assert data_of(returned, of="Operator py:go") == data


@pytest.mark.parametrize(
    "returned",
    [
        Rows(SCHEMA, [(1, 2)]),
        Rows(SCHEMA, [()]),
        Rows(SCHEMA, [(object(),)]),
        Rows(SCHEMA, [(float("nan"),)]),
        Rows(SCHEMA, 5),  # type: ignore[arg-type]
        ENDLESS,
        {"a": ENDLESS},
        Broken(),
        "\ud800",
        object(),
        {1, 2},
        float("inf"),
    ],
    ids=lambda returned: type(returned).__name__,
)
def test_what_cannot_be_shown_is_the_operators_fault(returned):
    with pytest.raises(OperatorError) as refused:
        data_of(returned, of="Operator py:go")
    message = str(refused.value)
    article = "an" if type(returned) is object else "a"
    assert message.startswith(f"Operator py:go returned {article} {type(returned).__name__} that cannot be shown (")
    assert message.endswith("Return a model, a mapping, rows, a job, text, numbers or a list of these.")
