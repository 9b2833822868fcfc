"""Many streams on one transport: each is found by its SSRC, and counted and timed against its own source."""

import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket

from tests.probed import MS, Renumbered, rtp
from vtp.bench.load_figures import StreamFigures

GOLDEN = 2654435769
"""The multiplier of the table."""


def streams(count: int, *, ssrcs: list[int] | None = None) -> list[Renumbered]:
    """So many streams of one probe, each renumbered by a distance of its own."""
    first = Renumbered(shift=0, ssrc=1000, rtx_ssrc=2000) if ssrcs is None else Renumbered(ssrc=ssrcs[0])
    found = [first]
    for n in range(1, count):
        ssrc, rtx_ssrc = (1000 + n, 2000 + n) if ssrcs is None else (ssrcs[n], 0)
        found.append(Renumbered(shift=100 * n, first=7 * n, ssrc=ssrc, rtx_ssrc=rtx_ssrc, beside=first))
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 38, 58, 300])
def test_each_of_many_streams_is_counted_and_timed_by_itself(count: int) -> None:
    paths = streams(count)
    for n in range(20):
        for at, path in enumerate(paths):
            path.pass_on(n, delay_us=100 + at)
    for at, path in enumerate(paths):
        own = path.own()
        assert (own["ssrc"], own["packets"], own["lost"]) == (1000 + at, 20, 0)
        assert (own["timed"], own["delay_us"], own["largest_us"]) == (20, 20 * (100 + at), 100 + at)
    found = paths[0].figures()
    assert (found["streams"], found["packets"], found["delay"]["count"]) == (count, 20 * count, 20 * count)
    assert (found["untimed"], found["resynchronized"], found["authentication_failed"]) == (0, 0, 0)
    assert found["authenticated"] == count, "the first of each"


def test_a_loss_and_its_repair_are_the_streams_own() -> None:
    paths = streams(38)
    for path in paths:
        path.pass_on(*range(5))
        path.send(5, 6)
        path.pass_on(7)
    paths[20].resend(5)
    assert [path.own()["lost"] for path in paths] == [2] * 20 + [1] + [2] * 17
    assert [path.own()["recovered"] for path in paths] == [0] * 20 + [1] + [0] * 17
    found = paths[0].figures()
    assert (found["packets"], found["lost"], found["recovered"]) == (38 * 6 + 1, 75, 1)


def test_a_packet_that_carries_another_sources_mark_is_not_timed_against_the_own() -> None:
    """A server that mixed two streams up would be noticed, not measured."""
    left, right = streams(2)
    for n in range(10):
        left.send(n)
        right.send(n)
        left.deliver(left.packet(n, payload=right.probe.payload(right.first + n, 900, stream=1)), n)
    assert (left.own()["packets"], left.own()["timed"], left.own()["untimed"]) == (10, 0, 10)


def collides(count: int) -> list[int]:
    """SSRCs that the table puts into its first slot, whatever its size: the product's upper bits are 0."""
    inverse = pow(GOLDEN, -1, 1 << 32)
    return [inverse * n % (1 << 32) for n in range(1, count + 1)]


def test_ssrcs_that_collide_are_told_apart() -> None:
    ssrcs = collides(40)
    paths = streams(39, ssrcs=ssrcs)
    for n, path in enumerate(paths):
        path.pass_on(*range(n + 1))
    assert [path.own()["packets"] for path in paths] == list(range(1, 40))
    with pytest.raises(ValueError, match="another stream"):
        paths[0].probe.receive(rtp(ssrcs[39], 96, 1, 1, bytes(40)), 1, 1)


@pytest.mark.parametrize("unknown", [0, 1, 999, 1038, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_an_unknown_ssrc_is_no_streams(unknown: int) -> None:
    paths = streams(38)
    before = paths[0].probe.streams()
    with pytest.raises(ValueError, match="another stream"):
        paths[0].probe.receive(rtp(unknown, 96, 1, 1, bytes(40)), 1, 1)
    assert paths[0].probe.streams() == before


def test_the_least_and_the_greatest_ssrc_are_ssrcs_like_others() -> None:
    paths = streams(4, ssrcs=[0, 0xFFFFFFFF, 0xFFFFFFFE, 1])
    for n, path in enumerate(paths):
        path.pass_on(*range(n + 2))
    assert [path.own()["packets"] for path in paths] == [2, 3, 4, 5]


def test_an_rtx_ssrc_of_0_is_none_and_takes_no_packets() -> None:
    path = Renumbered(ssrc=5, rtx_ssrc=0)
    with pytest.raises(ValueError, match="another stream"):
        path.probe.receive(rtp(0, 97, 1, 1, bytes(40)), 1, 1)
    Renumbered(ssrc=6, rtx_ssrc=0, beside=path)
    repaired = Renumbered(ssrc=7, rtx_ssrc=0xFFFFFFFF, beside=path)
    repaired.pass_on(0, 1, 3)
    repaired.send(2)
    repaired.resend(2)
    assert repaired.own()["recovered"] == 1


@pytest.mark.parametrize(("ssrc", "rtx_ssrc"), [(1000, 9), (2000, 9), (9, 1000), (9, 2000), (9, 9)])
def test_an_ssrc_is_there_once_on_a_transport(ssrc: int, rtx_ssrc: int) -> None:
    paths = streams(2)
    with pytest.raises(ValueError, match="twice on one transport"):
        paths[0].probe.add_stream(ssrc=ssrc, rtx_ssrc=rtx_ssrc)
    assert [one["ssrc"] for one in paths[0].probe.streams()] == [1000, 1001]
    for path in paths:
        path.pass_on(*range(3))
    assert paths[0].figures()["packets"] == 6


def test_streams_that_come_later_leave_those_before_as_they_were() -> None:
    first = Renumbered(ssrc=1, rtx_ssrc=0)
    first.pass_on(*range(10))
    first.send(10, 11)
    later = [Renumbered(ssrc=10 + n, rtx_ssrc=0, beside=first) for n in range(60)]
    first.pass_on(*range(12, 20))
    for path in later:
        path.pass_on(0)
    assert (first.own()["packets"], first.own()["lost"], first.own()["untimed"]) == (18, 2, 0)
    assert first.probe.poll(first.sent_ns(20) + 50 * MS) == [
        (first.first + n + first.shift) & 0xFFFF for n in (10, 11)
    ]
    assert sum(path.own()["packets"] for path in later) == 60


def test_a_new_window_begins_for_all_streams() -> None:
    paths = streams(20)
    for path in paths:
        path.pass_on(0, 1, 3)
    paths[0].probe.restart(77)
    assert paths[0].figures()["packets"] == paths[0].figures()["delay"]["count"] == 0
    paths[3].pass_on(4, 6)
    assert [(one["packets"], one["lost"]) for one in paths[0].probe.streams()] == [
        (2, 1) if n == 3 else (0, 0) for n in range(20)
    ]


@pytest.mark.parametrize(("count", "expected"), [(1, [1]), (31, [31]), (32, [31, 1]), (100, [31, 31, 31, 7])])
def test_receiver_reports_tell_of_all_streams_that_have_started(count: int, expected: list[int]) -> None:
    paths = streams(count + 5)
    for path in paths[2 : count + 2]:
        path.pass_on(0, 2)
    compounds = [RtcpPacket.parse(one) for one in paths[0].probe.receiver_reports(1)]
    reports = [first for first, *_ in compounds if isinstance(first, RtcpRrPacket)]
    assert [len(report.reports) for report in reports] == expected
    blocks = [block for report in reports for block in report.reports]
    assert [block.ssrc for block in blocks] == [path.ssrc for path in paths[2 : count + 2]]
    assert {block.packets_lost for block in blocks} == {1}
    assert all(len(packets) == 2 for packets in compounds), "each with a CNAME"


def test_without_a_started_stream_there_is_no_report() -> None:
    assert streams(40)[0].probe.receiver_reports(1) == []


def test_a_streams_figures_have_its_mean_delay_and_a_silent_one_has_none() -> None:
    heard, silent = streams(2)
    heard.pass_on(0, delay_us=300)
    heard.pass_on(1, delay_us=500)
    found, other = (StreamFigures(**one) for one in heard.probe.streams())
    assert (found.mean_delay_ms, found.largest_us) == (0.4, 500)
    assert (other.ssrc, other.packets, other.mean_delay_ms) == (silent.ssrc, 0, None)
