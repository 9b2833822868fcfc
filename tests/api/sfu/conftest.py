"""Fixtures of the tests of the REST service: a server with it, and a program that calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.sfu.material import Service, service_token
from tests.loop_watch import unblocked_loop
from tests.serving import Api, serving
from vtp.settings import SfuSettings


@pytest.fixture
async def api(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    """A server with `/sfu`."""
    async with serving(tmp_path / "data", database_url, sfu=SfuSettings(enabled=True)) as running:
        with unblocked_loop():
            yield running


@pytest.fixture
def service(api: Api) -> Service:
    return Service(api, service_token(api))
