"""The config of the page about redshift is one that Mason takes, and what cannot be reached is told as that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_aws_configs import configs
from tests.conftest import Mason

pytestmark = pytest.mark.slow


def test_the_config_of_the_page(folder: Path, mason: Mason, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    assert mason("init", ".").code == 0
    (config,) = configs("redshift.md")
    config["id"] = "red"
    config["clients"]["redshift"]["configuration"] |= {"host": "127.0.0.1", "port": 9}
    (folder / "configs" / "red.yaml").write_text(json.dumps(config))
    applied = mason("apply", "-y")
    assert applied.code == 0, applied.err
    monkeypatch.setenv("SHOP_PASSWORD", "a-secret-of-the-shop")
    asked = mason("run", "operator", "database", "list", "-c", "red", "-y")
    assert (asked.code, "Redshift at 127.0.0.1:9 cannot be reached" in asked.err) == (1, True)
    assert "a-secret-of-the-shop" not in asked.out + asked.err
