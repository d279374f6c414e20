"""One file: what Mason makes of it, what another reader makes of it, and which word says how they stand.

| word | what it says |
|---|---|
| same | Mason read what the other reader read, or said that there is nothing |
| asked | the file can be read in several ways, and Mason says which option decides |
| told | the file is damaged or none of its format, and Mason says why, and what to do; or Mason tells what it changes |
| refused | the other reader reads the file and Mason does not, and says why |
| unhelpful | Mason does not read the file, and does not name it, or says nothing that would help |
| wrong | Mason read something else, without a word |
| lenient | Mason read a file of JSON or parquet that the other reader finds damaged, so that no value can be compared |
| unjudged | Mason read the file, and the other reader lacks what it would need for it |
| crashed, hung | the process ended, or took too long |
"""

from __future__ import annotations

import io
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.suites import references, values
from benchmarks.suites.references import Ambiguous, Invalid, Unread

WORDS = ("same", "asked", "told", "refused", "unhelpful", "wrong", "lenient", "unjudged", "crashed", "hung")
_REMEDY = re.compile(
    r"(?:^|[.:,;)] |\()(?:or |else |then )?(?:Mend|Register|Save|Get|Rename|Write|Convert|Decompress|Compress|Make|"
    r"Name|Say|Give|Ask|Install|Nest|Quote|Leave|Remove|Raise|register the table|pip install)\b"
)
_CHANGES = re.compile("^times are read without a zone|^instants that tell nanoseconds are rounded")
_RAW = re.compile(
    r"failed inside|INTERNAL|Exception|Traceback|(?:Invalid Input|IO|Binder|Conversion|Parser|Out of Range|"
    r"Not implemented) Error|read_csv|read_json|read_parquet|auto_detect|ignore_errors|null_padding|union_by_name"
)


@dataclass(frozen=True)
class Verdict:
    """How Mason stands with a file: one of :data:`WORDS`, why, and what it took in seconds and MB."""

    file: str
    word: str
    why: str = ""
    seconds: float = 0.0
    memory: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What Mason read: names, types and rows, and what it told of them."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    options: dict[str, Any]
    notes: tuple[str, ...]
    seconds: float = 0.0
    memory: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """What Mason said instead of reading a file."""

    told: str
    seconds: float = 0.0
    memory: float = 0.0


def judge(folder: Path, file: Path, answer: Answer | Refusal) -> tuple[str, str]:
    """The verdict on a file below ``folder``: one of :data:`WORDS`, and why."""
    kind = _kind(file)
    if isinstance(answer, Refusal):
        return _of_refusal(kind, file, answer.told)
    return _of_answer(kind, file, answer)


def read(folder: Path, file: Path) -> Answer | Refusal:
    """A file as a person reads it, the table that it is and all of its rows; or how it is refused."""
    from mason.errors import MasonError

    reset_memory()
    start = time.perf_counter()
    try:
        found: Answer | Refusal = _read(folder, file.relative_to(folder).as_posix())
    except MasonError as error:
        found = Refusal(str(error))
    except Exception as error:  # noqa: BLE001
        found = Refusal(f"Traceback: {type(error).__name__}: {error}")
    return replace(found, seconds=round(time.perf_counter() - start, 3), memory=round(most_memory(), 1))


def _read(folder: Path, path: str) -> Answer:
    from mason.clients.local import LocalClient

    with tempfile.TemporaryDirectory() as warehouse:
        configuration = {"root": str(folder), "warehouse": warehouse, "threads": 1}
        client = LocalClient(configuration, base=folder)
        table = client.engine("storage").infer_table(path)
        columns = table.schema.columns if table.schema else ()
        rows = client.engine("execution").query("SELECT * FROM $table", table=table).rows if columns else []
    return Answer(
        tuple(column.name for column in columns),
        tuple(column.type for column in columns),
        rows,
        dict(table.options),
        tuple(table.notes),
    )


def helps(message: str, file: Path) -> bool:
    """Whether a refusal names the file, says what to do, and is in words of its own."""
    own = message.replace(file.name, "")
    return own != message and _REMEDY.search(own) is not None and _RAW.search(_paths_out(own, file)) is None


def _paths_out(message: str, file: Path) -> str:
    """A message without the folders of the file that it names, whose names may be anything."""
    for folder in file.parts[1:-1]:
        message = message.replace(f"{folder}/", "")
    return message


def _kind(file: Path) -> str:
    from mason.clients._tables.formats import ending_of

    return ending_of(file.name).format


def _of_refusal(kind: str, file: Path, refusal: str) -> tuple[str, str]:
    if not helps(refusal, file):
        return "unhelpful", refusal
    try:
        _READERS[kind](file)
    except Invalid as error:
        return "told", f"{refusal} [{error}]"
    except Ambiguous as error:
        return "asked", f"{refusal} [{error}]"
    except Unread as error:
        return "told", f"{refusal} [{error}]"
    if "read_headers" in refusal:
        # No reader knows whether a year is a name.
        return "asked", refusal
    return "refused", refusal


def _of_answer(kind: str, file: Path, answer: Answer) -> tuple[str, str]:
    try:
        return _COMPARED[kind](file, answer)
    except Invalid as error:
        return "lenient" if kind in ("json", "parquet") else "wrong", f"read, although it is invalid: {error}"
    except Ambiguous as error:
        return "wrong", f"guessed: {error}"
    except Unread as error:
        return "unjudged", str(error)


def _compared_csv(file: Path, answer: Answer) -> tuple[str, str]:
    skipped = answer.options.get("skip", 0)
    told = any("left out" in note for note in answer.notes) or _hinted(file, skipped)
    if skipped and not told and not _blank(file, skipped, answer):
        return "wrong", f"left out {skipped} lines without a word"
    cells = references.csv_cells(file, answer.options)
    if any(note.startswith("a blank before a quote is left out") for note in answer.notes):
        cells = references.unspaced(cells)
    nulls = answer.options.get("null", ())
    nulls = {nulls} if isinstance(nulls, str) else set(nulls)

    def same(text: str, value: Any, kind: str) -> bool:
        if value is None:
            return text == "" or text in nulls
        if value == "" and text == "":
            return cells.blank
        return values.as_written(text, value, kind)

    return _cell_by_cell(answer, cells.names, cells.rows, same)


def _blank(file: Path, lines: int, answer: Answer) -> bool:
    text = references.text_of(file, str(answer.options.get("encoding", "")))
    return not "".join(io.StringIO(text, newline="").readlines()[:lines]).strip()


def _hinted(file: Path, skipped: int) -> bool:
    head = references.content(file)[:20]
    return skipped == 1 and re.match(rb'(\xef\xbb\xbf)?"?sep=.', head, re.IGNORECASE) is not None


def _compared_json(file: Path, answer: Answer) -> tuple[str, str]:
    records = references.json_records(file)
    if not records and not answer.rows:
        return "same", "empty"
    objects = [each for each in records if isinstance(each, dict)]
    if len(objects) == len(records) and any(objects):
        keys = list(dict.fromkeys(key for each in objects for key in each))
        if set(keys) != set(answer.names):
            return "wrong", f"columns {sorted(set(keys) ^ set(answer.names))} are not in both"
        rows = [[each.get(name) for name in answer.names] for each in records]
    else:
        rows = [[each] for each in records]
    names = answer.names if any(objects) else ("json",)
    return _cell_by_cell(answer, names, rows, values.same_json)


def _compared_parquet(file: Path, answer: Answer) -> tuple[str, str]:
    cells = references.parquet_cells(file)
    found = _cell_by_cell(answer, cells.names, cells.rows, values.same_column)
    if found[0] == "wrong" and any(_CHANGES.search(note) for note in answer.notes):
        noted = _cell_by_cell(answer, cells.names, cells.rows, _announced)
        return ("told", "; ".join(answer.notes)) if noted[0] == "same" else found
    return found


def _announced(wanted: Any, value: Any, kind: str) -> bool:
    return values.same_column(wanted, value, kind) or values.nearly_same_time(wanted, value)


def _compared_xlsx(file: Path, answer: Answer) -> tuple[str, str]:
    sheet = next((found[1] for note in answer.notes if (found := re.match(r"sheet '(.*?)' was read", note))), "")
    rows = references.xlsx_rows(file, sheet)
    above = next(
        (found for note in answer.notes if (found := re.match(r"rows? (\d+)(?: to (\d+))? w\w+ left out", note))), None
    )
    if above:
        rows = rows[int(above[2] or above[1]) :]
    while rows and not any(cell is not None for cell in rows[0]):
        rows = rows[1:]
    if not rows:
        return ("same", "") if not answer.names else ("wrong", f"{len(answer.names)} columns of an empty sheet")
    trimmed = list(answer.rows)
    while trimmed and not any(value not in (None, "") for value in trimmed[-1]):
        trimmed.pop()
    below = rows[1:]
    while below and not any(value not in (None, "") for value in below[-1]):
        below.pop()
    names = ["" if name is None else name for name in rows[0]]
    answer = Answer(answer.names, answer.kinds, trimmed, answer.options, answer.notes)
    trims = references.trims(file)

    def same(wanted: Any, value: Any, kind: str) -> bool:
        return values.same_cell(wanted, value, kind, trimmed=trims)

    return _cell_by_cell(answer, names, below, same)


def _cell_by_cell(
    answer: Answer, names: Sequence[Any], rows: Sequence[Sequence[Any]], same: Callable[[Any, Any, str], bool]
) -> tuple[str, str]:
    if len(names) != len(answer.names):
        return (
            "wrong",
            f"{len(answer.names)} columns, {len(names)} in the file: {answer.names!r:.200} {tuple(names)!r:.200}",
        )
    for index, (wanted, name) in enumerate(zip(names, answer.names, strict=True)):
        if not _same_name(wanted, name, index) and not (same(wanted, name, "VARCHAR")):
            return "wrong", f"column {index + 1} is called {name!r}, {wanted!r} in the file"
    if len(rows) != len(answer.rows):
        return "wrong", f"{len(answer.rows)} rows, {len(rows)} in the file"
    for number, (wanted, row) in enumerate(zip(rows, answer.rows, strict=True), 1):
        for index, kind in enumerate(answer.kinds):
            if not same(wanted[index], row[index], kind):
                read, meant = f"{row[index]!r:.200}", f"{wanted[index]!r:.200}"
                return "wrong", f"row {number}, column {answer.names[index]} ({kind}): {read}, {meant} in the file"
    return "same", "; ".join(answer.notes)


def _same_name(wanted: Any, name: str, index: int) -> bool:
    """Whether a column is called as in the file; empty names are numbered, and of several alike the later ones."""
    if isinstance(wanted, str):
        # DuckDB calls a column without a name C and its number.
        bases = [re.escape(wanted)] if wanted.strip() else [f"column{index}", f"C{index}"]
        return any(re.fullmatch(base + r"(_\d+)*", name) for base in bases)
    return values.same_cell(wanted, re.sub(r"_\d+$", "", name), "VARCHAR") or values.same_cell(wanted, name, "VARCHAR")


_COMPARED: dict[str, Callable[[Path, Answer], tuple[str, str]]] = {
    "csv": _compared_csv,
    "json": _compared_json,
    "parquet": _compared_parquet,
    "xlsx": _compared_xlsx,
}


def _xlsx_table(file: Path) -> None:
    rows = references.xlsx_rows(file, "")
    if not rows:
        raise Ambiguous("the first sheet is empty")
    width = max(map(len, rows))
    first = next(row for row in rows if any(cell is not None for cell in row))
    if width > 1 and sum(cell is not None for cell in first) == 1:
        raise Ambiguous("the first row has one cell")


_READERS: dict[str, Callable[[Path], object]] = {
    "csv": lambda file: references.csv_cells(file),
    "json": lambda file: references.json_records(file),
    "parquet": lambda file: references.parquet_cells(file),
    "xlsx": _xlsx_table,
}


def reset_memory() -> None:
    """Forget the most memory that this process held, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return


def most_memory() -> float:
    """The most memory that this process held since, in MB."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
