"""The client ``s3`` keeps the contract of its engines, on two stores of different make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mason.clients.s3 import S3Client
from mason.engines.client import Client
from mason.testing import MetastoreSuite, StorageSuite
from tests.servers import BUCKET


class _Moto:
    @pytest.fixture
    def client(self, moto, aws, prefix: str, tmp_path: Path) -> Iterator[Client]:
        made = S3Client({"endpoint_url": moto.endpoint, "root": f"s3://{BUCKET}/{prefix}"}, base=tmp_path)
        yield made
        made.close()


class _ByBotocore(_Moto):
    """Every request by botocore: a setting that nothing else knows leaves all of them to it."""

    @pytest.fixture(autouse=True)
    def _setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "6")


class _Seaweed:
    @pytest.fixture
    def client(self, seaweed, aws, prefix: str, tmp_path: Path) -> Iterator[Client]:
        made = S3Client({"endpoint_url": seaweed.endpoint, "root": f"s3://{BUCKET}/{prefix}"}, base=tmp_path)
        yield made
        made.close()


class TestMetastoreOnMoto(_Moto, MetastoreSuite):
    pass


class TestStorageOnMoto(_Moto, StorageSuite):
    pass


class TestStorageByBotocore(_ByBotocore, StorageSuite):
    pass


@pytest.mark.slow
class TestMetastoreOnSeaweedFS(_Seaweed, MetastoreSuite):
    pass


@pytest.mark.slow
class TestStorageOnSeaweedFS(_Seaweed, StorageSuite):
    pass
