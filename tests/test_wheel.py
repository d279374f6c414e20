"""What people get with ``pip install``: the source distribution, the wheel made from it, and the road through both.

The wheel is installed into an environment of its own and used outside of the repository. Mason's dependencies come
from the environment of the tests, so nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PARTS = ("mason", "examples", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def run(*command: str | Path, cwd: Path) -> str:
    """The standard output of a command; its errors are part of the failure's message."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MASON_STATE", "PYTHONPATH")}
    environment["MASON_HOME"] = str(cwd / "home")
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the source distribution of a copy of the repository."""
    copy = tmp_path_factory.mktemp("source")
    for part in PARTS:
        if (REPOSITORY / part).is_dir():
            shutil.copytree(REPOSITORY / part, copy / part, symlinks=True)
        else:
            shutil.copy(REPOSITORY / part, copy / part)
    # Left behind by somebody who ran an operator in place; nobody else shall get it.
    leftover = copy / "examples" / "operators" / "__pycache__" / "left.pyc"
    leftover.parent.mkdir(parents=True, exist_ok=True)
    leftover.touch()
    run(sys.executable, "-m", "build", "--no-isolation", cwd=copy)
    (made,) = (copy / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The ``bin`` folder of an environment that has the wheel."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder)
    python = folder / "bin" / "python"
    quiet = ("--quiet", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", *quiet, "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    # A path in a .pth file comes after the environment's own packages, and .pth files in there (the editable install
    # of the repository) are not looked at.
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def test_the_wheel_holds_what_the_program_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {
        f"mason/{file.relative_to(REPOSITORY)}"
        for file in (REPOSITORY / "examples").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    package = REPOSITORY / "mason"
    for pattern in ("py.typed", "**/*.py", "resources/schemas/*.json", "clients/*/schema.json"):
        wanted |= {str(file.relative_to(REPOSITORY)) for file in package.glob(pattern)}
    assert sorted(packed) == sorted(wanted)
    assert packed["mason/examples/data/airlines.csv"] == (REPOSITORY / "examples/data/airlines.csv").read_bytes()


def test_the_metadata_names_the_command_and_the_extras(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{folder}/METADATA").decode().splitlines()
        commands = archive.read(f"{folder}/entry_points.txt").decode()
    assert commands == "[console_scripts]\nmason = mason.__main__:main\n"
    assert [line for line in metadata if line.startswith(("Requires-Python", "License:"))] == [
        "License: Apache-2.0",
        "Requires-Python: >=3.10",
    ]
    extras = [line.partition(": ")[2] for line in metadata if line.startswith("Provides-Extra")]
    known = "all arrow aws dask dev excel fake hdfs hive kerberos kubernetes postgres redshift sign spark sql trino"
    assert " ".join(sorted(extras)) == known


def test_a_project_can_be_made_planned_and_applied_outside_of_the_repository(installed, tmp_path):
    where = run(installed / "python", "-c", "import mason; print(mason.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    mason = installed / "mason"
    run(mason, "init", "x", cwd=tmp_path)
    project = tmp_path / "x"
    assert "Plan: " in run(mason, "plan", cwd=project)
    assert "Apply complete: " in run(mason, "apply", "-y", cwd=project)
    assert run(mason, "plan", cwd=project).splitlines()[-1] == "No changes."
    answer = run(mason, "run", "operator", "table", "get", "-p", "database_name:data,table_name:flights", cwd=project)
    assert "carrier         VARCHAR\n" in answer
