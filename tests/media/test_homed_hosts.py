"""Servers with several addresses, and with IPv6 alone: who reaches any one of them meets the others there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.emulated import emulated_networks
from vtp.bench.client_dtls import Identity
from vtp.bench.driver import ClientDriver
from vtp.bench.net.cast import Audience, Member, Teacher
from vtp.bench.net.door import door
from vtp.bench.net.lesson import PATTERN, ROOM
from vtp.bench.net.network import Network, Node
from vtp.bench.vtp_server import VtpServer

__all__ = ["emulated_networks"]
SEED = 9
FIRST, SECOND, SIXTH = "10.66.0.1", "10.77.0.1", "fd66::1"


@asynccontextmanager
async def lesson(
    server: Node, teacher: Node, viewers: Sequence[tuple[Node, str]]
) -> AsyncIterator[list[Audience]]:
    """In the server's namespace. The teacher asks at the server's last address, each viewer at the one that
    is named; media goes wherever ICE finds a way.
    """
    serving = VtpServer("")
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(ClientDriver(Identity()))
        stack.push_async_callback(serving.stop)
        await serving.start(driver)
        inside = int(serving.url.rpartition(":")[2])
        bases = {
            address: f"http://localhost:{await stack.enter_async_context(door(address, inside))}"
            for address in server.addresses
        }
        last = server.addresses[-1]
        teaching = Teacher(teacher, last, f"{bases[last]}/whip/{ROOM}", PATTERN)
        watching = [Audience(node, at, f"{bases[at]}/whep/{ROOM}", 1) for node, at in viewers]
        members: list[Member] = [teaching, *watching]
        for member in members:
            member.begin()
        try:
            await asyncio.gather(*(member.ready() for member in members))
            teaching.cue()
            yield watching
        finally:
            for member in members:
                member.end()
            await asyncio.gather(*(member.done() for member in members))


async def sees(audience: Audience, packets: int = 200) -> None:
    """Waits until its viewer has had so many packets of the picture."""
    (watcher,) = audience.watchers
    assert not watcher.viewing.failure
    async with asyncio.timeout(60):
        while (watcher.picture() or {"packets": 0})["packets"] < packets:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # there is no event for it


@pytest.mark.parametrize("only", [FIRST, SECOND, SIXTH])
def test_who_reaches_one_of_a_servers_addresses_gets_media_from_that_one(only: str) -> None:
    with Network(SEED) as network:
        server = network.add("server", f"{FIRST}/24", f"{SECOND}/24", f"{SIXTH}/64")
        teacher = network.add("teacher", "10.66.1.2/24", "fd66:1::2/64")
        viewer = network.add("viewer", "fd66:2::2/64" if only == SIXTH else "10.66.2.2/24")
        if only != SIXTH:
            viewer.place.ip(f"route add unreachable {FIRST if only == SECOND else SECOND}/32\n")

        async def hold() -> None:
            async with lesson(server, teacher, [(viewer, only)]) as (audience,):
                await sees(audience)

        with server.place.entered():
            asyncio.run(hold())


def test_a_class_meets_where_there_is_no_ipv4() -> None:
    with Network(SEED) as network:
        server = network.add("server", f"{SIXTH}/64")
        teacher = network.add("teacher", "fd66:1::2/64")
        viewers = [network.add(f"viewer-{n}", f"fd66:{n}::2/64") for n in (2, 3)]

        async def hold() -> None:
            async with lesson(server, teacher, [(viewer, SIXTH) for viewer in viewers]) as audiences:
                for audience in audiences:
                    await sees(audience)

        with server.place.entered():
            asyncio.run(hold())
