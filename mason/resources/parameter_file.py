"""A file given with ``-f``: one mapping of parameters, as YAML or JSON (which YAML reads as well)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mason import bounds
from mason.errors import Diagnostic
from mason.resources.parameters import Given

if TYPE_CHECKING:
    from mason.resources.documents import Document


def read_parameter_file(file: Path) -> Given:
    """The mapping in ``file``, or the file and the line of every fault in it."""
    document, faults = read_mapping(file)
    if document is None:
        return Given(faults=faults, complete=False)
    places = {name: (str(file), document.line_of((name,))) for name in document.value}
    return Given(document.value, places=places, spelled=document.spelled)


def read_mapping(file: Path, of: str = "parameter") -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """The one mapping in ``file`` with its lines; nothing, and what is wrong, where it cannot be read as that. ``of``
    is the word for what it holds."""
    try:
        data = bounds.read_file(file, bounds.PARAMETERS)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        return None, (Diagnostic(str(file), 0, f"the {of} file cannot be read: {reason}"),)
    # Imported here: most runs are given no file, and YAML need not be loaded for them.
    from mason.resources.documents import read

    documents, faults = read(data)
    found = [
        Diagnostic(str(file), *fault) for fault in (*faults, *(f for document in documents for f in document.faults))
    ]
    if not found and not documents:
        found = [Diagnostic(str(file), 0, f"the {of} file is empty", "write name: value lines, or leave it out")]
    elif not found and len(documents) != 1:
        found = [Diagnostic(str(file), 0, f"expected one mapping of {of}s, found {len(documents)}")]
    return (None, tuple(found)) if found else (documents[0], ())
