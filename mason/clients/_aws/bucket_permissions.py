"""What S3 has to allow for work on the objects below a URL. Pure.

Reading an object that is missing is denied, and not told as missing, to whoever may not list its bucket: so listing
goes with everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.engines.file_urls import scheme_of
from mason.engines.permissions import Permission

READ = ("s3:GetObject",)
WRITE = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")
DELETE = ("s3:DeleteObject",)

_OF_VERBS: Mapping[str, tuple[str, ...]] = {
    "list_paths": (),
    "fingerprint": READ,
    "exists": READ,
    "infer_table": READ,
    "read": READ,
    "write": WRITE,
    "copy": WRITE,
    "delete": (*READ, *DELETE),
}


_REGISTERING = ("create_database", "create_table")


def url_of(path: Any, root: str) -> str:
    """The URL of a path, whose root is the URL ``root``; ``s3://*`` for one that is not known."""
    known = isinstance(path, str) and "{{" not in path
    if known and scheme_of(path) == "s3":
        return str(path)
    if not root.startswith("s3://") or root == "s3://":
        return "s3://*"
    return f"{root.rstrip('/')}/{path.strip('/')}" if known else root


def on_objects(url: str, actions: tuple[str, ...], *, partition: str = "aws") -> Iterator[Permission]:
    """``actions`` on the object and all objects below a URL, and to list its bucket. Wildcards stay."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    arn = f"arn:{partition}:s3:::{bucket}"
    yield Permission(("s3:ListBucket",), (arn,))
    if not actions:
        return
    whole = key.rstrip("/*")
    yield Permission(actions, (f"{arn}/{whole}", f"{arn}/{whole}/*") if whole else (f"{arn}/*",))


def of_storage(verb: str, arguments: Mapping[str, Any], root: str) -> Iterator[Permission]:
    """What a verb of a storage needs."""
    if verb == "locate" or verb not in _OF_VERBS:
        return
    if verb == "copy":
        yield from on_objects(url_of(arguments.get("path"), root), READ)
        yield from on_objects(url_of(arguments.get("target"), root), WRITE)
        return
    yield from on_objects(url_of(arguments.get("path"), root), _OF_VERBS[verb])


def of_metastore(verb: str, arguments: Mapping[str, Any], root: str) -> Iterator[Permission]:
    """What a verb of a metastore over objects needs: it looks at them, and keeps registrations beside them, below
    ``_mason``."""
    if verb == "list_databases" and root in ("", "s3://"):
        yield Permission(("s3:ListAllMyBuckets",), ("*",))
        return
    yield from on_objects(url_of(None, root), READ)
    of_verb = (*WRITE, *DELETE) if verb == "delete_table" else WRITE if verb in _REGISTERING else ()
    if of_verb:
        yield from on_objects(url_of("_mason", root), of_verb)
    if verb == "delete_table" and arguments.get("delete_files", False) is not False:
        yield from on_objects(url_of(None, root), DELETE)
