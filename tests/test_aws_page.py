"""The page from the laptop to AWS: each console block is typed against moto's server, and must answer what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.servers import AWS_ENVIRONMENT, moto_server
from tests.test_readme import blocks, commands, matches

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "aws.md").read_text("utf-8")


def test_the_way_to_aws(tmp_path: Path) -> None:
    exported = dict(re.findall(r"(AWS_\w+)=(\S+)", PAGE.partition("export ")[2].partition("```")[0]))
    assert set(exported) == {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MASON_", "AWS_"))}
    # No file of the person who runs the tests is looked at.
    files = {name: AWS_ENVIRONMENT[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    folder, ran = tmp_path, 0
    (tmp_path / "server").mkdir()
    # A server of its own: the names of buckets on it are the page's.
    with moto_server(tmp_path / "server") as server:
        environment = {
            **clean,
            **files,
            **exported,
            "AWS_ENDPOINT_URL": server.endpoint,
            "MASON_HOME": str(tmp_path / "home"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}",
        }
        for language, path, text in blocks(PAGE):
            if path:
                (folder / path).write_text(text, "utf-8")
            for command, shown in commands(text) if language == "console" else ():
                if command.startswith("cd "):
                    folder = folder / command[3:]
                    continue
                done = subprocess.run(
                    ["sh", "-c", command],
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=120,
                    check=False,
                )
                ran += 1
                assert matches(shown, done.stdout), f"$ {command}\n{done.stdout}\n--- but the page shows:\n{shown}"
    assert ran >= 14
