"""The page that plays a team: each console block is run as the person whose it is, and must answer what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import S3Server
from tests.test_readme import commands, matches

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "team.md").read_text("utf-8")
_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_two_terminals(tmp_path, moto: S3Server):
    port = urlsplit(moto.endpoint).port
    exported = dict(re.findall(r"(\w+)=([^\s']+|'[^']*')", PAGE.partition("export ")[2].partition("```")[0]))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MASON_", "AWS_"))}
    shared = clean | {name: value.strip("'").replace("5100", str(port)) for name, value in exported.items()}
    shared["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    folders = dict.fromkeys(("ann", "bob"), tmp_path)
    ran = 0
    for language, of, text in _FENCE.findall(PAGE):
        if language in ("yaml", "python"):
            (tmp_path / of).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / of).write_text(text, "utf-8")
        for command, shown in commands(text) if language == "console" else ():
            if command.startswith("cd "):
                folders[of] = folders[of] / command[3:]
                continue
            done = subprocess.run(
                ["bash", "-c", command.replace("5100", str(port))],
                cwd=folders[of],
                env=shared | {"MASON_HOME": str(tmp_path / f"{of}-home")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            ran += 1
            assert matches(shown, done.stdout), f"{of}$ {command}\n{done.stdout}\n--- but the page shows:\n{shown}"
    assert ran >= 15
