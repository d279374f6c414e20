"""What a client must do: the models and one abstract class per engine, whose verbs are its public methods.

This room knows no YAML, no state and no client.
"""

from __future__ import annotations

from mason.engines.engine import Engine
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.scheduler import Scheduler
from mason.engines.storage import Storage

__all__ = [
    "ENGINES",
    "capabilities",
    "client",
    "engine",
    "execution",
    "interrupts",
    "ledger",
    "metastore",
    "models",
    "occasion",
    "progress",
    "runner",
    "scheduler",
    "storage",
    "verbs",
]

ENGINES: dict[str, type[Engine]] = {
    "metastore": Metastore,
    "storage": Storage,
    "execution": Execution,
    "scheduler": Scheduler,
}
"""The four engines by name, in the order in which they are always listed."""
