"""The site that ``make site`` writes: all links in it lead somewhere, and no page fetches anything from elsewhere."""

from __future__ import annotations

import re

from scripts.make_site import make_site


def test_the_site_is_whole_and_needs_nothing_from_elsewhere(tmp_path):
    done = make_site(tmp_path)
    assert done.returncode == 0, done.stdout
    pages = {
        str(page.relative_to(tmp_path / "site")): page.read_text("utf-8")
        for page in (tmp_path / "site").rglob("*.html")
    }
    assert {"index.html", "CHANGELOG.html", "docs/index.html", "docs/guide/start.html", "docs/clients/s3.html"} <= {
        *pages
    }
    fetched = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(https?:)?//|<link\b[^>]*\bhref=\"(https?:)?//")
    assert [name for name, text in pages.items() if fetched.search(text)] == []
