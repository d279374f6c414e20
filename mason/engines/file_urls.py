"""URLs of files: how places are named to engines that do not know whose root a path is relative to.

A path of a person is relative to a root, and only its client knows which. A URL means the same to every engine that
reaches its scheme. This module knows texts only: nothing is looked at.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# Beside letters and digits: what people may read as it is, wildcards among it. "?" would begin a query.
_PLAIN = "/*[]=,:@!$&'()+;~"


def scheme_of(path: str) -> str:
    """The scheme of a URL in lower case (``s3``); empty for a path."""
    found = _URL.match(path) if "://" in path else None
    return found[1].lower() if found else ""


def escaped(path: str) -> str:
    """``path`` as a URL holds it: ``%``, ``?``, ``#``, spaces and all but ASCII as ``%XX``. Wildcards ``*`` and ``[]``
    stay."""
    from urllib.parse import quote

    return quote(os.fsencode(path), safe=_PLAIN)


def unescaped(path: str) -> str:
    """The inverse of :func:`escaped`; a ``%`` that escapes nothing stays."""
    from urllib.parse import unquote

    return unquote(path, errors="surrogateescape")


def file_url(path: Path) -> str:
    """The URL (RFC 8089) of an absolute path of this machine: ``file:///data/a%20b.csv``."""
    return f"file://{escaped(path.as_posix())}"


def file_path(url: str) -> str | None:
    """The absolute path that a ``file`` URL means; ``None`` for other URLs, and for those of another machine."""
    if scheme_of(url) != "file":
        return None
    host, slash, path = url[len("file://") :].partition("/")
    return f"/{unescaped(path)}" if slash and host in ("", "localhost") else None
