"""Fixtures of the API tests: the whole server, once on each database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.api.socket_clients import School
from tests.loop_watch import unblocked_loop
from tests.serving import Api, serving


@pytest.fixture
async def api(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    """A server without rate limits, in which nothing may hold up the event loop."""
    async with serving(tmp_path / "data", database_url) as running:
        with unblocked_loop():
            yield running


@pytest.fixture
async def school(api: Api) -> AsyncIterator[School]:
    async with AsyncExitStack() as stack:
        yield School(api, stack)
