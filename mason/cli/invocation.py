"""One call of the command line: what was asked of all commands alike, and what the frame around them is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mason.errors import SettingsError
from mason.sessions import Session
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.unchanged import Look


@dataclass(slots=True)
class Invocation:
    """The global options of one call, and whether its command was asked for JSON.

    ``variables`` are the values of ``--var`` and ``--var-file``, in their order. ``legacy`` asks for the JSON of
    Mason 1.x.
    ``session`` is what the call has for itself in its process. ``left_behind`` says that threads still do work for
    which nobody waits, and which cannot be ended but with the process. ``before`` is what a plan depends on, as it was
    before it is made, where the answer may be kept.
    """

    state: str | None = None
    workspace: str | None = None
    no_color: bool = False
    log_level: str = "warning"
    json: bool = False
    legacy: bool = False
    variables: list[tuple[str, str]] = field(default_factory=list)
    left_behind: bool = False
    session: Session = field(default_factory=Session)
    before: Look | None = None

    def where(self) -> str:
        """The options of this command line that lead to its state, for another one."""
        import shlex

        given = (("--state", self.state), ("--workspace", self.workspace))
        return "".join(f"{option} {shlex.quote(value)} " for option, value in given if value is not None)

    @property
    def debug(self) -> bool:
        """Whether tracebacks are wanted."""
        return self.log_level == "debug"

    def log(self, text: str) -> None:
        """Tell those who asked for ``-l info`` or ``-l debug``."""
        if self.log_level in ("debug", "info"):
            import logging

            logging.getLogger("mason").info(text)


def unwritable(error: OSError) -> SettingsError:
    """The error of a result for which stdout has no room."""
    return SettingsError(f"The result cannot be written to stdout ({error.strerror}).")
