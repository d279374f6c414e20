"""The views that a session keeps between queries: to make one and drop it again takes longer than many a query.

Their names tell what is in them (files with their versions, columns), so a view whose files changed is another one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from mason.values import dataclass

_MOST = 32
"""So many views a session keeps; of more, those go first that were not used for the longest time."""


@dataclass(slots=True)
class _Kept:
    users: int = 0
    is_made: bool = False


class KeptViews:
    """Those of one session. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # In the order of their last use.
        self._views: dict[str, _Kept] = {}

    def take(self, name: str) -> bool:
        """Whether there is a view of this name. It is not dropped until it is given back, also where it is yet to be
        made."""
        with self._lock:
            kept = self._views.pop(name, None) or _Kept()
            self._views[name] = kept
            kept.users += 1
            return kept.is_made

    def made(self, name: str) -> None:
        """Tell that a view which was taken is there now."""
        with self._lock:
            self._views[name].is_made = True

    def give_back(self, names: Sequence[str], drop: Callable[[str], None]) -> None:
        """Tell that views are not needed any more; ``drop`` is called for what is not kept. It is called within the
        lock: another thread might be about to make the same view again."""
        with self._lock:
            for name in names:
                self._views[name].users -= 1
            idle = [name for name, kept in self._views.items() if not kept.users]
            unmade = [name for name in idle if not self._views[name].is_made]
            made = [name for name in idle if self._views[name].is_made]
            for name in unmade:
                del self._views[name]
            for name in made[: max(len(self._views) - _MOST, 0)]:
                del self._views[name]
                drop(name)
