"""The first thing that a process of Mason runs, by the ``mason`` script and by ``python -m mason``.

Loading the command line takes a while, in which Ctrl-C would end in a traceback. So nothing is imported here before
that is seen to. And a plan that was made before may need no command line at all.
"""

from __future__ import annotations

import os
import sys

try:
    # What is around it loads enum, for names that nothing here prints.
    import _signal as signal  # type: ignore[import-not-found]
except ImportError:
    import signal


def main() -> None:
    """See ``mason.cli.main``."""
    # Who started the process may have it ignored (nohup).
    early = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if early:
        # Nothing was begun that would have to be ended: the exit code is that of an interrupted command.
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from mason.unchanged import look

    before = look(sys.argv[1:])
    if before is not None and before.answer is not None and _told(before.answer):
        return
    from mason.cli import main as command_line

    if early:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line(before)


def _told(answer: str) -> bool:
    """Print ``answer``. Where it cannot be printed, the command line says so."""
    try:
        sys.stdout.write(answer)
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    main()
