"""pymediasoup from PyPI, unchanged, in a room with Chromium: each sees, hears and reads the other."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers
from tests.e2e.pymediasoup_peer import PeerThread, read_numbers, share_of_tone
from tests.e2e.test_socketio_mediasoup import consume, enter
from vtp.bench.lecture_sound import TONE_HZ


@pytest.fixture
def foreign() -> Iterator[PeerThread]:
    thread = PeerThread()
    yield thread
    thread.close()


@pytest.mark.drawn(1)
@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_page_sees_and_hears_what_pymediasoup_sends(
    stack: Stack, open_page: OpenPage, script: str, foreign: PeerThread, codec: str
) -> None:
    room = f"foreign-sends-{codec}"
    page = enter(open_page, script, room)
    foreign.run(foreign.peer.join(stack.base, room))
    foreign.run(foreign.peer.produce(codec))
    page.evaluate("(ids) => ortc.show(ids)", consume(page, 2))
    assert_in_order(wait_for_numbers(page, 60), loop=1 << 22)
    heard = page.evaluate(f"listen({TONE_HZ}, 10)")
    assert heard["share"] > 0.5, heard
    page.evaluate("ortc.leave()")


@pytest.mark.drawn(1)
@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_pymediasoup_sees_and_hears_what_a_page_sends(
    stack: Stack, open_page: OpenPage, script: str, foreign: PeerThread, codec: str
) -> None:
    room = f"foreign-gets-{codec}"
    page = enter(open_page, script, room)
    page.evaluate(f"ortc.produce('{codec}')")
    foreign.run(foreign.peer.join(stack.base, room))
    tracks = foreign.run(foreign.peer.consume(2))
    assert_in_order(foreign.run(read_numbers(tracks["video"], 60)))
    assert foreign.run(share_of_tone(tracks["audio"], TONE_HZ, 2.5)) > 0.5
    page.evaluate("ortc.leave()")


def test_messages_go_both_ways(stack: Stack, open_page: OpenPage, script: str, foreign: PeerThread) -> None:
    page = enter(open_page, script, "foreign-data", data=True)
    page.evaluate("ortc.openChannel()")
    foreign.run(foreign.peer.join(stack.base, "foreign-data"))
    foreign.run(foreign.peer.join_channel())
    page.evaluate("for (let i = 0; i < 50; i++) ortc.say('page ' + i)")
    assert foreign.run(foreign.peer.until_messages(50)) == [f"page {i}" for i in range(50)]

    channel = foreign.run(foreign.peer.open_channel())
    poll(page, "ortc.announcedData.length === 1")
    page.evaluate("ortc.joinChannels()")

    async def say() -> None:
        for i in range(50):
            channel.send(f"program {i}")

    foreign.run(say())
    poll(page, "ortc.messages.length === 50")
    assert page.evaluate("ortc.messages") == [f"program {i}" for i in range(50)]
    page.evaluate("ortc.leave()")
