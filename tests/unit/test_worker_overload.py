"""A thread that cannot keep up lets some viewers' pictures rest, in turn; sound goes on."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.packet_path import MS, PacketPath, Peer, Rtp, VideoPublisher, add_viewer, vp8_payload
from tests.socket_path import SocketPath
from vtp import _rtp_fast as fast
from vtp.media.worker import MediaWorker

FULL_READ = 64
"""Datagrams that one read of a socket gives at most: a socket that gives so many holds more."""
LATE_MS, LOOK_MS, REST_MS = 100, 200, 3000
BEHIND_MS = 100 + LOOK_MS
"""Of late reads every 100 ms until the first pictures rest: the first look is at the first of them."""
SO_TIMESTAMPNS = 35  # Linux, asm-generic/socket.h
VIEWERS = 16
SOUND_SSRC = 777


class BusyClass:
    """Picture and sound for 16 viewers; every read of the socket gives a full batch or a short one."""

    def __init__(self, path: PacketPath) -> None:
        self.path = path
        self.publisher = VideoPublisher(path)
        self.sound_sequence = 0
        self.sound = path.worker.add_producer(
            self.publisher.peer.transport,
            kind="audio",
            mid="1",
            codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
            encodings=[(SOUND_SSRC, 0, "")],
            extensions={},
            nack=False,
            transport_cc=False,
            remb=False,
        )
        self.publisher.frame(key=True)
        self.viewers = [add_viewer(path, self.publisher.producer)[0] for _ in range(VIEWERS)]
        for viewer in self.viewers:
            path.worker.add_consumer(
                viewer.transport,
                kind="audio",
                mid="2",
                ssrc=8888,
                rtx_ssrc=0,
                cname="vtp",
                codecs=[(fast.CODEC_OPUS, 109, -1)],
                extensions={},
                producer=self.sound,
            )
        self.read()

    def read(self, *, waited_ms: int | None = None, key: bool = False) -> None:
        """100 ms pass; then the Worker reads a frame and a packet of sound, which it finds alone or,
        after `waited_ms`, among so much else that more is left in the socket.
        """
        self.path.advance(100)
        peer = self.publisher.peer
        self.sound_sequence += 1
        sound = Rtp(111, self.sound_sequence, self.sound_sequence * 960, SOUND_SSRC, bytes(80))
        frame = Rtp(
            96,
            self.publisher.sequence,
            self.publisher.timestamp,
            self.publisher.ssrc,
            vp8_payload(key, self.publisher.picture, 200),
            marker=True,
        )
        self.publisher.sequence += 1
        self.publisher.timestamp += 9000
        self.publisher.picture += 1
        others = [b"\x7f nothing that is known"] * (FULL_READ - 2 if waited_ms is not None else 0)
        datagrams = [*others, peer.sender.protect(frame.pack()), peer.sender.protect(sound.pack())]
        self.path.worker.inject_batch(
            [(one, peer.address) for one in datagrams], self.path.now_ns, (waited_ms or 0) * MS
        )
        self.path.collect()

    def overload(self, ms: int, waited_ms: int = LATE_MS + 50) -> None:
        """For so long only reads that come late and leave something."""
        for _ in range(ms // 100):
            self.read(waited_ms=waited_ms)

    def pictures(self, viewer: Peer) -> list[Rtp]:
        return [packet for packet in viewer.rtp if packet.payload_type == 120]

    def sounds(self, viewer: Peer) -> list[Rtp]:
        return [packet for packet in viewer.rtp if packet.payload_type == 109]

    def resting(self) -> set[int]:
        """Which viewers do not get the frame of the next read."""
        before = [len(self.pictures(viewer)) for viewer in self.viewers]
        self.read()
        return {i for i, viewer in enumerate(self.viewers) if len(self.pictures(viewer)) == before[i]}

    def rested(self) -> int:
        return self.path.worker.counters()["pictures_rested"]


@pytest.fixture
def busy() -> BusyClass:
    return BusyClass(PacketPath())


def test_reads_that_empty_the_socket_in_between_rest_nobody(busy: BusyClass) -> None:
    for _ in range(8):
        busy.overload(BEHIND_MS - 100)
        busy.read()
    assert busy.rested() == 0 and not busy.resting()


def test_queue_that_stands_and_is_short_rests_nobody(busy: BusyClass) -> None:
    busy.overload(2000, waited_ms=LATE_MS - 1)
    assert busy.rested() == 0


def test_queue_of_a_standstill_that_shrinks_rests_nobody(busy: BusyClass) -> None:
    waited_ms = 900.0
    while waited_ms > LATE_MS / 2:
        busy.read(waited_ms=int(waited_ms))
        waited_ms *= 0.9
    assert busy.rested() == 0 and not busy.resting()


def test_queue_that_hardly_shrinks_is_one_of_overload(busy: BusyClass) -> None:
    for _ in range(10):
        busy.read(waited_ms=900)
    assert busy.rested() > 0


def test_every_eighth_picture_rests_and_all_sound_goes_on(busy: BusyClass) -> None:
    busy.overload(BEHIND_MS)
    sounds = [len(busy.sounds(viewer)) for viewer in busy.viewers]
    assert busy.rested() == VIEWERS // 8
    assert len(busy.resting()) == VIEWERS // 8
    assert [len(busy.sounds(viewer)) for viewer in busy.viewers] == [count + 1 for count in sounds]


def test_more_rest_with_every_look_and_others_than_before(busy: BusyClass) -> None:
    busy.overload(BEHIND_MS + 2 * LOOK_MS)
    assert busy.rested() >= 3
    assert len(busy.resting()) == busy.rested()


def test_turns_are_taken(busy: BusyClass) -> None:
    had: set[int] = set()
    for _ in range(8):
        busy.overload(BEHIND_MS)
        had |= busy.resting()
        busy.path.advance(REST_MS)
        busy.read(key=True)
        assert not busy.resting()
    assert len(had) >= VIEWERS * 3 // 4


def test_rested_picture_goes_on_at_a_key_frame_with_the_next_number(busy: BusyClass) -> None:
    busy.overload(BEHIND_MS)
    one = busy.viewers[busy.resting().pop()]
    last, received = busy.pictures(one)[-1], len(busy.pictures(one))

    busy.read(key=True)
    assert len(busy.pictures(one)) == received, "a key frame within the rest does not end it"
    busy.path.advance(REST_MS)
    busy.read()
    assert len(busy.pictures(one)) == received, "nor does the rest end without a key frame"
    busy.read(key=True)

    following = busy.pictures(one)[received:]
    assert [packet.sequence for packet in following] == [(last.sequence + 1) & 0xFFFF]


def test_end_of_the_rest_asks_for_a_key_frame_and_does_not_catch_up_from_an_old_one(busy: BusyClass) -> None:
    busy.overload(BEHIND_MS)
    one = busy.viewers[busy.resting().pop()]
    busy.path.advance(REST_MS - 1500)
    busy.read(key=True)  # within the rest; for a newcomer it would be recent enough at its end
    received = len(busy.pictures(one))
    asked = busy.path.worker.counters()["key_frame_requests_sent"]
    busy.path.advance(1500)
    assert len(busy.pictures(one)) == received
    assert busy.path.worker.counters()["key_frame_requests_sent"] > asked


def test_viewer_who_pauses_or_leaves_while_resting_breaks_nothing(busy: BusyClass) -> None:
    busy.overload(BEHIND_MS)
    first, second = sorted(busy.resting())
    busy.path.worker.remove_transport(busy.viewers[first].transport)
    busy.path.advance(REST_MS)
    busy.read(key=True)
    assert busy.resting() == {first}
    assert busy.pictures(busy.viewers[second])


async def test_log_says_so_once(busy: BusyClass, caplog: pytest.LogCaptureFixture) -> None:
    worker = MediaWorker(busy.path.worker, asyncio.get_running_loop(), threaded=False)
    worker.measure()
    assert not caplog.messages
    busy.overload(BEHIND_MS)
    worker.measure()
    busy.overload(LOOK_MS)
    worker.measure()
    assert [
        message for message in caplog.messages if "2 times a viewer's picture was stopped" in message
    ] == caplog.messages
    worker.close()


@pytest.fixture
def stamping_kernel() -> Iterator[None]:
    """Linux stamps datagrams as they come from some moments after the first socket asked for it: that is
    switched on by a work queue (net_enable_timestamp). Until then it stamps them as they are read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        asking.bind(("127.0.0.1", 0))
        for _ in range(500):
            asking.sendto(b"?", asking.getsockname())
            time.sleep(0.01)
            _, found, _, _ = asking.recvmsg(1, 64)
            seconds, nanoseconds = struct.unpack("@ll", found[0][2])
            if time.time() - seconds - nanoseconds / 1e9 > 0.005:
                break
        else:
            pytest.fail("The kernel did not stamp a datagram as it came within five seconds.")
        yield


@pytest.mark.usefixtures("stamping_kernel")
@pytest.mark.parametrize(("waited_s", "late"), [(0.0, False), (LATE_MS / 1000 + 0.02, True)])
def test_kernel_says_how_long_datagrams_have_waited(waited_s: float, late: bool) -> None:
    with contextlib.closing(SocketPath()) as path:
        flood = path.sockets[path.peer().address]
        for _ in range(2 * FULL_READ):
            flood.sendto(b"\x7f nothing that is known", path.server)
        time.sleep(waited_s)
        path.worker.run_once()
        assert path.worker.counters()["datagrams_received"] == 2 * FULL_READ
        assert (path.worker.counters()["reads_late"] > 0) == late
