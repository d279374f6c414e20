"""Prefixes as databases, objects and prefixes as tables: pure looking, nothing is opened.

A database is a prefix directly below the root, or a bucket where the root is none; deeper ones (``sales/2026``) are
found when they are named. Its tables are its data objects, named without their endings, and the prefixes in it that
hold data at any depth, such as partitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from mason.clients._duckdb.root import is_data
from mason.clients._objects.object_path import AT_ONCE, ObjectPath
from mason.clients._tables.formats import ending_of

# How many objects of a prefix are looked at for one that holds data.
_FIRST = 1000


def databases(root: ObjectPath) -> list[str]:
    """The names of the prefixes below the root that are databases, sorted; ``.`` is the root, where data lies in it."""
    objects, folders = root.store.content_of(root.bucket, _above(root))
    here = ["."] if any(map(_is_table, (each.key.rpartition("/")[2] for each in objects))) else []
    return sorted([*here, *filter(is_data, folders)])


def tables(folder: ObjectPath) -> dict[str, ObjectPath]:
    """The tables of a database: name to object or prefix. Names that several share are replaced by full names."""
    return _named_uniquely(_content(folder, ""))


def named(folder: ObjectPath, table: str) -> list[ObjectPath]:
    """What ``table`` may mean in a database: one path, none, or several of the same name. A full name means that
    object, and a name with a slash at its end that prefix."""
    wanted = table.removesuffix("/")
    if not wanted or "/" in wanted or not is_data(wanted):
        return []
    every = _content(folder, wanted)
    exact = [path for path in every if _full_name(path) == table]
    return exact or [path for path in every if _name(path) == table]


def holds_data(folder: ObjectPath) -> bool:
    """Whether one of the first objects below a prefix is of a format that is read."""
    first = islice(folder.objects(), _FIRST)
    return any(_is_table(each.name) and all(map(is_data, str(each.relative_to(folder)).split("/"))) for each in first)


def _content(folder: ObjectPath, beginning: str) -> list[ObjectPath]:
    """The data objects and the prefixes with data in a prefix whose names begin so."""
    above = _above(folder)
    objects, names = folder.store.content_of(folder.bucket, above + beginning)
    files = [folder.of(folder.bucket, each.key, each) for each in objects if _is_table(each.key.rpartition("/")[2])]
    # The names are told without what was asked for.
    folders = [folder.of(folder.bucket, f"{above}{beginning}{name}") for name in names]
    return [*files, *_with_data(each for each in folders if is_data(each.name))]


def _with_data(folders: Iterable[ObjectPath]) -> list[ObjectPath]:
    asked = list(folders)
    if not asked:
        return []
    # Imported here: it takes longer to load than most requests take.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(AT_ONCE, len(asked))) as pool:
        return [each for each, found in zip(asked, pool.map(holds_data, asked), strict=True) if found]


def _named_uniquely(paths: Iterable[ObjectPath]) -> dict[str, ObjectPath]:
    found = [(_name(path), path) for path in paths]
    count = Counter(name for name, _ in found)
    return dict(sorted((name if count[name] == 1 else _full_name(path), path) for name, path in found))


def _name(path: ObjectPath) -> str:
    return ending_of(path.name).stem if _is_object(path) else path.name


def _full_name(path: ObjectPath) -> str:
    return path.name if _is_object(path) else f"{path.name}/"


def _is_object(path: ObjectPath) -> bool:
    """Whether a listing told of it as an object, and not as a prefix."""
    return path.__dict__.get("facts") is not None


def _is_table(name: str) -> bool:
    return is_data(name) and bool(ending_of(name).format)


def _above(folder: ObjectPath) -> str:
    return f"{folder.key}/" if folder.key else ""
