"""What S3 says of objects: pages of listings, which are XML, and the headers of one object."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus

from mason.clients._objects.object_store import ObjectFacts

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class Page(NamedTuple):
    """A page of ``ListObjectsV2``: objects, prefixes up to the delimiter, and the token of the next page (empty: it is
    the last one)."""

    objects: list[ObjectFacts]
    prefixes: list[str]
    next: str


def page_of(content: bytes) -> Page:
    """What a page says. Raises ``ValueError`` for one that does not say all of it."""
    from xml.etree import ElementTree

    try:
        top = ElementTree.fromstring(content)
        return _page(top, top.tag[: top.tag.rindex("}") + 1] if top.tag.startswith("{") else "")
    except (ElementTree.ParseError, KeyError) as error:
        raise ValueError(str(error)) from error


def _page(top: Element, space: str) -> Page:
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
    """What the answer to a ``HEAD`` says of an object. Raises ``ValueError`` for one that does not say all of it."""
    try:
        modified = _seconds(headers["last-modified"]) * 10**9
        return ObjectFacts(key, int(headers["content-length"]), headers["etag"], modified)
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from error


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _seconds(date: str) -> int:
    """A date as headers have it. The module that reads all forms of it takes longer to load than a request takes."""
    match date.replace(":", " ").split(" "):
        case [_, day, month, year, hour, minute, second, "GMT"] if month in _MONTHS and year.isdigit():
            when = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
            made = datetime(*when, tzinfo=timezone.utc)
        case _:
            from email.utils import parsedate_to_datetime

            made = parsedate_to_datetime(date)
    return int(made.timestamp())


# Objects that were written together share their times.
@lru_cache(maxsize=1000)
def _moment_ns(text: str) -> int:
    # Always in UTC; seconds are what a HEAD tells, too.
    return int(datetime.fromisoformat(f"{text[:19]}+00:00").timestamp()) * 10**9
