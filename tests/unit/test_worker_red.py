"""RED of Opus: who negotiated it gets it whole, all others and recorders the Opus that is in it."""

import pytest

from tests.packet_path import PacketPath, Peer, Rtp
from tests.red import pack_red, unpack_red
from tests.speakers import LEVEL_ID, LOUD, SoundPublisher
from vtp import _rtp_fast as fast

RED, OPUS, OTHER_OPUS = 63, 111, 112  # the publisher's; RED carries the first
THEIR_RED, THEIR_OPUS = 121, 109


class RedPublisher:
    """A peer that publishes Opus in RED, each packet with the two before it."""

    def __init__(self, path: PacketPath, ssrc: int = 11) -> None:
        self.peer = path.peer().connect()
        self.ssrc = ssrc
        self.sequence, self.timestamp = 1000, 48_000
        self.said: list[bytes] = []
        self.producer = path.worker.add_producer(
            self.peer.transport,
            kind="audio",
            mid="0",
            codecs=[
                (OPUS, fast.CODEC_OPUS, 48_000, -1),
                (RED, fast.CODEC_RED, 48_000, -1),
                (OTHER_OPUS, fast.CODEC_OPUS, 48_000, -1),
            ],
            encodings=[(ssrc, 0, "")],
            extensions={fast.EXT_AUDIO_LEVEL: LEVEL_ID},
            nack=True,
            transport_cc=False,
            remb=False,
        )

    def send(self, payload: bytes, payload_type: int = RED) -> None:
        """Any payload as the next packet."""
        packet = Rtp(payload_type, self.sequence, self.timestamp, self.ssrc, payload)
        packet.extensions = {LEVEL_ID: bytes([0x80 | LOUD])}
        self.peer.send(packet)
        self.sequence += 1
        self.timestamp += 960

    def say(self) -> bytes:
        """The next 20 ms, its own Opus."""
        own = f"{self.ssrc}:{self.sequence}".encode() * 3
        self.send(pack_red(OPUS, own, self.said[-2:]))
        self.said.append(own)
        return own


def viewer_of(path: PacketPath, producer: int, *, red: bool) -> Peer:
    peer = path.peer().connect()
    codecs = [(fast.CODEC_OPUS, THEIR_OPUS, -1)] + ([(fast.CODEC_RED, THEIR_RED, -1)] if red else [])
    path.worker.add_consumer(
        peer.transport,
        kind="audio",
        mid="1",
        ssrc=5555,
        rtx_ssrc=0,
        cname="vtp",
        codecs=codecs,
        extensions={fast.EXT_MID: 9},
        producer=producer,
    )
    path.collect()
    return peer


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def test_viewer_of_red_gets_all_blocks_under_its_own_payload_types(path: PacketPath) -> None:
    ada = RedPublisher(path)
    viewer = viewer_of(path, ada.producer, red=True)
    said = [ada.say() for _ in range(4)]
    assert {packet.payload_type for packet in viewer.rtp} == {THEIR_RED}
    assert [unpack_red(packet.payload) for packet in viewer.rtp] == [
        ([THEIR_OPUS] * (min(i, 2) + 1), said[max(0, i - 2) : i + 1]) for i in range(4)
    ]


def test_viewer_without_red_gets_plain_opus(path: PacketPath) -> None:
    ada = RedPublisher(path)
    viewer = viewer_of(path, ada.producer, red=False)
    said = [ada.say() for _ in range(4)]
    assert [(packet.payload_type, packet.payload) for packet in viewer.rtp] == [
        (THEIR_OPUS, one) for one in said
    ]
    first = viewer.rtp[0].sequence
    assert [packet.sequence for packet in viewer.rtp] == [first + i for i in range(4)]


def test_publisher_that_goes_over_to_plain_opus_and_back_is_followed(path: PacketPath) -> None:
    ada = RedPublisher(path)
    with_red, without = (viewer_of(path, ada.producer, red=red) for red in (True, False))
    ada.say()
    ada.send(b"plain", OPUS)
    ada.say()
    assert [packet.payload_type for packet in with_red.rtp] == [THEIR_RED, THEIR_OPUS, THEIR_RED]
    assert [packet.payload for packet in without.rtp] == [ada.said[0], b"plain", ada.said[1]]


def test_plain_opus_is_whole_where_red_was_before_in_the_ring() -> None:
    path = PacketPath(ring_packets_audio=64)
    ada = RedPublisher(path)
    viewer = viewer_of(path, ada.producer, red=False)
    for _ in range(70):
        ada.say()
    for _ in range(70):
        ada.send(b"plain", OPUS)
    assert [packet.payload for packet in viewer.rtp] == ada.said + [b"plain"] * 70


def test_bytes_that_a_viewer_was_given_are_counted(path: PacketPath) -> None:
    ada = RedPublisher(path)
    peer = path.peer().connect()
    consumer = path.worker.add_consumer(
        peer.transport,
        kind="audio",
        mid="1",
        ssrc=5555,
        rtx_ssrc=0,
        cname="vtp",
        codecs=[(fast.CODEC_OPUS, THEIR_OPUS, -1)],
        extensions={},
        producer=ada.producer,
    )
    said = [ada.say() for _ in range(4)]
    assert path.worker.consumer_stats(consumer)["bytes"] == sum(map(len, said))


def test_plain_publisher_is_given_to_a_viewer_that_knows_red(path: PacketPath) -> None:
    ada = SoundPublisher(path, 11)
    viewer = viewer_of(path, ada.producer, red=True)
    said = ada.say(LOUD)
    assert [(packet.payload_type, packet.payload) for packet in viewer.rtp] == [(THEIR_OPUS, said)]


def test_red_waits_with_other_packets_in_one_run_as_it_does_alone(path: PacketPath) -> None:
    ada, sam = RedPublisher(path, 11), RedPublisher(path, 22)
    viewer = path.peer().connect()
    for ssrc, publisher, red in ((5555, ada, True), (6666, sam, False)):
        path.worker.add_consumer(
            viewer.transport,
            kind="audio",
            mid="1",
            ssrc=ssrc,
            rtx_ssrc=0,
            cname="vtp",
            codecs=[(fast.CODEC_OPUS, THEIR_OPUS, -1)] + ([(fast.CODEC_RED, THEIR_RED, -1)] if red else []),
            extensions={},
            producer=publisher.producer,
        )
    packets = []
    for publisher in (sam, ada):
        publisher.say()
    for publisher in (sam, ada):
        payload = pack_red(OPUS, b"o" * 60, [b"p" * 50, b"q" * 55])
        packet = Rtp(RED, publisher.sequence, publisher.timestamp, publisher.ssrc, payload).pack()
        packets.append((publisher.peer.sender.protect(packet), publisher.peer.address))
    path.worker.inject_batch(packets, path.now_ns)
    path.collect()
    by_ssrc = {packet.ssrc: packet.payload for packet in viewer.rtp}
    assert unpack_red(by_ssrc[5555]) == ([THEIR_OPUS] * 3, [b"p" * 50, b"q" * 55, b"o" * 60])
    assert by_ssrc[6666] == b"o" * 60
    assert path.worker.counters()["padding_sent"] == 0, "each was counted at its own size"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xef", id="a header cut off"),
        pytest.param(b"\xef\x00\x00\x08", id="no last block"),
        pytest.param(pack_red(OPUS, b"", [b"old"])[:-1], id="an old block cut off"),
        pytest.param(pack_red(13, b"noise"), id="comfort noise"),
        pytest.param(pack_red(OPUS, b"own", [b"old"]).replace(b"\xef", b"\x8d", 1), id="old comfort noise"),
        pytest.param(pack_red(OPUS, b"own", [b"o"] * 16), id="more blocks than anybody sends"),
    ],
)
def test_packet_that_is_no_red_of_opus_is_closed_up(path: PacketPath, payload: bytes) -> None:
    ada = RedPublisher(path)
    viewers = [viewer_of(path, ada.producer, red=red) for red in (True, False)]
    ada.say()
    ada.send(payload)
    ada.say()
    for viewer in viewers:
        assert len(viewer.rtp) == 2
        assert viewer.rtp[1].sequence == viewer.rtp[0].sequence + 1
    assert ada.peer.rtcp_of(205, 1) == [], "nothing is asked for again"


def test_age_of_a_block_is_not_taken_for_its_length(path: PacketPath) -> None:
    ada = RedPublisher(path)
    viewer = viewer_of(path, ada.producer, red=False)
    ada.send(pack_red(OPUS, b"own", [b"old"], step=0x3FFF))
    assert [packet.payload for packet in viewer.rtp] == [b"own"]


def test_packet_with_as_many_blocks_as_are_taken_passes(path: PacketPath) -> None:
    ada = RedPublisher(path)
    viewers = [viewer_of(path, ada.producer, red=red) for red in (True, False)]
    ada.send(pack_red(OPUS, b"own", [b"o"] * 15))
    assert len(unpack_red(viewers[0].rtp[0].payload)[1]) == 16
    assert viewers[1].rtp[0].payload == b"own"


def test_packet_whose_own_block_is_empty_is_empty_to_who_knows_no_red(path: PacketPath) -> None:
    ada = RedPublisher(path)
    viewer = viewer_of(path, ada.producer, red=False)
    ada.say()
    ada.send(pack_red(OPUS, b"", [b"old"]))
    assert [packet.payload for packet in viewer.rtp] == [ada.said[0], b""]


def test_recorder_gets_plain_opus(path: PacketPath) -> None:
    ada = RedPublisher(path)
    tap = path.worker.open_tap(ada.producer, 1 << 16)
    depacketizer = fast.Depacketizer(fast.CODEC_OPUS, 48_000, 100, payload_type=OPUS)
    said = [ada.say() for _ in range(4)]
    assert tap.drain(depacketizer) == 4
    assert [frame.data for frame in depacketizer.poll(path.now_ns + 10**9)][: len(said)] == said
    tap.close()


def test_viewers_on_another_worker_get_the_same(path: PacketPath) -> None:
    away = PacketPath()
    ada = RedPublisher(path)
    outlet = away.worker.add_outlet(path.worker, ada.producer)
    with_red, without = (viewer_of(away, outlet, red=red) for red in (True, False))
    said = [ada.say() for _ in range(3)]
    away.advance(20)
    assert unpack_red(with_red.rtp[2].payload) == ([THEIR_OPUS] * 3, said)
    assert [packet.payload for packet in without.rtp] == said


def test_level_of_red_is_booked_as_any(path: PacketPath) -> None:
    ada = RedPublisher(path)
    ada.say()
    path.advance(20)
    assert path.worker.audio_levels(0)[1][0][1][-1] == LOUD


def test_red_needs_opus(path: PacketPath) -> None:
    peer = path.peer().connect()
    with pytest.raises(ValueError, match="needs a payload type for Opus"):
        path.worker.add_consumer(
            peer.transport,
            kind="audio",
            mid="1",
            ssrc=1,
            rtx_ssrc=0,
            cname="",
            codecs=[(fast.CODEC_RED, THEIR_RED, -1)],
            extensions={},
            producer=0,
        )
