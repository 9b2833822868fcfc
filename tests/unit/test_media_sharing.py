"""Layers follow what a link carries: packet path, estimator, allocator and a narrow link in a loop."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.bottleneck import Bottleneck
from tests.layered import Encoding, Frame, Vp8Layers
from tests.narrow_viewer import NarrowViewer
from tests.packet_path import MS, PacketPath, Rtp, add_viewer
from vtp import _rtp_fast as fast
from vtp.media import ortc
from vtp.media.consumer import Consumer
from vtp.media.layer_rates import LayerRates
from vtp.media.layers import Layers
from vtp.media.parameters import RtpParameters
from vtp.media.producer import Producer, ProducerDescription
from vtp.media.sharing import LOOK_SOON_S, Sharing
from vtp.media.worker import MediaWorker

PARTS = {"l": 1, "m": 3, "h": 8}
"""Packets a frame: about 220, 660 and 1,760 kbit/s."""
BODY_BYTES = 1050


class Graded(Vp8Layers):
    """Encodings whose rates differ as those of browsers do."""

    def encode(self, encoding: Encoding, *, key: bool, step: int) -> list[Rtp]:
        self.parts = (PARTS[encoding.rid], PARTS[encoding.rid])
        return super().encode(encoding, key=key, step=step)

    def payload(self, encoding: Encoding, frame: Frame, part: int, sync: bool, body: bytes) -> bytes:
        return super().payload(encoding, frame, part, sync, body + bytes(BODY_BYTES))


@dataclass
class Later:
    callback: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class PathClock:
    """The packet path's time as an event loop's."""

    path: PacketPath
    due: list[tuple[float, int, Later]] = field(default_factory=list)
    count: itertools.count[int] = field(default_factory=itertools.count)

    def time(self) -> float:
        return self.path.now_ns / 1e9

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Later:
        later = Later(callback)
        heapq.heappush(self.due, (self.time() + delay, next(self.count), later))
        return later

    def run_due(self) -> None:
        while self.due and self.due[0][0] <= self.time():
            later = heapq.heappop(self.due)[2]
            if not later.cancelled:
                later.callback()


class Classroom:
    """Publishers of three encodings, and one viewer behind a link whose layers `Sharing` chooses."""

    def __init__(
        self, worker: MediaWorker, path: PacketPath, *, publishers: int = 1, bps: float = 5e6
    ) -> None:
        self.path, self.worker = path, worker
        self.clock = PathClock(path)
        self.publishers = [Graded(path) for _ in range(publishers)]
        self.link = Bottleneck(bps)
        self.peer, handle = add_viewer(path)
        self.viewer = NarrowViewer(path, self.peer, self.link)
        self.producers = [self._producer(one.producer) for one in self.publishers]
        handles = [handle, *(self._add_consumer(number) for number in range(1, publishers))]
        self.made = [
            Consumer(worker, one, "video", producer.rtp_parameters, bound_to=producer)
            for one, producer in zip(handles, self.producers, strict=True)
        ]
        self.consumers = {one.id: one for one in self.made}
        self.is_over = False
        self.wanted: list[float] = []
        self.sharing = Sharing(self, self.clock)
        for consumer in self.made:
            self.sharing.add(consumer)

    def _producer(self, handle: int) -> Producer:
        parameters = RtpParameters.model_validate(
            {
                "codecs": [{"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000}],
                "encodings": [{"rid": rid, "scalabilityMode": "L1T3"} for rid in PARTS],
            }
        )
        mapping = ortc.RtpMapping({}, [])
        description = ProducerDescription("video", parameters, parameters, mapping, "simulcast")
        return Producer(self.worker, handle, description)

    def _add_consumer(self, number: int) -> int:
        return self.path.worker.add_consumer(
            self.peer.transport,
            kind="video",
            mid=str(number + 1),
            ssrc=6000 + 2 * number,
            rtx_ssrc=6001 + 2 * number,
            cname="vtp",
            codecs=[(fast.CODEC_VP8, 120, 121)],
            extensions={fast.EXT_TRANSPORT_CC: 3},
        )

    def stats(self) -> dict[str, Any]:
        return dict(self.path.worker.transport_stats(self.peer.transport))

    def follow_bandwidth(self) -> None:
        self.path.worker.follow_bandwidth(self.peer.transport)

    def want_bitrate(self, bps: float) -> None:
        self.wanted.append(bps)
        self.path.worker.want_bitrate(self.peer.transport, bps)

    def run(self, ms: int, rids: str = "lmh") -> None:
        for _ in range(ms // 40):
            for publisher in self.publishers:
                publisher.shot_ns = 0
                publisher.frame(rids, key=publisher.wanted())
            for _ in range(8):
                self.path.advance(5)
                self.viewer.turn()
                self._hear()
                self.clock.run_due()

    def _hear(self) -> None:
        for kind, object_id, value in self.path.worker.poll_events():
            if kind == fast.EVENT_BANDWIDTH and object_id == self.peer.transport:
                self.sharing.look()
            elif kind == fast.EVENT_LAYERS_CHANGED:
                for consumer in self.made:
                    if consumer.handle == object_id and isinstance(value, tuple):
                        consumer.current_layers = Layers(*value)
            elif kind in (fast.EVENT_LAYER_WATCHED, fast.EVENT_LAYER_UNWATCHED):
                for producer in self.producers:
                    if producer.handle == object_id and isinstance(value, int):
                        watched = producer.watched_layers - {value}
                        producer.watched_layers = (
                            watched | {value} if kind == fast.EVENT_LAYER_WATCHED else watched
                        )

    def spatial(self, number: int = 0) -> int:
        """What is sent of a picture; -1: nothing."""
        return self.path.worker.consumer_stats(self.made[number].handle)["spatial_layer"]

    def granted(self, number: int) -> Layers:
        """What the link was found to bear of a picture."""
        return self.made[number].granted_layers

    def until(self, holds: Callable[[], bool], limit_ms: int) -> int:
        """How many milliseconds pass until something holds."""
        for passed in range(0, limit_ms, 40):
            if holds():
                return passed
            self.run(40)
        raise AssertionError(f"It did not hold within {limit_ms} ms: {self.stats()}")


@pytest.fixture
async def worker() -> AsyncIterator[tuple[MediaWorker, PacketPath]]:
    path = PacketPath()
    running = MediaWorker(path.worker, asyncio.get_running_loop(), threaded=False)
    yield running, path
    running.close()


Made = tuple[MediaWorker, PacketPath]


@pytest.mark.parametrize("narrow_ms", [2400, 3600, 5600])
async def test_a_link_that_narrows_and_widens(worker: Made, narrow_ms: int) -> None:
    """Less within a second; then no queue and no loss to speak of; everything again within eight."""
    room = Classroom(*worker)
    room.run(6000)
    assert room.spatial() == 2 and not room.sharing.is_limited and not room.wanted
    room.link.bps = 500e3
    assert room.until(lambda: room.spatial() < 2, 1000) <= 1000
    room.run(1000)
    lost, sent = room.viewer.lost, room.viewer.sent
    queues = []
    for _ in range(narrow_ms // 40 - 40):
        room.run(40)
        queues.append(room.link.queue_now_ms(room.path.now_ns))
        assert room.spatial() < 2
    assert (room.viewer.lost - lost) / (room.viewer.sent - sent) <= 0.02
    assert sorted(queues)[len(queues) * 95 // 100] <= 200
    assert room.wanted[-1] > 500e3
    room.link.bps = 5e6
    room.until(lambda: room.spatial() == 2, 8000)
    room.until(lambda: not room.sharing.is_limited, 4000)
    room.run(1000)
    assert room.viewer.rate_bps(room.path.now_ns - 500 * MS) > 1.7e6
    assert room.wanted[-1] == 0


async def test_what_a_picture_costs_is_looked_for_soon_again_while_it_is_not_known(
    worker: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Classroom(*worker)
    room.run(3000)
    room.link.bps = 500e3
    with monkeypatch.context() as unknown:
        unknown.setattr(LayerRates, "choices", lambda *_, **__: ())
        room.until(lambda: room.sharing.is_limited, 2000)
        room.run(2000)
        assert room.granted(0).spatial > 2
        (due_s,) = (at_s for at_s, _, later in room.clock.due if not later.cancelled)
        assert 0 <= due_s - room.clock.time() <= LOOK_SOON_S
    room.until(lambda: room.granted(0).spatial < 2, round(LOOK_SOON_S * 1000) + 40)


async def test_who_has_room_for_everything_is_never_limited(worker: Made) -> None:
    room = Classroom(*worker, publishers=2, bps=20e6)
    room.run(10_000)
    assert [room.spatial(number) for number in range(2)] == [2, 2]
    assert not room.wanted and not room.clock.due


async def test_a_screen_keeps_its_largest_layer_while_cameras_give_theirs_up(worker: Made) -> None:
    room = Classroom(*worker, publishers=3, bps=20e6)
    room.producers[1].is_screen = True
    room.run(4000)
    room.link.bps = 2.9e6
    room.until(lambda: room.sharing.is_limited, 3000)
    room.run(12_000)
    assert room.spatial(1) == 2
    assert room.spatial(0) < 2 and room.spatial(2) < 2


async def test_who_is_focused_comes_before_others_as_soon_as_that_changes(worker: Made) -> None:
    room = Classroom(*worker, publishers=2, bps=20e6)
    room.producers[0].focused_by.add("pin")
    room.run(4000)
    room.link.bps = 2.6e6
    room.until(lambda: room.sharing.is_limited, 3000)
    room.run(8000)
    first = [room.spatial(0), room.spatial(1)]
    assert first[0] > first[1]
    room.producers[0].focused_by.clear()
    room.producers[1].focused_by.add("pin")
    room.run(8000)
    second = [room.spatial(0), room.spatial(1)]
    assert second[1] > second[0]


async def test_a_limited_viewer_that_hides_a_picture_has_its_share_for_the_other(worker: Made) -> None:
    room = Classroom(*worker, publishers=2, bps=20e6)
    room.run(4000)
    room.link.bps = 1.0e6
    room.until(lambda: room.sharing.is_limited, 3000)
    room.run(6000)
    before = room.granted(0)
    assert before < Layers(2, 0)
    room.made[1].pause()
    room.until(lambda: room.granted(0) > before, 8000)


async def test_what_was_hidden_while_a_link_was_narrow_comes_back_as_large_as_it_is_wanted(
    worker: Made,
) -> None:
    room = Classroom(*worker, publishers=2, bps=20e6)
    room.run(4000)
    room.link.bps = 600e3
    room.until(lambda: room.granted(1) < Layers(2, 0), 6000)
    room.made[1].pause()
    room.link.bps = 20e6
    room.until(lambda: not room.sharing.is_limited, 12_000)
    room.made[1].resume()
    room.until(lambda: room.spatial(1) == 2, 4000)


async def test_a_layer_that_nobody_watches_is_chosen_again_when_it_fits(worker: Made) -> None:
    """Its publisher stops sending it then; what is not sent shows no rate of its own."""
    room = Classroom(*worker)
    room.run(4000)
    room.link.bps = 500e3
    room.until(lambda: room.producers[0].watched_layers == {0, 1}, 12_000)
    room.run(3000, "lm")
    assert room.spatial() == 1
    room.link.bps = 5e6
    for _ in range(300):
        sends = "".join(rid for at, rid in enumerate("lmh") if at in room.producers[0].watched_layers)
        room.run(40, sends)
        if room.spatial() == 2:
            break
    assert room.spatial() == 2


async def test_a_closed_transport_looks_no_more(worker: Made) -> None:
    room = Classroom(*worker, bps=700e3)
    room.until(lambda: room.sharing.is_limited, 6000)
    room.is_over = True
    room.run(2000)
    assert not room.sharing.is_limited
    assert all(later.cancelled for _, _, later in room.clock.due)


async def test_of_pictures_that_end_together_none_is_asked_for_when_the_first_is_told(worker: Made) -> None:
    room = Classroom(*worker, publishers=2, bps=700e3)
    room.until(lambda: room.sharing.is_limited, 6000)
    assert [one.end() for one in room.producers] == [True, True]
    for one in room.producers:
        one.tell_end("Its transport was closed.")
        room.sharing.look()
        assert not one.end()
