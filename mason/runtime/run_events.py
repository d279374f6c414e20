"""What happens in a run, noted in one place: written into its journal first, then told to the listener."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from mason.errors import ConflictError, MasonError
from mason.runtime.prepared_run import Tell
from mason.state.journal import Journal, event_of, was_asked


class RunEvents:
    """The events of one run, to be noted from any thread. Use it as a context manager, which closes the journal.

    A run that ``may_lack`` its journal goes on without one that cannot be written, and ``lack`` says why.
    """

    def __init__(self, run_id: str, tell: Tell, *, resumed: bool = False, may_lack: bool = False) -> None:
        """Open the journal of the run: a new one, or that of a run that is ``resumed``.

        Raises ``StateError`` when that is not possible, unless the run ``may_lack`` it, and ``ConflictError`` when the
        run goes on in another process.
        """
        self._tell = tell
        self._may_lack = may_lack
        self._resumed = resumed
        self._journal: Journal | None = None
        self.lack = ""
        try:
            self._journal = Journal.resume(run_id) if resumed else Journal.create(run_id)
        except ConflictError:
            raise
        except MasonError as error:
            self._go_without(error)

    def __enter__(self) -> RunEvents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._journal is not None:
            self._journal.close()

    def all(self) -> list[dict[str, Any]]:
        """The events that the journal has so far."""
        return self._journal.events() if self._journal is not None else []

    def note(self, event: str, **facts: Any) -> dict[str, Any]:
        """Write an event and tell it; returns it as it was written, without secrets. Raises ``StateError``."""
        noted = event_of(event, **facts)
        self._write(noted)
        self._tell(noted)
        return noted

    def keep(self, event: str, **facts: Any) -> dict[str, Any]:
        """As :meth:`note`, but of no interest to those who watch."""
        noted = event_of(event, **facts)
        self._write(noted)
        return noted

    def note_if_possible(self, event: str, **facts: Any) -> MasonError | None:
        """As :meth:`note`, but an event that cannot be written is told all the same; returns why it could not."""
        noted = event_of(event, **facts)
        failure: MasonError | None = None
        try:
            self._write(noted)
        except MasonError as error:
            failure = error
        self._tell(noted)
        return failure

    def tell(self, event: str, **facts: Any) -> None:
        """Tell an event that is not worth keeping."""
        self._tell(event_of(event, **facts))

    def asked(self) -> Mapping[str, Any] | None:
        """What another process has written to ask the run to end, since this was asked last; told as it is found."""
        if self._journal is None or not self._journal.others_wrote():
            return None
        asked = was_asked(self._journal.events())
        if asked is not None:
            self._tell(asked)
        return asked

    def take_back(self) -> None:
        """Leave no journal of a run that did not begin after all. That of a resumed run stays."""
        if self._journal is not None and not self._resumed:
            self._journal.remove()

    def _write(self, event: dict[str, Any]) -> None:
        if self._journal is None or self.lack:
            return
        try:
            self._journal.write(event)
        except MasonError as error:
            self._go_without(error)

    def _go_without(self, error: MasonError) -> None:
        if not self._may_lack:
            raise error
        self.lack = str(error)
