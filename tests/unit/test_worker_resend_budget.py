"""What a viewer gets again: part of what its link carries; what was refused can be asked for later."""

from __future__ import annotations

import pytest

from tests.hostile import flood_of_nacks, nacks
from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer
from tests.unit.test_worker_bandwidth import remb
from tests.unit.test_worker_loss import nack, rtx_of

SSRC = 5555
SIZE = 1_000
RTX_BYTES = 1_075
"""About what one of these packets weighs when it is sent again."""
BURST_S = 0.25


class Asking:
    """A viewer who has been sent 512 packets."""

    def __init__(self, path: PacketPath, bps: int = 0) -> None:
        self.path = path
        publisher = VideoPublisher(path)
        publisher.frame(key=True)
        self.viewer, self.consumer = add_viewer(path, publisher.producer, ssrc=SSRC, extensions={})
        path.advance(100)
        for _ in range(511):
            publisher.frame(size=SIZE)
        assert len(self.viewer.rtp) == 512
        if bps:
            self.viewer.send_rtcp(remb(bps))
        self.numbers = [one.sequence for one in self.viewer.rtp[1:]]

    def count(self, name: str) -> int:
        return self.path.worker.counters()[name]

    def ask(self, *numbers: int) -> list[Rtp]:
        """What is sent again because of it."""
        before = len(self.viewer.rtp)
        for at in range(0, len(numbers), 300):
            self.viewer.send_rtcp(nack(SSRC, *numbers[at : at + 300]))
        return rtx_of(self.viewer.rtp[before:])


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


@pytest.mark.parametrize(
    ("estimate", "allowed"),
    [(0, 2e6), (100_000, 0.5e6), (3_000_000, 1.5e6), (12_000_000, 6e6)],
)
def test_at_once_a_viewer_gets_a_quarter_of_a_second_of_its_budget(
    path: PacketPath, estimate: int, allowed: float
) -> None:
    asking = Asking(path, estimate)
    again = asking.ask(*asking.numbers)
    assert len(again) == pytest.approx(allowed * BURST_S / 8 / RTX_BYTES, abs=2, rel=0.05)
    assert asking.count("rtx_refused") == 511 - len(again)


def test_more_than_20_mbit_a_second_is_for_nobody(path: PacketPath) -> None:
    asking = Asking(path, 100_000_000)
    before = asking.count("rtx_sent")
    for _ in range(100):
        path.advance(10)
        asking.viewer.send_rtcp(nacks(SSRC, asking.numbers[0], 511))
    sent = asking.count("rtx_sent") - before
    assert sent == pytest.approx(20e6 * (1 + BURST_S) / 8 / RTX_BYTES, rel=0.05)


def test_a_flood_gets_no_more_than_the_budget(path: PacketPath) -> None:
    """Datagrams full of 512 packets over and over, every 10 ms for two seconds."""
    asking = Asking(path, 4_000_000)
    start = asking.count("rtx_sent")
    for _ in range(200):
        path.advance(10)
        asking.viewer.send_rtcp(flood_of_nacks(SSRC, asking.numbers[0]))
    sent = asking.count("rtx_sent") - start
    assert 0 < sent <= 2e6 * (2 + BURST_S) / 8 / RTX_BYTES * 1.05


def test_what_was_refused_is_sent_when_it_is_asked_for_again(path: PacketPath) -> None:
    """And at once, within a round trip of the refusal: it does not count as sent again."""
    asking = Asking(path)
    got = {int.from_bytes(one.payload[:2]) for one in asking.ask(*asking.numbers)}
    refused = [number for number in asking.numbers if number not in got]
    assert refused and asking.count("rtx_refused") == len(refused)
    path.advance(5)  # time for one more
    [again] = asking.ask(refused[0])
    assert int.from_bytes(again.payload[:2]) == refused[0]
    for _ in range(100):
        if not refused:
            break
        path.advance(100)
        got = {int.from_bytes(one.payload[:2]) for one in asking.ask(*refused)}
        refused = [number for number in refused if number not in got]
    assert refused == []


def test_one_viewers_flood_takes_nothing_from_another(path: PacketPath) -> None:
    asking, other = Asking(path), Asking(path)
    asking.ask(*asking.numbers)
    refused = asking.count("rtx_refused")
    assert refused > 0
    assert len(other.ask(*other.numbers[:20])) == 20
    assert asking.count("rtx_refused") == refused


def test_who_loses_a_tenth_is_refused_nothing(path: PacketPath) -> None:
    """4 Mbit/s for five seconds, each lost packet asked for twice."""
    publisher = VideoPublisher(path)
    publisher.frame(key=True)
    viewer, _ = add_viewer(path, publisher.producer, ssrc=SSRC, extensions={})
    for turn in range(500):
        path.advance(10)
        for _ in range(5):
            publisher.frame(size=SIZE)
        viewer.send_rtcp(remb(4_000_000))
        lost = [one.sequence for one in viewer.rtp[-5:]][turn % 2 :: 10]
        if lost:
            for _ in range(2):
                viewer.send_rtcp(nack(SSRC, *lost))
    counters = path.worker.counters()
    assert counters["rtx_sent"] > 200 and counters["rtx_refused"] == 0
