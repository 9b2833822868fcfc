"""Forwarding makes no Python frame per packet, and needs nothing of the interpreter.

Publisher and viewers are another process, so that every Python call counted here is the server's.
"""

import asyncio
import ctypes
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from types import FrameType

import pytest

from tests.media_server import MediaServer, running_server
from tests.packet_load import PacketLoad, packet_load

VIEWERS = 9
SECONDS = 4.0
FEW, MANY = 100, 2_000
"""Packets of the publisher: 1,000 and 20,000 with those that the viewers get."""
ALLOWED_CALLS = 4_000
"""How much more or less the timers may call in two spells of the same length, and what follows from news of
links: some ten calls each, a few times a second at most. A call per packet would be 18,000."""
STOPPED_PACKETS = 1_000
STOPPED_US = 2_000_000
LIMIT_S = 120


class CallCounter:
    """Counts Python calls on this thread and on those that begin while it counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, _frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            self.calls += 1


@contextmanager
def counted_calls() -> Iterator[CallCounter]:
    counter = CallCounter()
    threading.setprofile(counter)
    sys.setprofile(counter)
    try:
        yield counter
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    async with running_server() as running:
        yield running


def loaded(server: MediaServer) -> AbstractAsyncContextManager[PacketLoad]:
    return packet_load(f"{server.url}/whip/physics", f"{server.url}/whep/physics", VIEWERS)


def forwarded(server: MediaServer) -> int:
    return sum(worker.core.counters()["packets_forwarded"] for worker in server.plane.workers)


async def calls_while_sending(server: MediaServer, load: PacketLoad, packets: int) -> tuple[int, int]:
    """Python calls in the server, and packets forwarded meanwhile."""
    before = forwarded(server)
    with counted_calls() as counter:
        await load.begin(packets, SECONDS)
        await load.wait()
    return counter.calls, forwarded(server) - before


async def test_python_calls_do_not_grow_with_packets(server: MediaServer) -> None:
    async with asyncio.timeout(LIMIT_S), loaded(server) as load:
        few_calls, few_packets = await calls_while_sending(server, load, FEW)
        many_calls, many_packets = await calls_while_sending(server, load, MANY)
    print(f"{few_calls} Python calls for {few_packets} packets, {many_calls} for {many_packets}")
    assert few_packets >= FEW * VIEWERS
    assert many_packets >= MANY * VIEWERS
    assert many_calls < few_calls + ALLOWED_CALLS


async def test_packets_are_forwarded_while_the_interpreter_stands_still(server: MediaServer) -> None:
    """A call that keeps the interpreter's lock: no Python frame of this process can run meanwhile."""
    async with asyncio.timeout(LIMIT_S), loaded(server) as load:
        before = forwarded(server)
        await load.begin(STOPPED_PACKETS, STOPPED_US / 1e6)
        ctypes.PyDLL(None).usleep(STOPPED_US)
        meanwhile = forwarded(server) - before
        await load.wait()
    print(f"{meanwhile} packets were forwarded while no Python ran")
    assert meanwhile > STOPPED_PACKETS * VIEWERS // 2
    assert forwarded(server) - before >= STOPPED_PACKETS * VIEWERS
