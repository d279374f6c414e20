"""The package ``acme-catalog``, which brings an engine: its module, and its metadata as an installer writes it."""

from __future__ import annotations

from pathlib import Path

MODULE = (Path(__file__).parent / "acme_catalog.py").read_text("utf-8")
POINTS = """\
[mason.engines]
catalog = acme_catalog:Catalog

[mason.clients]
shelf = acme_catalog:ShelfClient
"""


def put(site: Path, *, module: str = MODULE, points: str = POINTS) -> Path:
    """Put the package into the folder ``site``, which Python searches."""
    site.mkdir(exist_ok=True)
    (site / "acme_catalog.py").write_text(module)
    metadata = site / "acme_catalog-1.0.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-catalog\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(points)
    return site
