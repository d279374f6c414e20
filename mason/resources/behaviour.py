"""The digest of what a definition does, and not of what it is called or how it is described. Pure.

A run is done again when the behaviour of something that it used changed. Each kind says which parts of a definition
make its behaviour (see ``Kind.behaviour``). Names, descriptions and flags do not, nor does the order of parameters. Of
Python files each character counts, comments and docstrings too: only running the code could tell what it does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mason.resources.kinds import kind_named
from mason.resources.resource import encode

_PREFIX = "behaviour:"
"""How a behaviour is told from the digest of a whole definition."""


def behaviour_of(definition: Mapping[str, Any], module: str | None) -> str:
    """``behaviour:sha256:`` and the hash of what an applied config, operator or workflow does.

    ``definition`` is normalized; ``module`` is the digest of its Python files, if it has any. Raises ``ValueError`` and
    ``RecursionError`` for what was edited into something that no definition holds.
    """
    behaviour = kind_named(definition["type"]).behaviour
    said = behaviour(definition) if behaviour is not None else dict(definition)
    return _PREFIX + "sha256:" + hashlib.sha256(encode({"module": module, "definition": said})).hexdigest()


def is_behaviour(digest: str) -> bool:
    """Whether ``digest`` is one that :func:`behaviour_of` made, and not that of a whole definition."""
    return digest.startswith(_PREFIX)
