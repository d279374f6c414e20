"""Lets ``python -m mason`` do what the ``mason`` script does, for environments whose scripts are not on the PATH."""

from __future__ import annotations

from mason.cli import main

main()
