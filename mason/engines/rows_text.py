"""Rows as the text of a file, for a storage that writes text: what is small enough to be shown fits into one. Pure."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from mason.engines.models import Rows
from mason.errors import EngineError


def rows_text(rows: Rows, path: str) -> str:
    """All rows as the ending of ``path`` says: ``.csv``, ``.json`` (a list) or ``.jsonl``. Raises ``EngineError``."""
    ending = path.rpartition("/")[2].rpartition(".")[2].lower()
    if ending == "json":
        return json.dumps(rows.to_dicts(), ensure_ascii=False, indent=1) + "\n"
    if ending == "jsonl":
        return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows.to_dicts())
    if ending != "csv":
        raise EngineError(f"Rows are written as text, and {path} does not say how: end it with .csv, .json or .jsonl.")
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(rows.schema.names)
    writer.writerows([_cell(value) for value in row] for row in rows.rows)
    return written.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | tuple) else value
