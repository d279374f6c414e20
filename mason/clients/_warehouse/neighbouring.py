"""What a client of this machine's files knows of its neighbours: whose folders it reaches, and what is kept out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mason.clients._warehouse.folder import WarehouseFolder, configured_folder
from mason.engines.client import Client
from mason.engines.fence import STATE_NAMES
from mason.engines.file_urls import file_path

if TYPE_CHECKING:
    from mason.clients._duckdb.roots import Roots

_WAREHOUSES = ("local", "local_async")


def neighbouring_roots(client: Client) -> frozenset[Path]:
    """The real paths of the folders in which neighbours keep files of this machine."""
    paths = (file_path(str(facts.get("url", ""))) for facts in client.neighbours.values())
    return frozenset(Path(os.path.realpath(path)) for path in paths if path)


def root_beside(client: Client, own: Iterable[Mapping[Path, tuple[str, ...]]]) -> Roots:
    """The folder of files of a client that keeps none itself: that of the config's storage, where ``root`` of its
    configuration says nothing else. The objects of neighbours are reached from it, too. ``own`` is what it keeps."""
    from mason.clients._duckdb.roots import Roots, lent_objects

    folder = _root_folder(client)
    return Roots(
        folder,
        elsewhere=lent_objects(client),
        client=client.name,
        others=lambda: neighbouring_roots(client),
        kept_out=lambda: places_kept_out(client, folder, own),
    )


def _root_folder(client: Client) -> Path:
    if "root" not in client.configuration:
        for facts in client.neighbours.values():
            path = file_path(str(facts.get("url", "")))
            if path is not None and "storage" in facts["engines"]:
                return Path(path)
    return configured_folder(client, "root", ".")


def places_kept_out(client: Client, root: Path, own: Iterable[Mapping[Path, tuple[str, ...]]]) -> frozenset[Path]:
    """The real paths of warehouses, of the state and of the person's own folder. Of such a folder that holds the
    client's ``root``, only what Mason itself put there. ``own`` is what the client itself keeps."""
    found = list(own)
    for facts in client.neighbours.values():
        if facts["type"] in _WAREHOUSES:
            given = client.base / str(facts.get("warehouse", "./warehouse"))
            found.append(WarehouseFolder(given, client="").kept())
            if given.name == "warehouse.duckdb":
                # As the folder's neighbours are told of a warehouse that is a folder.
                found.append(WarehouseFolder(given.parent, client="").kept())
        elif "kept_folder" in facts:
            found.append({Path(str(facts["kept_folder"])): ()})
    states = (Path(path) for path in map(file_path, client.kept_out) if path is not None)
    found += [{folder: STATE_NAMES} for folder in states]
    places: set[Path] = set()
    top = Path(os.path.realpath(root))
    for folder, names in (pair for each in found for pair in each.items()):
        real = Path(os.path.realpath(folder))
        places |= {real / name for name in names} if top.is_relative_to(real) else {real}
    return frozenset(places)
