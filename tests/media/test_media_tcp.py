"""Media over TCP as the settings have it: offered or not, limited, told in statistics, and its port taken."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from tests.tcp_line import framed
from vtp import _rtp_fast as fast
from vtp.errors import StartupError
from vtp.media.media_transport import TransportEvent
from vtp.media.plane import MediaPlane, start_media
from vtp.media.transport import IceStateChanged
from vtp.settings import Settings
from vtp.signalling.sfu_stats import transport_stats


@asynccontextmanager
async def running(**media: object) -> AsyncIterator[MediaPlane]:
    plane = await start_media(settings(media))
    try:
        yield plane
    finally:
        await plane.close()


def settings(media: Mapping[str, object]) -> Settings:
    return Settings.model_validate({"media": {"host": "127.0.0.1", "udp_port": 0, **media}})


async def test_media_is_offered_over_tcp_at_the_port_of_udp() -> None:
    async with running() as plane:
        over_udp, over_tcp = plane.workers[0].candidates
        assert (over_udp.protocol, over_tcp.protocol, over_tcp.tcp_type) == ("udp", "tcp", "passive")
        assert (over_tcp.address, over_tcp.port) == (over_udp.address, over_udp.port)


async def test_media_over_tcp_can_be_switched_off() -> None:
    async with running(tcp=False) as plane:
        assert [one.protocol for one in plane.workers[0].candidates] == ["udp"]
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*plane.workers[0].addresses[0])


async def test_connections_of_one_address_are_limited_by_the_setting() -> None:
    async with running(tcp_connections_per_address=2) as plane:
        lines = [await asyncio.open_connection(*plane.workers[0].addresses[0]) for _ in range(3)]
        assert await asyncio.wait_for(lines[2][0].read(1), 20) == b""
        assert plane.metrics()["tcp_connections"] == 2
        assert plane.metrics()["tcp_refused"] == 1
        for _, writer in lines:
            writer.close()


async def test_peer_over_tcp_is_connected_and_told_so() -> None:
    async with running() as plane:
        transport = plane.create_router().create_transport()
        connected = asyncio.Event()

        def note(event: TransportEvent) -> None:
            if isinstance(event, IceStateChanged):
                connected.set()

        transport.add_listener(note)
        reader, writer = await asyncio.open_connection(*plane.workers[0].addresses[0])
        ice = transport.ice_parameters
        check = fast.write_stun_request(
            os.urandom(12),
            f"{ice.username_fragment}:peer".encode(),
            ice.password.encode(),
            use_candidate=True,
        )
        writer.write(framed(check))
        length = int.from_bytes(await reader.readexactly(2), "big")
        assert fast.parse_stun(await reader.readexactly(length))["type"] == 0x0101
        await asyncio.wait_for(connected.wait(), 20)
        told = transport_stats(transport)[0]
        host, port = writer.get_extra_info("sockname")
        assert told["iceSelectedTuple"] == {"remoteIp": host, "remotePort": port, "protocol": "tcp"}
        transport.close()
        assert await asyncio.wait_for(reader.read(1), 20) == b""
        writer.close()


async def test_taken_tcp_port_ends_the_start_with_a_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartupError, match=rf"UDP and TCP {port} on 127\.0\.0\.1.*media\.udp_port"):
            await start_media(settings({"udp_port": port}))
