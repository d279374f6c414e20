"""The first thing that a process of Mason runs, by the ``mason`` script and by ``python -m mason``.

Loading the command line takes a while, in which Ctrl-C would end in a traceback. So nothing is imported here before
that is seen to.
"""

from __future__ import annotations

import os
import signal


def main() -> None:
    """See ``mason.cli.main``."""
    # Who started the process may have it ignored (nohup).
    early = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if early:
        # Nothing was begun that would have to be ended: the exit code is that of an interrupted command.
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from mason.cli import main as command_line

    if early:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line()


if __name__ == "__main__":
    main()
