"""Opus with DTX: in silence hardly a packet comes, and nobody takes that for loss."""

import pytest

from tests.packet_path import PacketPath, add_viewer
from tests.speakers import LOUD, QUIET, SoundPublisher, say_all


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


def test_silence_of_dtx_is_no_loss(path: PacketPath) -> None:
    """A publisher with DTX sends a packet each 400 ms in silence; numbers go on, timestamps jump."""
    ada = SoundPublisher(path, 11, nack=True)
    viewer = add_viewer(path, ada.producer, kind="audio")[0]
    say_all(path, {ada: LOUD}, 1_000)
    for _ in range(10):
        path.advance(400)
        ada.timestamp += 960 * 19
        ada.say(QUIET)
    path.advance(5_000)
    ada.timestamp += 48_000 * 5
    say_all(path, {ada: LOUD}, 1_000)
    numbers = [packet.sequence for packet in viewer.rtp]
    assert numbers == list(range(numbers[0], numbers[0] + 110))
    stats = path.worker.producer_stats(ada.producer)["streams"][0]
    assert stats["lost"] == 0 and stats["fraction_lost"] == 0 and stats["active"]
    assert stats["jitter_ms"] < 1
    assert ada.peer.rtcp_of(205, 1) == [], "nothing is asked for again"
    assert all(report[12:16] == bytes(4) for report in ada.peer.rtcp_of(201)), "no loss is told"
