"""What operators of 1.x are given beside the engines: the parameters, and an environment that holds nothing today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mason


class ValidatedParameters:
    """The parameters of a run. Text and ``None`` as in 1.x: what today has a type is read as its text."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self.changed: dict[str, Any] = {}
        """What was set to another value than it had."""

    def get_required(self, attribute: str) -> Any:
        """The value of a parameter; empty text where it has none."""
        found = self.get_optional(attribute)
        return "" if found is None else found

    def get_optional(self, attribute: str) -> Any:
        """The value of a parameter; ``None`` where it has none, or is false, which 1.x could not say."""
        value = self._values.get(attribute)
        if isinstance(value, bool):
            return "true" if value else None
        return str(value) if isinstance(value, int | float) else value

    get_parsed = unsafe_get = get_optional
    safe_get = get_required

    def set_required(self, attribute: str, value: Any) -> ValidatedParameters:
        """Set a parameter that there is; of others nothing is kept."""
        if attribute in self._values and self._values[attribute] != value:
            self._values[attribute] = self.changed[attribute] = value
        return self

    def has_invalid(self) -> bool:
        """Never: what is invalid was refused before the run."""
        return False


Parameters = ValidatedParameters


class MasonEnvironment:
    """The environment of 1.x, which held where things are; today that is not for operators to know."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise mason.OperatorError(f"env.{name} of Mason 1.x is not kept: ask the engines of config, or os.environ.")


class _OperatorApi:
    """What modules of 1.0x named in their function ``api``, which nobody calls any more."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Refused."""
        raise mason.OperatorError("OperatorApi of Mason 1.0x is not kept: every operator has its place in the server.")


operator_api = _OperatorApi()
