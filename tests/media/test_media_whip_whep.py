"""Publishing by WHIP and watching by WHEP with aiortc, over loopback, through HTTP and the packet path."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.media_server import MediaServer, client, running_server

LIMIT_S = 20


@pytest.fixture(params=[1, 0], ids=["thread", "on_loop"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[MediaServer]:
    async with running_server(request.param) as server:
        yield server


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
