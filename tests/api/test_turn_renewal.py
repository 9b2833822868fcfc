"""An ICE restart names the TURN servers again, with credentials whose time begins then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.sfu.material import Service, service_token
from tests.api.socket_clients import School
from tests.serving import Api, serving
from vtp.media import ice_servers
from vtp.media.ice_servers import make_turn_credentials
from vtp.settings import SfuSettings

URL, SECRET, LIFETIME_S = "turn:turn.school.example", "north", 3600
TURN = {"turn_urls": [URL], "turn_secret": SECRET, "turn_lifetime_s": LIFETIME_S}


class Clock:
    """What the server takes for now, in seconds since 1970."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def time(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    made = ice_servers.IceServers.__init__
    monkeypatch.setattr(
        ice_servers.IceServers, "__init__", lambda self, settings: made(self, settings, clock.time)
    )
    return clock


@pytest.fixture
async def api(tmp_path: Path, database_url: str, clock: Clock) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", database_url, sfu=SfuSettings(enabled=True), media=TURN) as running:
        yield running


def assert_made_at(now_s: float, servers: list[dict[str, Any]], transport_id: str) -> None:
    """They are of this transport and of this moment."""
    made = make_turn_credentials(SECRET, transport_id, int(now_s) + LIFETIME_S)
    assert servers == [{"urls": URL, "username": made.username, "credential": made.password}]


async def test_restart_over_socket_io_renews_the_credentials(api: Api, clock: Clock) -> None:
    async with AsyncExitStack() as stack:
        school = School(api, stack)
        teacher = await school.api.person("teacher")
        await school.room(teacher)
        client = await school.connect(teacher)
        await client.join("algebra")
        made = await client.ok("create-transport", {"direction": "send"})
        assert_made_at(clock.now_s, made["iceServers"], made["id"])
        clock.now_s += 10_000
        restarted = await client.ok("restart-ice", {"transportId": made["id"]})
        assert_made_at(clock.now_s, restarted["iceServers"], made["id"])


async def test_restart_by_a_service_renews_the_credentials(api: Api, clock: Clock) -> None:
    service = Service(api, service_token(api))
    await service.join("sender")
    made = await service.transport("sender", "send")
    clock.now_s += 10_000
    restarted = await service.post(f"/transports/{made['id']}/restart-ice")
    assert_made_at(clock.now_s, restarted["iceServers"], made["id"])
