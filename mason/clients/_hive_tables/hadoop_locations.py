"""Where tables lie, as Hadoop writes it and takes it as it is (``file:/data/a b``), and as a URL of Mason. Pure."""

from __future__ import annotations

from mason.engines.file_urls import escaped, file_path


def hadoop_location(url: str) -> str:
    """A URL as Hadoop writes it: that of a file without escapes."""
    path = file_path(url)
    return url.rstrip("/") if path is None else f"file:{path.rstrip('/') or '/'}"


def url_of(location: str) -> str:
    """A location of Hadoop's as Mason writes URLs: ``file:///data/a%20b``."""
    if location.startswith("file:/"):
        return f"file:///{escaped(location.removeprefix('file:').lstrip('/'))}"
    return location
