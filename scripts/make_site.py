"""Makes a site of the README and the pages: each link in it leads somewhere, or there is no site.

``make site`` runs this. The pages are laid out as in the repository, so that a link is the same on both.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\]\(([^)\s#]+)")


def make_site(folder: Path) -> subprocess.CompletedProcess[str]:
    """Lay the pages out in ``folder/pages``, and write the site into ``folder/site``; how that ended."""
    pages, site = folder / "pages", folder / "site"
    for old in (pages, site):
        shutil.rmtree(old, ignore_errors=True)
    for file in _linked():
        target = pages / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    config = folder / "mkdocs.yml"
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    config.write_text(text.replace("build/pages", str(pages)).replace("build/site", str(site)), "utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def _linked() -> set[Path]:
    """The README, all pages, and the files of the repository that these link to."""
    found: set[Path] = set()
    left = [ROOT / "README.md", *(file for file in (ROOT / "docs").rglob("*") if file.is_file())]
    while left:
        file = left.pop()
        if file in found:
            continue
        found.add(file)
        if file.suffix == ".md":
            targets = (file.parent / target for target in _LINK.findall(file.read_text("utf-8")) if "://" not in target)
            left += [target.resolve() for target in targets if target.is_file()]
    return found


if __name__ == "__main__":
    (ROOT / "build").mkdir(exist_ok=True)
    done = make_site(ROOT / "build")
    if done.returncode:
        sys.exit(done.stdout)
    sys.stdout.write("The site is in build/site: open build/site/index.html\n")
