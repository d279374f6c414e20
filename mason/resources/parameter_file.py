"""A file given with ``-f``: one mapping of parameters, as YAML or JSON (which YAML reads as well)."""

from __future__ import annotations

from pathlib import Path

from mason.errors import Diagnostic
from mason.resources.documents import read
from mason.resources.parameters import Given


def read_parameter_file(file: Path) -> Given:
    """The mapping in ``file``, or the file and the line of every fault in it."""
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        fault = Diagnostic(str(file), 0, f"the parameter file cannot be read: {reason}")
        return Given(faults=(fault,), complete=False)
    documents, faults = read(data)
    found = [
        Diagnostic(str(file), *fault) for fault in (*faults, *(f for document in documents for f in document.faults))
    ]
    if not found and len(documents) != 1:
        found = [Diagnostic(str(file), 0, f"expected one mapping of parameters, found {len(documents)}")]
    if found:
        return Given(faults=tuple(found), complete=False)
    return Given(documents[0].value)
