"""What becomes of rooms and sessions when a peer, a room or the packet path goes wrong."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from aiortc import RTCSessionDescription

from tests.media_server import (
    Client,
    MediaServer,
    client,
    listed_room,
    presenter_of,
    running_server,
    webrtc_transports,
)
from vtp.errors import Conflict, StartupError, Unavailable
from vtp.media import connection as connection_module
from vtp.media.media_transport import TransportClosed, TransportEvent
from vtp.media.plane import start_media
from vtp.media.transport import WebRtcTransport
from vtp.media.worker import WorkerEvent
from vtp.rooms import live as live_module
from vtp.rooms.live import RoomClosed, RoomEvent
from vtp.settings import Settings

LIMIT_S = 60


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    async with running_server() as server:
        yield server


@pytest.fixture
async def alice(server: MediaServer) -> AsyncIterator[Client]:
    async with client(server, "alice") as alice:
        yield alice


def end_of(transport: WebRtcTransport) -> asyncio.Future[str]:
    """Resolves with the reason when the transport closes."""
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def note(event: TransportEvent) -> None:
        if isinstance(event, TransportClosed) and not ended.done():
            ended.set_result(event.reason)

    transport.add_listener(note)
    return ended


async def answered(who: Client) -> tuple[str, WebRtcTransport]:
    """Posts an offer and gives the answer and the server's transport, without connecting."""
    who.connection.addTransceiver("video", direction="sendonly")
    async with await who.post("/whip/physics", await who.offer()) as response:
        assert response.status == 201
        who.location = response.headers["Location"]
        answer = await response.text()
    (transport,) = webrtc_transports(who.server.room())
    return answer, transport


async def test_peer_with_another_certificate_than_announced_loses_its_session(alice: Client) -> None:
    alice.connection.addTransceiver("video", direction="sendonly")
    offer = re.sub(r"a=fingerprint:(\S+) ..:..", r"a=fingerprint:\1 00:00", await alice.offer())
    async with await alice.post("/whip/physics", offer) as response:
        assert response.status == 201
        answer, alice.location = await response.text(), response.headers["Location"]
    (transport,) = webrtc_transports(alice.server.room())
    ended = end_of(transport)
    await alice.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    reason = await asyncio.wait_for(ended, LIMIT_S)
    assert "fingerprint" in reason
    assert (await alice.call("DELETE")).status == 404
    assert alice.server.room().program.presenter is None


async def test_peer_that_never_sends_a_check_is_given_up(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "CONNECT_LIMIT_S", 0.05)
    _, transport = await answered(alice)
    reason = await asyncio.wait_for(end_of(transport), LIMIT_S)
    assert "connectivity check" in reason
    assert alice.server.room().program.presenter is None


async def test_presenter_who_falls_silent_makes_place_for_another(server: MediaServer, alice: Client) -> None:
    async with asyncio.timeout(LIMIT_S):
        await alice.publish()
        (transport,) = webrtc_transports(server.room())
        transport.connection.receive_event(WorkerEvent.ICE_DISCONNECTED, None)
        assert server.room().program.is_live, "6 s of silence may be a network change"
        transport.connection.receive_event(WorkerEvent.ICE_EXPIRED, None)
        assert not server.room().program.is_live
        async with client(server, "bob") as bob:
            await bob.publish()
            assert presenter_of(server).full_name == "Bob"


async def test_peer_that_closes_its_connection_ends_its_session(server: MediaServer, alice: Client) -> None:
    async with asyncio.timeout(LIMIT_S):
        await alice.publish()
        async with client(server, "bob") as bob:
            await bob.watch()
            await bob.see(1)
            presenter = presenter_of(server)
            (transport,) = set(webrtc_transports(server.room())) - {presenter.transport}
            ended = end_of(transport)
            await bob.connection.close()
            assert await ended == "The peer closed the DTLS session."


async def test_events_for_a_closed_transport_are_ignored(alice: Client) -> None:
    _, transport = await answered(alice)
    transport.close()
    for event in (WorkerEvent.ICE_CONNECTED, WorkerEvent.ICE_EXPIRED, WorkerEvent.MEDIA_STARTED):
        transport.connection.receive_event(event, ("192.0.2.1", 5))
    transport.connection.receive_event(WorkerEvent.DTLS, b"\x16")
    transport.close("twice")
    assert transport.close_reason == "It was closed on request."


async def test_room_deleted_midway_ends_everybody_in_it(server: MediaServer, alice: Client) -> None:
    async with client(server, "bob") as bob, asyncio.timeout(LIMIT_S):
        await alice.publish()
        await bob.watch()
        await bob.see(1)
        room = server.room()
        closed: list[RoomEvent] = []
        room.add_listener(closed.append)
        await server.live_rooms.delete_room(room.id)
        await alice.closed.wait()
        await bob.closed.wait()
        assert closed == [RoomClosed(room, "The room was deleted.")]
        assert len(server.live_rooms) == 0 and not room.router.transports
        assert (await alice.call("DELETE")).status == 404
        assert (await bob.call("DELETE")).status == 404


async def test_empty_room_is_closed_after_a_while_and_not_while_recorded(
    server: MediaServer, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "EMPTY_ROOM_GRACE_S", 0.05)
    _, transport = await answered(alice)
    room = server.room()
    closed = asyncio.Event()
    room.add_listener(lambda event: closed.set() if isinstance(event, RoomClosed) else None)
    room.recording = True
    transport.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(closed.wait(), 0.15)
    room.recording = False
    await asyncio.wait_for(closed.wait(), LIMIT_S)
    assert len(server.live_rooms) == 0


async def test_room_that_somebody_enters_within_the_grace_stays(server: MediaServer, alice: Client) -> None:
    room = await server.live_rooms.open(server.rooms.rooms["physics"])
    await answered(alice)
    assert server.room() is room and room._grace is None


async def test_closed_worker_is_told_as_unavailable_and_closing_goes_on(
    server: MediaServer, alice: Client
) -> None:
    _, transport = await answered(alice)
    for worker in server.plane.workers:
        worker.close()
    transport.close()
    with pytest.raises(Unavailable):
        await server.live_rooms.open(listed_room("another", "another"))
    async with client(server, "bob") as bob:
        bob.connection.addTransceiver("video", direction="sendonly")
        async with await bob.post("/whip/maths", await bob.offer()) as response:
            assert response.status == 503 and "Retry-After" in response.headers


async def test_taken_media_port_is_told_with_what_to_do(server: MediaServer) -> None:
    port = server.plane.workers[0].addresses[0][1]
    taken = Settings.model_validate({"media": {"host": "127.0.0.1", "udp_port": port}})
    with pytest.raises(StartupError, match=rf"UDP and TCP {port} on 127\.0\.0\.1.*media\.udp_port"):
        await start_media(taken)


@pytest.mark.parametrize("wrong", [{"host": "media.school"}, {"announced_addresses": ["nat.school"]}])
async def test_wrong_address_setting_is_told_by_its_name(wrong: dict[str, object]) -> None:
    settings = Settings.model_validate({"media": {"host": "127.0.0.1", "udp_port": 0} | wrong})
    with pytest.raises(StartupError, match=rf"media\.{next(iter(wrong))}"):
        await start_media(settings)


async def test_ports_that_would_run_out_are_told_before_any_is_opened() -> None:
    settings = Settings.model_validate({"media": {"host": "127.0.0.1", "udp_port": 65_534, "workers": 3}})
    with pytest.raises(StartupError, match=r"media\.udp_port is 65534.*65533 is the highest"):
        await start_media(settings)


async def test_second_worker_gets_the_next_port_and_rooms_are_shared_out() -> None:
    async with running_server(workers=2) as server:
        one, two = [await server.live_rooms.open(listed_room(name, name)) for name in ("a", "b")]
        one.router.create_transport()
        three = await server.live_rooms.open(listed_room("c", "c"))
        assert one.router.worker is two.router.worker is server.plane.workers[0]
        assert three.router.worker is server.plane.workers[1]
        assert server.plane.metrics()["routers"] == 3


async def test_claim_of_another_owner_is_a_conflict_only_while_somebody_presents(alice: Client) -> None:
    _, transport = await answered(alice)
    program = alice.server.room().program
    with pytest.raises(Conflict):
        program.check_claim("user:bob")
    program.check_claim("user:alice")
    transport.close()
    program.check_claim("user:bob")
