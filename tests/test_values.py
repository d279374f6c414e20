"""Value classes behave as those of the standard library do, which each test asks as well."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from mason import values


class Plain:
    """What both decorators are given."""

    name: str
    size: int = 0
    options: Mapping[str, Any] = values.field(default_factory=dict)
    token: str = values.field(default="", compare=False)
    notes: tuple[str, ...] = values.field(default=(), hash=False)
    hidden: str = values.field(default="", repr=False)

    @property
    def title(self) -> str:
        return self.name.title()

    @classmethod
    def empty(cls) -> Any:
        return cls("")


def body() -> dict[str, Any]:
    """The body of the class anew: a decorator changes what it is given."""
    body = {name: value for name, value in vars(Plain).items() if name not in ("__dict__", "__weakref__")}
    body["__annotations__"] = dict(Plain.__annotations__)
    for name, each in body.items():
        if isinstance(each, dataclasses.Field):
            body[name] = copy.copy(each)
    return body


Quick = values.dataclass(frozen=True, slots=True)(type("Quick", (), body()))
Standard = dataclasses.dataclass(frozen=True, slots=True)(type("Standard", (), body()))


@values.dataclass(slots=True)
class Counted:
    """To be pickled, which takes a name in a module."""

    number: int


both = pytest.mark.parametrize("kind", [Quick, Standard])


@both
def test_fields_are_given_by_place_or_name_and_the_rest_has_defaults(kind):
    value = kind("a", size=2)
    assert (value.name, value.size, value.options, value.token, value.notes) == ("a", 2, {}, "", ())
    assert kind("a").options is not kind("a").options
    assert kind("a", options=None).options is None
    assert value.title == "A"
    assert kind.empty() == kind("")


@both
def test_wrong_arguments_are_refused_by_name(kind):
    with pytest.raises(
        TypeError, match=rf"^{kind.__name__}.__init__\(\) missing 1 required positional argument: 'name'$"
    ):
        kind()
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        kind("a", colour="red")


@both
def test_values_are_equal_by_what_is_compared(kind):
    assert kind("a", 1) == kind("a", 1, token="other")
    assert kind("a", 1) != kind("a", 2)
    assert kind("a") != kind("a", notes=("x",))
    assert (kind("a") == "a") is False
    assert Quick("a") != Standard("a")


def test_a_value_that_is_not_equal_to_itself_is_found_again():
    # As those of the standard library were before Python 3.13.
    made = values.dataclass(frozen=True, slots=True)(type("One", (), {"__annotations__": {"only": "float"}}))
    nothing = float("nan")
    assert made(nothing) == made(nothing)
    assert hash(made(1.0)) == hash(made(1.0))


@both
def test_values_are_keys_by_what_is_hashed(kind):
    first, second = kind("a", 1, ()), kind("a", 1, (), "token", ["not", "hashed"])
    assert hash(first) == hash(second)
    assert {kind("a", 1, ()): "found"}[kind("a", 1, ())] == "found"
    with pytest.raises(TypeError, match="unhashable type: 'dict'"):
        hash(kind("a"))


@both
def test_values_show_themselves(kind):
    assert repr(kind("a", hidden="b")) == f"{kind.__name__}(name='a', size=0, options={{}}, token='', notes=())"
    circle = kind("a", options={})
    circle.options["self"] = circle
    assert repr(circle) == f"{kind.__name__}(name='a', size=0, options={{'self': ...}}, token='', notes=())"


@both
def test_values_stay_as_they_are(kind):
    value = kind("a")
    for change, message in (
        (lambda: setattr(value, "name", "b"), "cannot assign to field 'name'"),
        (lambda: delattr(value, "name"), "cannot delete field 'name'"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError) as caught:
            change()
        assert str(caught.value) == message
    assert value.name == "a"
    assert not hasattr(value, "__dict__")


@both
def test_values_are_copied_pickled_and_matched(kind):
    value = kind("a", 1, {"b": 2}, "token", ("note",), "hidden")
    for copied in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert dataclasses.astuple(copied) == ("a", 1, {"b": 2}, "token", ("note",), "hidden")
    assert kind.__match_args__ == ("name", "size", "options", "token", "notes", "hidden")


@both
def test_what_the_standard_library_does_with_values_works(kind):
    value = kind("a", 1)
    assert dataclasses.replace(value, name="b") == kind("b", 1)
    assert [each.name for each in dataclasses.fields(value)] == list(kind.__match_args__)
    assert dataclasses.asdict(value)["size"] == 1
    assert kind.__doc__ == "What both decorators are given."


@both
def test_what_a_class_says_itself_stays(kind):
    one = values.dataclass if kind is Quick else dataclasses.dataclass
    own = {"__annotations__": {"name": "str"}, "__repr__": lambda self: f"<{self.name}>"}
    made = one(frozen=True, slots=True)(type("Own", (), own))
    assert repr(made("a")) == "<a>"


@pytest.mark.parametrize("decorator", [values.dataclass, dataclasses.dataclass])
def test_what_is_not_frozen_changes_and_is_no_key(decorator):
    made = decorator(slots=True)(type("Count", (), {"__annotations__": {"number": "int"}, "number": 0}))
    count = made()
    count.number += 1
    assert count == made(1)
    assert repr(copy.copy(count)) == "Count(number=1)"
    assert pickle.loads(pickle.dumps(Counted(2))) == Counted(2)
    with pytest.raises(AttributeError):
        count.other = 1
    with pytest.raises(TypeError, match="unhashable type: 'Count'"):
        hash(count)


@both
def test_a_class_without_fields_is_a_value(kind):
    one = values.dataclass if kind is Quick else dataclasses.dataclass
    made = one(frozen=True, slots=True)(type("Nothing", (), {}))
    assert made() == made()
    assert repr(made()) == "Nothing()"


def test_what_it_cannot_make_is_refused():
    message = "mason.values makes classes with slots. Take dataclasses.dataclass for others."
    with pytest.raises(TypeError) as caught:
        values.dataclass(frozen=True, slots=False)
    assert str(caught.value) == message
    make = values.dataclass(frozen=True, slots=True)
    with pytest.raises(TypeError) as caught:
        make(type("Later", (), {"__post_init__": lambda self: None}))
    assert str(caught.value) == "Later has __post_init__ or a base with fields: take dataclasses.dataclass."
    with pytest.raises(TypeError) as caught:
        make(type("Below", (Quick,), {}))
    assert str(caught.value) == "Below has __post_init__ or a base with fields: take dataclasses.dataclass."
    with pytest.raises(TypeError) as caught:
        make(type("Half", (), {"__annotations__": {"name": dataclasses.InitVar[str]}}))
    assert str(caught.value) == "Half has an InitVar or a ClassVar: take dataclasses.dataclass."
