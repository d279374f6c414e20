"""What the name of a file says about its content, alike for every client. Pure: nothing is opened."""

from __future__ import annotations

from mason.values import dataclass

_FORMATS = {
    "csv": "csv",
    "tsv": "csv",
    "psv": "csv",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
    "parquet": "parquet",
    "xlsx": "xlsx",
}
_DELIMITERS = {"tsv": "\t", "psv": "|"}
_COMPRESSIONS = ("gz", "zst")

TEXT = ("csv", "json", "jsonl")
"""Formats whose files are text, whose names show by what they are compressed."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A file's name taken apart: what is before the ending, its format (empty: none that we read), and the
    delimiter and compression that the ending promises. ``last`` is the word of the format, as ``ndjson``."""

    stem: str
    format: str = ""
    delimiter: str = ""
    compression: str = ""
    last: str = ""


def ending_of(name: str) -> Ending:
    """What the name of a file says about its content; upper and lower case are alike."""
    stem, _, last = name.rpartition(".")
    compression = ""
    if last.lower() in _COMPRESSIONS and "." in stem:
        compression = last.lower()
        stem, _, last = stem.rpartition(".")
    kind = _FORMATS.get(last.lower(), "") if stem else ""
    if not kind or (compression and kind not in TEXT):
        return Ending(name)
    return Ending(stem, kind, _DELIMITERS.get(last.lower(), ""), compression, last.lower())


def written_format(ending: Ending) -> str:
    """The format that a name asks for: readers need not tell one value from a line for each row, writers do."""
    return "jsonl" if ending.last in ("jsonl", "ndjson") else ending.format
