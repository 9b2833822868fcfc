"""Publishers with several encodings whose upper ones come and go, and publishers that change their SSRC."""

import pytest

from tests.packet_path import PacketPath, Rtp, SimulcastPublisher, VideoPublisher, add_viewer
from vtp import _rtp_fast as fast


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def shown(packets: list[Rtp]) -> str:
    """The encodings that a viewer was sent, in order, without repeats."""
    text = "".join(chr(packet.payload[-1]) for packet in packets)
    return "".join(rid for i, rid in enumerate(text) if i == 0 or text[i - 1] != rid)


def assert_continuous(packets: list[Rtp]) -> None:
    numbers = [packet.sequence for packet in packets]
    assert numbers == [(numbers[0] + i) & 0xFFFF for i in range(len(numbers))]


def test_upper_encodings_that_never_send_leave_the_lowest_to_viewers(path: PacketPath) -> None:
    publisher = SimulcastPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame("l", key=True)
    publisher.run(3_000, "l")
    assert shown(viewer.rtp) == "l" and len(viewer.rtp) == 31


def test_publisher_whose_upper_encodings_never_send_may_become_self_paced(path: PacketPath) -> None:
    publisher = SimulcastPublisher(path)
    add_viewer(path, publisher.producer)
    publisher.run(4_000, "l")
    assert path.worker.producer_stats(publisher.producer)["self_paced"]
    publisher.frame("lmh", key=True)
    publisher.run(1_000, "lmh")


def test_viewer_of_an_encoding_that_stops_goes_on_with_a_lower_one(path: PacketPath) -> None:
    publisher = SimulcastPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame("lmh", key=True)
    publisher.run(1_000, "lmh")
    publisher.peer.rtcp.clear()
    publisher.run(2_500, "lm")
    assert publisher.peer.rtcp_of(206, 1), "a key frame of the lower one is asked for"
    publisher.frame("lm", key=True)
    publisher.run(500, "lm")
    assert shown(viewer.rtp)[-1] in "lm"
    assert_continuous(viewer.rtp)


def test_viewer_moves_up_with_the_key_frame_of_a_higher_encoding(path: PacketPath) -> None:
    publisher = SimulcastPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame("l", key=True)
    publisher.run(500, "l")
    publisher.frame("lh", key=True)
    publisher.run(500, "lh")
    assert shown(viewer.rtp) == "lh"
    assert_continuous(viewer.rtp)


def test_publisher_that_changes_its_ssrc_is_followed_once_the_old_one_is_silent(path: PacketPath) -> None:
    publisher = VideoPublisher(path, first=60_000)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    publisher.run(500)
    publisher.ssrc, publisher.sequence, publisher.timestamp = 4444, 100, 5
    publisher.frame(key=True)
    assert viewer.rtp[-1].payload[4] & 1, "the old one has only just sent"
    before = len(viewer.rtp)
    publisher.peer.rtcp.clear()
    publisher.run(1_200)
    assert publisher.peer.rtcp_of(206, 1)[-1][8:12] == (4444).to_bytes(4, "big")
    publisher.frame(key=True)
    publisher.run(500)
    assert len(viewer.rtp) == before + 6
    assert_continuous(viewer.rtp)
    steps = [
        (b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(viewer.rtp, viewer.rtp[1:], strict=False)
    ]
    assert all(0 < step < 5 * 90_000 for step in steps)


def test_late_packet_of_the_ssrc_before_changes_nothing(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    late = publisher.frame(lost=True)
    path.advance(600)
    publisher.ssrc, publisher.sequence = 4444, 100
    publisher.frame(key=True)
    publisher.peer.send(late)
    publisher.frame()
    assert len(viewer.rtp) == 3
    assert path.worker.counters()["rtp_unknown_stream"] == 1


def test_loss_in_reports_does_not_jump_with_a_new_ssrc(path: PacketPath) -> None:
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    publisher.run(1_000)
    path.advance(600)
    publisher.ssrc, publisher.sequence = 4444, 50_000
    publisher.frame(key=True)
    publisher.run(1_000)
    assert path.worker.producer_stats(publisher.producer)["streams"][0]["lost"] == 0


def test_header_extension_ids_must_differ(path: PacketPath) -> None:
    peer = path.peer()
    with pytest.raises(ValueError, match="id 5 is given to two"):
        path.worker.add_producer(
            peer.transport,
            kind="audio",
            mid="0",
            codecs=[(111, fast.CODEC_OPUS, 48_000, -1)],
            encodings=[(1, 0, "")],
            extensions={fast.EXT_AUDIO_LEVEL: 5, fast.EXT_TOFFSET: 5},
            nack=False,
            transport_cc=False,
            remb=False,
        )
