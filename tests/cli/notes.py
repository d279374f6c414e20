"""What several tests of commands share: an operator that writes a file, a config, and a short look at a plan."""

from __future__ import annotations

ALL_LOCAL = "type: config\nid: '1'\n" + "".join(
    f"{role}_engine: local\n" for role in ("metastore", "storage", "execution", "scheduler")
)
WRITE = """\
type: operator
namespace: note
command: write
parameters:
  required: [path, text]
do:
  - storage.write: {path: "{{path}}", content: "{{text}}", overwrite: true}
"""


def met(err: str) -> str:
    """What was told but for the line about a state that is used for the first time."""
    return "".join(line for line in err.splitlines(True) if "is used from this machine for the first time." not in line)


def actions(mason, *options: str) -> list[tuple[str, str, str]]:
    """The kind, the address and the reason of each action of a plan."""
    made = mason("plan", "--json", *options).json
    return [(action["action"], action["address"], action["reason"]) for action in made["actions"]]
