"""What state stores must keep between processes, where another process can open them by their URL."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mason.errors import StateConflictError, StateFormatError, StateLockedError
from mason.state.format import encode
from mason.state.store import StateStore
from mason.testing.stores import StateStoreSuite, renewable, resources


class SharedStateStoreSuite(StateStoreSuite):
    """``StateStoreSuite``, and what is promised between processes; override ``remove_state``, too.

    ``takeover_seconds``: how long a dead process may still hold a lock.
    """

    takeover_seconds: float = 0.0

    def remove_state(self, store: StateStore) -> None:
        """Take the current snapshot away, past the store."""
        raise NotImplementedError

    def test_a_lost_state_is_no_empty_one(self, store: StateStore, another: StateStore) -> None:
        """Raises ``StateFormatError`` where there is none beside backups; what is put back is the state again."""
        first = store.write(resources(1), base=store.read())
        second = store.write(resources(2), base=first)
        self.remove_state(store)
        for handle in (store, another):
            with pytest.raises(StateFormatError):
                handle.read()
            with pytest.raises(StateConflictError):
                handle.write(resources(3), base=second)
        assert (another.list_backups(), another.get_backup(1)) == ([1], first)
        self.overwrite_state(store, encode(first))
        assert (store.read(), another.read()) == (first, first)

    def test_another_process_sees_the_same(self, store: StateStore) -> None:
        """``url`` opens the same store in another process."""
        written = store.write(resources(1), base=store.read())
        answer = self._python(f"print(open_store({store.url!r}).read().serial)").communicate()[0]
        assert answer == f"{written.serial}\n"

    def test_the_lock_of_another_process(self, store: StateStore) -> None:
        """A lock excludes other processes, and the lock of a process that died is free."""
        process = self._python(
            f"with open_store({store.url!r}).lock('apply') as held:\n    print(held.info.pid, flush=True)\n    input()"
        )
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        try:
            held = store.lock_info()
            assert held is not None
            assert (held.pid, held.operation) == (pid, "apply")
            with pytest.raises(StateLockedError, match=f"process {pid}"), store.lock("apply"):
                pass
        finally:
            process.kill()
            process.communicate()
        with store.lock("apply", timeout=self.takeover_seconds) as mine:
            assert renewable(store.lock_info()) == renewable(mine.info)

    @staticmethod
    def _python(script: str) -> subprocess.Popen[str]:
        """A Python process that runs ``script`` with ``open_store`` at hand."""
        command = [sys.executable, "-c", f"from mason.state.urls import open_store\n{script}"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
