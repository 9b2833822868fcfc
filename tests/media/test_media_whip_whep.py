"""Publishing by WHIP and watching by WHEP with aiortc, over loopback, through HTTP and the packet path."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.media_server import MediaServer, client, presenter_of, running_server, webrtc_transports
from vtp.media import connection as connection_module
from vtp.media.dtls import DtlsState
from vtp.rooms.groups import MAIN

LIMIT_S = 60
pytestmark = pytest.mark.drawn(1)  # the server sends on threads of its own, or on the event loop


@pytest.fixture(params=[1, 0], ids=["thread", "on_loop"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[MediaServer]:
    async with running_server(request.param) as server:
        yield server


@pytest.mark.drawn
@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
async def test_viewer_reads_the_frame_numbers_in_order_and_hears_the_tone(
    server: MediaServer, codec: str
) -> None:
    async with client(server, "alice") as teacher, client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await teacher.publish(codec=codec)
        await student.watch()
        numbers = await student.see(30)
        assert abs(await student.hear() - 440) < 10
        steps = [(after - before) % 256 for before, after in pairwise(numbers)]
        assert steps == [1] * 29
        video = server.room().program.producers["video"]
        assert video.codec == codec
        assert video.stats()["streams"][0]["lost"] == 0


async def test_viewer_who_came_first_sees_the_publisher_who_comes_later(server: MediaServer) -> None:
    async with client(server, "alice") as teacher, client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await student.watch()
        await teacher.publish()
        assert len(await student.see(10)) == 10


async def test_viewer_stays_when_the_presenter_publishes_again_with_another_codec(
    server: MediaServer,
) -> None:
    async with client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await student.watch()
        async with client(server, "alice") as first, client(server, "alice") as second:
            await first.publish(codec="video/VP8", first=0)
            await student.see(5)
            await second.publish(codec="video/H264", first=150)
            await first.closed.wait()
            while (await student.see(1))[0] < 150:
                pass
            assert len(server.room().router.transports) == 2


async def test_another_participant_cannot_publish_while_somebody_presents(server: MediaServer) -> None:
    async with (
        client(server, "alice") as teacher,
        client(server, "mallory") as other,
        asyncio.timeout(LIMIT_S),
    ):
        await teacher.publish()
        other.connection.addTransceiver("video", direction="sendonly")
        async with await other.post("/whip/physics", await other.offer()) as response:
            assert response.status == 409
            assert int(response.headers["Retry-After"]) > 0
            assert (await response.json())["code"] == "already_presenting"
        assert len(server.room().router.transports) == 1


async def test_deleting_the_publication_leaves_viewers_waiting_for_the_next(server: MediaServer) -> None:
    async with client(server, "alice") as teacher, client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await teacher.publish()
        await student.watch()
        await student.see(3)
        assert (await teacher.call("DELETE")).status == 200
        await teacher.closed.wait()
        room = server.room()
        assert room.program.presenter is None and not room.program.is_live
        assert [c.producer for c in room.router.consumers.values()] == [None, None]
        async with client(server, "mallory") as next_one:
            await next_one.publish(first=100)
            while (await student.see(1))[0] < 100:
                pass


async def test_chosen_participant_is_watched_until_it_leaves(server: MediaServer) -> None:
    async with client(server, "alice") as teacher, client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await teacher.publish()
        presenter = presenter_of(server)
        await student.watch(f"/whep/physics?peer={presenter.participant_id}")
        await student.see(3)
        await teacher.call("DELETE")
        await student.closed.wait()


async def test_who_goes_into_a_group_is_watched_again_once_they_are_back(server: MediaServer) -> None:
    async with client(server, "alice") as teacher, client(server, "bob") as one, client(server, "eve") as two:
        async with asyncio.timeout(LIMIT_S):
            await teacher.publish()
            chosen = presenter_of(server).participant_id
            await one.watch(f"/whep/physics?peer={chosen}")
            await two.watch()
            for viewer in (one, two):
                await viewer.see(3)
            room = server.room()
            room.groups.move(chosen, "a breakout room")
            assert {made.producer for made in room.router.consumers.values()} == {None}
            for query in (f"peer={chosen}", f"producer={next(iter(room.router.producers))}"):
                async with (
                    client(server, "mallory") as late,
                    await late.post(f"/whep/physics?{query}", await late.offer()) as response,
                ):
                    assert response.status == 409 and response.headers["Retry-After"]
            room.groups.move(chosen, MAIN)
            for viewer in (one, two):
                await viewer.see(3)
            await teacher.call("DELETE")
            await one.closed.wait()
            assert not two.closed.is_set()


async def test_chosen_participant_who_leaves_from_a_group_ends_the_session(server: MediaServer) -> None:
    async with client(server, "alice") as teacher, client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await teacher.publish()
        chosen = presenter_of(server).participant_id
        await student.watch(f"/whep/physics?peer={chosen}")
        await student.see(3)
        server.room().groups.move(chosen, "a breakout room")
        await teacher.call("DELETE")
        await student.closed.wait()


async def test_producer_is_watched_alone(server: MediaServer) -> None:
    async with client(server, "alice") as teacher, client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await teacher.publish()
        producer = server.room().program.producers["video"]
        await student.watch(f"/whep/physics?producer={producer.id}", ["video"])
        await student.see(3)
        kinds = {c.kind: c.producer for c in server.room().router.consumers.values()}
        assert kinds == {"video": producer}


async def test_rooms_do_not_hear_each_other(server: MediaServer) -> None:
    async with client(server, "alice") as one, client(server, "bob") as two, client(server, "eve") as student:
        async with asyncio.timeout(LIMIT_S):
            await one.publish("/whip/physics", first=0)
            await two.publish("/whip/maths", first=100)
            await student.watch("/whep/maths")
            assert all(number > 100 for number in await student.see(10))


async def test_publisher_in_a_recorded_room_is_asked_for_h264(server: MediaServer) -> None:
    live = await server.live_rooms.open(server.rooms.rooms["physics"])
    live.recording = True
    async with client(server, "alice") as teacher, asyncio.timeout(LIMIT_S):
        await teacher.publish(codec="")
        assert live.program.producers["video"].codec == "video/H264"
        assert live.program.unrecordable_reason is None
    live.recording = False


async def test_vp8_publisher_in_a_recorded_room_is_told_that_it_is_not_recorded(server: MediaServer) -> None:
    live = await server.live_rooms.open(server.rooms.rooms["physics"])
    live.recording = True
    async with client(server, "alice") as teacher, asyncio.timeout(LIMIT_S):
        await teacher.publish(codec="video/VP8")
        reason = live.program.unrecordable_reason
        assert reason is not None and "VP8" in reason and "H.264" in reason
        assert teacher.notice == reason
    live.recording = False


async def test_media_goes_on_after_the_handshakes_memory_is_released(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "RELEASE_DTLS_AFTER_S", 0.2)
    async with client(server, "alice") as teacher, client(server, "bob") as student, asyncio.timeout(LIMIT_S):
        await teacher.publish()
        await student.watch()
        transports = webrtc_transports(server.room())
        while any(transport.connection.dtls.holds_ssl for transport in transports):
            await student.see(1)
        assert len(await student.see(5)) == 5
        assert {transport.dtls_state for transport in transports} == {DtlsState.CONNECTED}
        assert (await teacher.call("DELETE")).status == 200
