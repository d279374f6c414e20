"""Parquet files that pyarrow reads and DuckDB does not: each is copied by pyarrow once, as parquet that DuckDB reads.

DuckDB 1.5 lacks LZ4 as Hadoop writes it, BYTE_STREAM_SPLIT of other values than fractions, and maps without values; it
cuts nanoseconds of times with a zone, of times of day, and of INT96. A copy is made when rows are first asked for,
batch by batch within bounded memory, and goes with the process. Its types are those that DuckDB sees in the file
itself, and whoever asks is told. pyarrow is optional: without it the file is refused, and the refusal says what to
install.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.reading.copies import Copies
from mason.clients._duckdb.reading.int96 import Unlike, as_bytes, unlike_values
from mason.clients._duckdb.reading.sparse import sparse_copies
from mason.clients._duckdb.reading.table_files import DataFile
from mason.clients._objects.object_path import on_this_machine
from mason.errors import EngineError
from mason.values import dataclass

if TYPE_CHECKING:
    import pyarrow as pa

REMEDY = "Install the reader that can (pip install 'mason[arrow]'), or write it anew"
"""What helps where pyarrow is not installed."""

# What DuckDB makes groups of rows of, and the bytes that a batch may have.
_MOST_ROWS = 122_880
_MOST_BYTES = 64_000_000
_BUFFER = 1 << 20


def available() -> bool:
    """Whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


@dataclass(frozen=True, slots=True)
class ArrowCopy:
    """A copy of a parquet file, which is made when its path is first asked for.

    texts: columns whose times become text, because they tell nanoseconds.
    zoned: those of them whose times of day are in UTC.
    fine: whether times of twelve bytes keep their nanoseconds.
    """

    copies: Copies
    file: DataFile
    texts: tuple[str, ...] = ()
    zoned: tuple[str, ...] = ()
    fine: bool = False

    @property
    def path(self) -> Path:
        """Where it is. Raises ``EngineError`` for what pyarrow cannot read either."""
        how = ("arrow", self.texts, self.zoned, self.fine)
        return self.copies.of(self.file, how, ".parquet", self._copy)

    @contextmanager
    def empty(self) -> Iterator[Path]:
        """The same without a row, for as long as it takes: it shows the types of the copy."""
        from mason import temporary

        with temporary.folder("reading") as folder, self._opened() as source:
            target = folder / "columns.parquet"
            with self._writer(source, target):
                pass
            yield target

    def _copy(self, target: Path) -> None:
        with self._opened() as source, self._writer(source, target) as writer:
            for batch in source.iter_batches(batch_size=_rows_at_once(source), use_threads=False):
                writer.write_batch(self._changed(batch, writer.schema))

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # By a buffer, and not a whole column at a time. An object comes whole: its reader is none of Arrow's.
            with (
                on_this_machine(self.file.path) as held,
                pq.ParquetFile(
                    held,
                    coerce_int96_timestamp_unit="ns" if self.fine else "us",
                    buffer_size=_BUFFER,
                    pre_buffer=False,
                ) as source,
            ):
                yield source
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
            raise EngineError(
                f"{self.file.name} cannot be read: DuckDB lacks what it takes, and pyarrow says: {reason}. Write it "
                "anew with types, encodings and a compression (such as zstd or snappy) that DuckDB reads."
            ) from error

    def _writer(self, source: Any, target: Path) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = [
            pa.field(each.name, pa.string(), each.nullable) if each.name in self.texts else each
            for each in source.schema_arrow
        ]
        return pq.ParquetWriter(target, pa.schema(fields, source.schema_arrow.metadata), store_schema=False)

    def _changed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        import pyarrow as pa

        columns = [
            self._as_text(name, column) if name in self.texts else column
            for name, column in zip(schema.names, batch.columns, strict=True)
        ]
        return pa.record_batch(columns, schema=schema)

    def _as_text(self, name: str, column: pa.Array) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_timestamp(column.type):
            return column.cast(pa.timestamp("ns", "UTC")).cast(pa.string())
        text = column.cast(pa.string())
        return pc.binary_join_element_wise(text, "Z", "") if name in self.zoned else text


def unlike_by_arrow(path: Path, tops: Sequence[str]) -> Unlike:
    """As :func:`int96.unlike`, for files that DuckDB does not read: all different times are looked at in Python."""
    import pyarrow.parquet as pq

    found = Unlike()
    with (
        sparse_copies([path], set(tops), as_bytes) as copies,
        pq.ParquetFile(copies[0], buffer_size=_BUFFER, pre_buffer=False) as source,
    ):
        for batch in source.iter_batches(batch_size=_MOST_ROWS, columns=list(tops), use_threads=False):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                found = unlike_values(name, column.unique().to_pylist(), found)
    return found


def _rows_at_once(source: Any) -> int:
    metadata = source.metadata
    size: int = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    rows: int = metadata.num_rows
    return max(1, min(_MOST_ROWS, _MOST_BYTES * rows // max(size, 1)))
