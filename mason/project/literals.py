"""No definition takes the value of a secret into the state: it is refused while it is planned, and not quoted.

Only values that are set here can be found. What stands in a secret field itself is refused when files are loaded,
whatever it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mason import secrets
from mason.errors import Diagnostic, ResourceError
from mason.resources.address import title_of
from mason.resources.wording import shown_path

if TYPE_CHECKING:
    from mason.planner.plan import Action, Plan


def refuse_literals(plan: Plan) -> None:
    """Raises ``ResourceError`` that names every place of a definition, and every Python file beside one, in which the
    value of a secret stands that is remembered by now."""
    faults = [fault for action in plan.actions for fault in _faults(action)]
    if faults:
        raise ResourceError(faults)


def _faults(action: Action) -> Iterator[Diagnostic]:
    wanted = action.wanted
    if wanted is None:
        return
    for what, encoded in (("", wanted.encoded), (" file", wanted.source or b"{}")):
        # Looked at as a whole first: hardly ever there is anything.
        for path in _places(json.loads(encoded), ()) if secrets.holds(encoded.decode()) else ():
            yield Diagnostic(
                action.file,
                action.line,
                f"{title_of(action.address)}:{what} {shown_path(path)} holds the value of a secret that a config "
                "refers to, which would end up in the state",
                "take it out, and leave it to the config's {{NAME}}",
            )


def _places(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, (dict, list)):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(step, str) and secrets.holds(step):
                yield path
            yield from _places(inner, (*path, step))
    elif secrets.holds(json.dumps(value) if not isinstance(value, str) else value):
        yield path
