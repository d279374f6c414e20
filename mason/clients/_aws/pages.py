"""What S3 says of objects: pages of listings, which are XML, and the headers of one object."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from mason.clients._objects.object_store import ObjectFacts


class Page(NamedTuple):
    """A page of ``ListObjectsV2``: objects, prefixes up to the delimiter, and the token of the next page (empty: it is
    the last one)."""

    objects: list[ObjectFacts]
    prefixes: list[str]
    next: str


def page_of(content: bytes) -> Page:
    """What a page says. Raises ``EngineError`` for one that is none."""
    from xml.etree import ElementTree

    from mason.errors import EngineError

    try:
        top = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise EngineError(f"A listing came damaged ({error}). Try again.") from error
    space = top.tag[: top.tag.rindex("}") + 1] if top.tag.startswith("{") else ""
    decoded = unquote_plus if top.findtext(f"{space}EncodingType") == "url" else str
    key, size, etag, modified = (f"{space}{name}" for name in ("Key", "Size", "ETag", "LastModified"))
    objects = []
    for each in top.iterfind(f"{space}Contents"):
        said = {inner.tag: inner.text or "" for inner in each}
        objects.append(ObjectFacts(decoded(said[key]), int(said[size]), said[etag], _moment_ns(said[modified])))
    prefixes = [decoded(each.findtext(f"{space}Prefix") or "") for each in top.iterfind(f"{space}CommonPrefixes")]
    more = top.findtext(f"{space}IsTruncated") == "true"
    return Page(objects, prefixes, (top.findtext(f"{space}NextContinuationToken") or "") if more else "")


def facts_of(key: str, headers: Mapping[str, str]) -> ObjectFacts:
    """What the answer to a ``HEAD`` says of an object."""
    from email.utils import parsedate_to_datetime

    modified = int(parsedate_to_datetime(headers["last-modified"]).timestamp()) * 10**9
    return ObjectFacts(key, int(headers["content-length"]), headers["etag"], modified)


# Objects that were written together share their times.
@lru_cache(maxsize=1000)
def _moment_ns(text: str) -> int:
    # Always in UTC; seconds are what a HEAD tells, too.
    return int(datetime.fromisoformat(f"{text[:19]}+00:00").timestamp()) * 10**9
