"""What a viewer over TCP is sent: whole frames, and of pictures and sound what its queue has room for."""

import struct

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer, vp8_payload
from tests.tcp_line import Line, LinePath, check_of, framed, publish_sound, sound
from vtp import _rtp_fast as fast

QUEUE_BYTES = 262_144
PICTURE_BYTES = 196_608


class SlowRoom:
    """A publisher of sound and picture over UDP, and one viewer of both over TCP."""

    def __init__(self, **options: int) -> None:
        self.path = PacketPath(**options)
        self.publisher = VideoPublisher(self.path)
        self.speaker = self.path.peer().connect()
        sound_producer = publish_sound(self.path, self.speaker)
        self.line = Line(self.path)
        self.side = LinePath(self.path, self.line)
        self.viewer, self.picture = add_viewer(self.side, self.publisher.producer, extensions={})
        self.path.worker.add_consumer(
            self.viewer.transport,
            kind="audio",
            mid="2",
            ssrc=7777,
            rtx_ssrc=0,
            cname="vtp",
            codecs=[(fast.CODEC_OPUS, 109, -1)],
            extensions={},
            producer=sound_producer,
        )
        self.spoken = 0
        self.publisher.frame(key=True)
        self.side.collect()

    @property
    def state(self) -> str:
        return self.path.worker.consumer_stats(self.picture)["state"]

    @property
    def dropped(self) -> int:
        return self.path.worker.counters()["tcp_dropped"]

    def speak(self) -> None:
        self.speaker.send(sound(self.spoken))
        self.spoken += 1

    def run(self, frames: int, *, size: int = 1000) -> None:
        """So many pictures of one packet, each with a packet of sound."""
        for _ in range(frames):
            self.path.advance(20)
            self.publisher.frame(size=size)
            self.speak()
            self.side.collect()

    def pictures(self) -> list[Rtp]:
        return [one for one in self.viewer.rtp if one.payload_type == 120]

    def sounds(self) -> list[Rtp]:
        return [one for one in self.viewer.rtp if one.payload_type == 109]

    def fill(self) -> None:
        """Nothing is read until the pictures stop."""
        self.line.reads = False
        for _ in range(300):
            self.run(1)
            if self.dropped:
                return
        raise AssertionError("the queue took everything")


@pytest.fixture
def room() -> SlowRoom:
    return SlowRoom()


def test_viewer_over_tcp_gets_each_packet_in_a_frame_of_its_own(room: SlowRoom) -> None:
    room.run(20)
    assert [one.sequence for one in room.pictures()] == list(
        range(room.pictures()[0].sequence, room.pictures()[0].sequence + 21)
    )
    assert len(room.sounds()) == 20
    assert room.path.worker.counters()["runs_sent"] == 0


def test_frames_stay_whole_whatever_the_socket_takes_at_a_time(room: SlowRoom) -> None:
    room.line.reads = False
    room.run(40)
    while packets := [room.line.take(997) for _ in range(10)]:
        for packet in (one for some in packets for one in some):
            room.viewer.receive(packet)
        if not any(packets):
            break
    assert len(room.pictures()) == 41
    assert len(room.sounds()) == 40


def test_full_queue_stops_pictures_until_a_key_frame_and_keeps_sound(room: SlowRoom) -> None:
    room.fill()
    assert room.state == "waiting"
    spoken = room.spoken
    room.run(60)
    assert room.state == "waiting"
    room.line.reads = True
    room.run(1)
    assert len(room.sounds()) == spoken + 61
    assert sum(len(one.payload) for one in room.pictures()) <= PICTURE_BYTES
    shown = len(room.pictures())
    room.run(40)
    assert len(room.pictures()) == shown
    room.publisher.frame(key=True)
    room.run(5)
    fresh = room.pictures()[shown:]
    assert room.state == "live"
    assert len(fresh) == 6
    numbers = [one.sequence for one in room.pictures()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_no_key_frame_is_asked_for_while_the_queue_is_full(room: SlowRoom) -> None:
    room.fill()
    room.path.advance(600)
    room.publisher.frame(key=True)  # answers all that was asked before
    asked = room.path.worker.counters()["key_frame_requests_sent"]
    room.run(300, size=10)
    assert room.path.worker.counters()["key_frame_requests_sent"] == asked
    room.line.reads = True
    room.run(80, size=10)
    assert room.path.worker.counters()["key_frame_requests_sent"] > asked


def test_sound_is_dropped_when_nothing_has_room(room: SlowRoom) -> None:
    room.fill()
    dropped = room.dropped
    while room.dropped == dropped:
        room.speak()
    assert room.spoken * 100 > (QUEUE_BYTES - PICTURE_BYTES) // 2
    room.line.reads = True
    room.side.collect()
    before = len(room.sounds())
    room.speak()
    room.side.collect()
    assert len(room.sounds()) == before + 1


def test_check_is_answered_behind_a_queue_full_of_pictures(room: SlowRoom) -> None:
    room.fill()
    room.line.send(framed(check_of(room.viewer)))
    room.line.reads = True
    room.side.collect()
    assert len(room.viewer.stun) == 2


def test_slow_viewer_costs_others_nothing(room: SlowRoom) -> None:
    other, consumer = add_viewer(room.path, room.publisher.producer, ssrc=8888, extensions={})
    room.publisher.frame(key=True)
    room.fill()
    room.run(100)
    numbers = [one.sequence for one in other.rtp]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert room.path.worker.consumer_stats(consumer)["state"] == "live"


def test_lost_packet_comes_again_over_tcp(room: SlowRoom) -> None:
    room.run(5)
    number = room.pictures()[-2].sequence
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 5555, number, 0)
    room.viewer.send_rtcp(nack)
    assert [one for one in room.viewer.rtp if one.payload_type == 121]


def test_viewer_that_ends_its_connection_in_the_middle_of_a_batch_takes_nobody_along(room: SlowRoom) -> None:
    room.run(3)
    room.line.close()
    room.publisher.frame()
    room.speak()
    assert room.path.worker.counters()["send_no_tuple"] >= 1
    assert room.path.worker.counters()["tcp_connections"] == 0


def burst(room: SlowRoom, packets: int, first: int, *, key: bool = False) -> None:
    """So many packets of pictures in one batch of datagrams, the first of them a key frame's if `key`."""
    publisher = room.publisher
    datagrams = []
    for i in range(packets):
        packet = Rtp(
            96,
            publisher.sequence + i,
            publisher.timestamp + 3000 * i,
            publisher.ssrc,
            vp8_payload(key and i == 0, first + i, 1_000),
            marker=True,
        )
        datagrams.append((publisher.peer.sender.protect(packet.pack()), publisher.peer.address))
    publisher.sequence += packets
    publisher.timestamp += 3000 * packets
    publisher.picture = first + packets
    room.path.worker.inject_batch(datagrams, room.path.now_ns)


@pytest.mark.parametrize("batch_messages", [16, 37, 64, 100])
def test_pictures_keep_to_their_share_when_a_batch_is_written_in_the_midst_of_them(
    batch_messages: int,
) -> None:
    """What waits in the batch is as much ahead of a packet as what is queued; no number is left out."""
    room = SlowRoom(batch_messages=batch_messages)
    room.line.reads = False
    burst(room, 400, 1)
    assert room.dropped > 0 and room.state == "waiting"
    waiting = [room.line.take()]
    assert sum(len(packet) + 2 for packet in waiting[0]) <= PICTURE_BYTES
    for packet in waiting[0]:
        room.viewer.receive(packet)
    room.path.advance(1_000)
    burst(room, 40, 401, key=True)
    room.line.reads = True
    room.side.collect()
    numbers = [one.sequence for one in room.pictures()]
    assert len(numbers) > 180 + 40
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert room.state == "live"


def test_what_is_no_picture_does_not_use_up_what_was_booked_for_them() -> None:
    """Reports, answers to checks and sound are booked with their own bytes: nothing is left of it."""
    room = SlowRoom(batch_messages=16)
    for _ in range(4):
        room.line.reads = False
        room.run(30)
        room.line.send(framed(check_of(room.viewer)))
        room.line.reads = True
        room.run(1)
    room.line.reads = False
    burst(room, 400, room.publisher.picture)
    assert PICTURE_BYTES - 2_100 < sum(len(packet) + 2 for packet in room.line.take()) <= PICTURE_BYTES
