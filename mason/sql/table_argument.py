"""``$table``: what stands in a query for the table that the verb was given beside it."""

from __future__ import annotations

TABLE = "$table"
"""What stands for the table in a query, and the name of what is behind it, so that errors say it as it was written."""


def quoted(sql: str) -> str:
    """The text with ``$table`` quoted and closing semicolons cut. Works on DuckDB's tokens, so that strings, quoted
    names and comments stay as they are."""
    import duckdb

    # Offsets of tokens count bytes.
    text = sql.encode("utf-8")
    tokens = duckdb.tokenize(sql)
    if not tokens:
        return ""
    starts = [offset for offset, _ in tokens]
    pieces: list[bytes] = []
    done = 0
    for index, start in enumerate(starts[:-1]):
        if text[start : start + 1] == b"$" and starts[index + 1] == start + 1 and _is_table(text, start + 1):
            pieces += [text[done:start], b'"$table"']
            done = start + len(TABLE)
    last = len(starts)
    while last and text[starts[last - 1] : starts[last - 1] + 1] == b";":
        last -= 1
    cut = starts[last] if last < len(starts) else len(text)
    pieces.append(text[done:cut])
    return b"".join(pieces).decode("utf-8")


def _is_table(text: bytes, start: int) -> bool:
    after = text[start + 5 : start + 6]
    return text[start : start + 5].lower() == b"table" and not (after.isalnum() or after == b"_" or after > b"\x7f")
