"""The compiled loops of `make bench` do the work they are timed for, and the server does not know them."""

import re
from pathlib import Path

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

ROOT = Path(__file__).resolve().parents[2]
GCM = fast.PROFILE_AEAD_AES_128_GCM
PAYLOAD = vp8_payload(False, 1, 100)


def plain(sequence: int) -> bytes:
    return Rtp(96, sequence, 1, 1, PAYLOAD).pack()


def watched() -> tuple[PacketPath, int, Rtp]:
    """A viewer's consumer, and the last packet that the viewer got."""
    path = PacketPath()
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, consumer = add_viewer(path, publisher.producer)
    path.advance(100)
    publisher.frame()
    return path, consumer, viewer.rtp[-1]


def test_the_server_never_calls_a_measuring_loop() -> None:
    loops = {name for name in dir(fast) if name.startswith("repeat_")}
    assert len(loops) > 5
    any_of_them = re.compile(rf"\b({'|'.join(loops)})\b|[\"']repeat_")  # or a name that is made up
    named = {path.name for path in (ROOT / "vtp").rglob("*.py") if any_of_them.search(path.read_text())}
    assert named == set()


def test_every_round_parses_the_packet() -> None:
    assert fast.repeat_parse_rtp(plain(1), 1000) == 1000 * (len(PAYLOAD) + 1)
    once = fast.repeat_inspect_payload(fast.CODEC_VP8, PAYLOAD, 1)
    assert fast.repeat_inspect_payload(fast.CODEC_VP8, PAYLOAD, 1000) == 1000 * once > 0


def test_every_round_protects_a_packet_of_its_own() -> None:
    sender, twin = (fast.Srtp(GCM, bytes(16), bytes(12), sender=True) for _ in range(2))
    assert fast.repeat_protect(sender, plain(1), 10) == 10 * (len(plain(1)) + 16)
    receiver = fast.Srtp(GCM, bytes(16), bytes(12), sender=False)
    assert fast.repeat_unprotect(receiver, [twin.protect(plain(i)) for i in range(10)]) == 10 * len(plain(1))


def test_a_packet_that_was_taken_is_refused_when_measured_again() -> None:
    packet = fast.Srtp(GCM, bytes(16), bytes(12), sender=True).protect(plain(1))
    receiver = fast.Srtp(GCM, bytes(16), bytes(12), sender=False)
    with pytest.raises(ValueError, match="received before"):
        fast.repeat_unprotect(receiver, [packet, packet])


def test_every_round_writes_the_header_that_the_viewer_gets() -> None:
    path, consumer, last = watched()
    header = len(last.pack()) - len(last.payload)
    assert fast.repeat_rewrite(path.worker, consumer, 1000) == 1000 * header


def test_a_request_is_looked_up_every_time_and_resent_when_asked_to_be() -> None:
    path, consumer, last = watched()
    assert fast.repeat_answer_nack(path.worker, consumer, last.sequence, 10, resend=True) == 10
    path, consumer, last = watched()
    assert fast.repeat_answer_nack(path.worker, consumer, last.sequence, 10, resend=False) == 1


def test_frames_come_whole_out_of_the_depacketizing_loop() -> None:
    key = vp8_payload(True, 1, 100)
    packet = Rtp(96, 1, 1, 1, key, marker=True).pack()
    loop = fast.Depacketizer(fast.CODEC_VP8, 90_000, 100)
    once = fast.Depacketizer(fast.CODEC_VP8, 90_000, 100)
    once.push(packet, 1)
    assert fast.repeat_depacketize(loop, [packet], 1) == sum(len(unit.data) for unit in once.poll(1)) > 0


def test_a_worker_with_a_socket_is_not_measured() -> None:
    worker = fast.Worker([("127.0.0.1", 0)], threaded=False)
    try:
        with pytest.raises(ValueError, match="without addresses"):
            fast.repeat_rewrite(worker, 1, 1)
    finally:
        worker.close()
