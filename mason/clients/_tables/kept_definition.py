"""The definition of a table among the parameters that a catalog keeps with it, so that Mason reads it as it was
registered: with the types, options and notes that the catalog has no words for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mason.engines.models import Table
from mason.errors import EngineError

KEPT = "mason.table."
"""What the names of these parameters begin with; a number follows."""

# A metastore keeps parameters of at most 4,000 characters.
_PIECE = 3500


def kept_parameters(table: Table) -> dict[str, str]:
    """The parameters that hold a definition."""
    written = json.dumps(table.to_dict(), ensure_ascii=False)
    pieces = [written[start : start + _PIECE] for start in range(0, len(written), _PIECE)]
    return {f"{KEPT}{index}": piece for index, piece in enumerate(pieces)}


def kept_table(parameters: Mapping[str, str], name: str) -> Table | None:
    """The definition that is among ``parameters`` of the table ``name``; ``None`` where there is none.

    Raises ``EngineError`` where it is damaged.
    """
    pieces = [
        (int(key.removeprefix(KEPT)), piece)
        for key, piece in parameters.items()
        if key.startswith(KEPT) and key.removeprefix(KEPT).isdigit()
    ]
    if not pieces:
        return None
    try:
        return Table.from_dict(json.loads("".join(piece for _, piece in sorted(pieces))))
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"What Mason keeps with the table {name} is damaged. Register it again, with overwrite."
        ) from error
