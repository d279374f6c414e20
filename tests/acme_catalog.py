"""An engine that Mason does not bring, a catalog that says what data means; and a client ``shelf`` that plays it."""

from __future__ import annotations

import json
from typing import ClassVar

from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.verbs import verb
from mason.errors import NotFoundError


class Catalog(Engine):
    """Says what datasets mean, and who owns them."""

    role = "catalog"

    @verb(read_only=True)
    def describe(self, dataset: str) -> dict[str, str]:
        """What is known of a dataset. Raises ``NotFoundError``."""
        raise self.lacks("describe")

    @verb(read_only=False)
    def annotate(self, dataset: str, *, owner: str, text: str = "") -> dict[str, str]:
        """Say who owns a dataset, and what it means."""
        raise self.lacks("annotate")

    @verb(read_only=False)
    def retire(self, dataset: str) -> dict[str, str]:
        """Forget a dataset, and return what was known of it. Raises ``NotFoundError``."""
        raise self.lacks("retire")


class ShelfCatalog(Catalog):
    """One file of notes. It retires nothing, and says so by leaving that out."""

    client = "shelf"
    supports = frozenset({"describe", "annotate"})

    def describe(self, dataset):
        notes = self.connection.notes()
        if dataset not in notes:
            raise NotFoundError(f"Nothing is known of {dataset}.")
        return notes[dataset]

    def annotate(self, dataset, *, owner, text=""):
        note = {"dataset": dataset, "owner": owner, "text": text}
        self.connection.file.write_text(json.dumps(self.connection.notes() | {dataset: note}))
        return note


class ShelfClient(Client):
    """A file in the project, which a config may name."""

    name = "shelf"
    engines: ClassVar = {"catalog": "acme_catalog:ShelfCatalog"}

    @property
    def file(self):
        return self.base / self.configuration.get("file", "catalog.json")

    def notes(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    @classmethod
    def schema(cls):
        file = {"title": "File", "description": "Where it is kept.", "type": "string"}
        return {"type": "object", "additionalProperties": False, "properties": {"file": file}}
