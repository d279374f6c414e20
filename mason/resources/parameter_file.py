"""A file given with ``-f``: one mapping of parameters, as YAML or JSON (which YAML reads as well)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mason.errors import Diagnostic, ParameterError
from mason.resources.documents import read


def read_parameter_file(file: Path) -> dict[str, Any]:
    """The mapping in ``file``. Raises ``ParameterError`` naming the file and the line of every fault."""
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ParameterError([Diagnostic(str(file), 0, f"the parameter file cannot be read: {reason}")]) from error
    documents, faults = read(data)
    found = [
        Diagnostic(str(file), *fault) for fault in (*faults, *(f for document in documents for f in document.faults))
    ]
    if not found and len(documents) != 1:
        found = [Diagnostic(str(file), 0, f"expected one mapping of parameters, found {len(documents)}")]
    if found:
        raise ParameterError(found)
    return documents[0].value
