"""What a viewer's RTCP may cost: feedback that tells of nothing, and more of it than a browser has to say."""

from __future__ import annotations

import struct
import time

import pytest

from tests.hostile import untold_runs, untold_vectors
from tests.packet_path import PacketPath, Peer
from tests.unit.test_worker_bandwidth import Watched
from tests.viewer_feedback import pack_feedback
from vtp import _rtp_fast as fast

BURST_BYTES = 65_536
REPORT = struct.pack("!BBHI", 0x80, 201, 1, 1)


@pytest.fixture
def path() -> PacketPath:
    return PacketPath()


@pytest.fixture
def watched(path: PacketPath) -> Watched:
    return Watched(path)


def missing(first: int, count: int) -> bytes:
    """Feedback of one run of packets that did not come."""
    head = struct.pack("!BBHIIHHI", 0x8F, 205, 5, 7, 1, first & 0xFFFF, count, 1 << 8)
    return head + struct.pack("!HH", count, 0)


def test_of_a_run_that_did_not_come_counts_what_was_sent(watched: Watched) -> None:
    """It begins long before the first number and ends long after the last."""
    sent = watched.send(40)
    watched.viewer.send_rtcp(missing(sent[0] - 1_500, 3_000))
    assert watched.malformed == 0
    watched.path.advance(300)
    sent = watched.send(40)
    watched.tell(sent[0], [5_000 + 10 * i for i in range(40)])
    assert watched.figures["fraction_lost"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("far", [300, 5_000, 20_000, 32_000, 33_000, 60_000])
def test_a_run_that_lies_elsewhere_counts_for_nothing(watched: Watched, far: int) -> None:
    sent = watched.send(40)
    watched.tell(sent[0], [5_000 + 10 * i for i in range(40)])
    before = watched.figures
    for first in (sent[-1] + 1, sent[-1] + far, sent[0] - 4_096 - far):
        watched.viewer.send_rtcp(missing(first, 4_096))
    after = watched.figures
    assert after["available_bps"] == before["available_bps"] and after["fraction_lost"] == 0
    assert watched.malformed == 0


def test_missing_packets_are_told_of_once(watched: Watched) -> None:
    """What a second and a third feedback says of them adds nothing to the losses."""
    watched.send(1)
    for _ in range(4):
        sent = watched.send(40)
        for _ in range(3):
            watched.viewer.send_rtcp(missing(sent[0], 20))
        lost = watched.figures["fraction_lost"]
        watched.tell(sent[20], [5_000 + 10 * i for i in range(20)])
    assert lost == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("form", ["runs", "bits", "pairs"])
def test_every_form_tells_the_same(form: str) -> None:
    """Losses at the edges of chunks and within them."""
    watched = Watched(PacketPath())
    clock = 5_000.0
    for _ in range(8):
        sent = watched.send(60, ms=4)
        told = [None if i in (0, 6, 7, 13, 14, *range(28, 42), 59) else clock + 4 * i for i in range(60)]
        watched.tell(sent[0], told, form)
        clock += 240
    assert watched.malformed == 0
    assert watched.figures["fraction_lost"] == pytest.approx(20 / 60, abs=0.01)
    assert watched.figures["acked_bps"] == pytest.approx(1050 * 8 / 0.004 * 40 / 60, rel=0.25)


def test_symbols_beyond_the_count_are_not_looked_at(watched: Watched) -> None:
    """The last chunk has room for more packets than the feedback tells of, and reserved symbols in it."""
    sent = watched.send(3)
    for chunk in (0xC000 | 0b01_01_01_11_11_11_11, 0x8000 | 0b11111111111111, 0x2000 | 8_000):
        body = struct.pack("!H", chunk) + bytes([40, 40, 40, 0, 0, 0])
        head = struct.pack("!BBHIIHHI", 0x8F, 205, 6, 7, 1, sent[0], 3, 1 << 8)
        watched.viewer.send_rtcp(head + body)
    assert watched.malformed == 0
    assert watched.figures["available_bps"] > 0


@pytest.mark.parametrize("chunk", [0, 0x6001, 0xC003, 0xF000])
def test_symbols_that_are_not_defined_make_feedback_malformed(watched: Watched, chunk: int) -> None:
    sent = watched.send(10)
    body = struct.pack("!H", chunk) + bytes(20)
    head = struct.pack("!BBHIIHHI", 0x8F, 205, 4 + (len(body) + 2) // 4, 7, 1, sent[0], 7, 1 << 8)
    watched.viewer.send_rtcp(head + body + bytes(2))
    assert watched.malformed == 1
    assert watched.figures["available_bps"] == 0


def quickest_s(watched: Watched, compound: bytes) -> float:
    """Of some times that it is read."""
    times = []
    for _ in range(7):
        start = time.perf_counter()
        fast.repeat_receive_compound(watched.path.worker, watched.viewer.transport, compound, 20)
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("far", [0, 100, 30_000])
def test_telling_of_many_packets_that_did_not_come_costs_as_much_as_of_one(
    watched: Watched, far: int
) -> None:
    """Packet by packet it would be 4,096 times the work, and about 500 times the time."""
    sent = watched.send(300)
    first = sent[-1] + far - 4_000
    one = quickest_s(watched, untold_runs(first, 1))
    assert quickest_s(watched, untold_runs(first)) < 30 * one
    assert quickest_s(watched, untold_vectors(first)) < 30 * one


# ------------------------------------------------------------ the budget


def test_more_rtcp_than_a_browser_sends_is_refused(watched: Watched) -> None:
    viewer, worker = watched.viewer, watched.path.worker
    compound = REPORT * 200
    datagrams = [viewer.sender.protect_rtcp(compound) for _ in range(100)]
    worker.inject_batch([(one, viewer.address) for one in datagrams], watched.path.now_ns)
    counters = worker.counters()
    taken = BURST_BYTES // len(datagrams[0])
    assert counters["rtcp_refused"] == 100 - taken
    assert counters["rtcp_received"] == 100
    assert counters["rtcp_unprotect_failed"] == 0


def test_the_budget_fills_again(watched: Watched) -> None:
    """128 KB a second for as long as it lasts, and no more than 64 KB at once after a silence."""
    viewer, worker = watched.viewer, watched.path.worker
    compound = REPORT * 120

    def taken(datagrams: int) -> int:
        before = worker.counters()["rtcp_refused"]
        for _ in range(datagrams):
            viewer.send_rtcp(compound)
        return datagrams - (worker.counters()["rtcp_refused"] - before)

    size = len(viewer.sender.protect_rtcp(compound))
    assert taken(200) == BURST_BYTES // size
    for _ in range(10):
        watched.path.advance(100)
        assert taken(200) == pytest.approx(131_072 // 10 / size, abs=1)
    watched.path.advance(10_000)
    assert taken(200) == BURST_BYTES // size


def test_what_others_send_in_a_viewers_name_is_not_paid_by_the_viewer(watched: Watched) -> None:
    viewer, worker = watched.viewer, watched.path.worker
    forged = bytes([0x80, 201]) + bytes(1_500)
    worker.inject_batch([(forged, viewer.address)] * 100, watched.path.now_ns)
    assert worker.counters()["rtcp_unprotect_failed"] == 100
    viewer.send_rtcp(REPORT)
    assert worker.counters()["rtcp_refused"] == 0


def test_one_viewers_flood_takes_nothing_from_another(path: PacketPath) -> None:
    watched = Watched(path)
    other: Peer = Watched(path).viewer
    for _ in range(150):
        watched.viewer.send_rtcp(REPORT * 100)
    refused = path.worker.counters()["rtcp_refused"]
    assert refused > 0
    other.send_rtcp(REPORT)
    assert path.worker.counters()["rtcp_refused"] == refused


def test_feedback_of_a_fast_link_is_never_refused(watched: Watched) -> None:
    """4,000 packets a second, a third of them lost, told every 20 ms and asked for again three times."""
    viewer, worker = watched.viewer, watched.path.worker
    for turn in range(200):
        watched.path.advance(20)
        told = [None if i % 3 == 1 else 10**10 + turn * 20_000_000 + i * 250_000 for i in range(80)]
        viewer.send_rtcp(pack_feedback(80 * turn, told, count=turn))
        asked = b"".join(struct.pack("!HH", 80 * turn + i, 0) for i in range(1, 80, 3))
        for _ in range(3):
            viewer.send_rtcp(struct.pack("!BBHII", 0x81, 205, 2 + len(asked) // 4, 1, 5555) + asked)
        viewer.send_rtcp(REPORT * 30)
    assert worker.counters()["rtcp_refused"] == 0
