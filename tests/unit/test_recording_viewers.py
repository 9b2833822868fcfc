"""Who watches: counted by session, bounded, by rendition, and forgotten when they have gone."""

from __future__ import annotations

import pytest

from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.recording.holders import holder_of_link_in_path, party_of
from vtp.recording.viewers import GONE_S, RATE_S, Viewers, Viewership


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def counted(most: int = 0) -> tuple[Viewers, Clock]:
    clock = Clock()
    return Viewers(most, clock), clock


def test_a_session_is_one_viewer_however_often_it_asks() -> None:
    viewers, _ = counted()
    for session in ("a", "b", "a", "a"):
        viewers.admit(session)
    assert len(viewers) == 2 and viewers.peak == 2


def test_who_has_not_asked_for_a_while_is_a_viewer_no_more_and_the_peak_stays() -> None:
    viewers, clock = counted()
    for session in ("a", "b", "c"):
        viewers.admit(session)
    clock.now_s += GONE_S - 1
    assert viewers.touch("b") is not None
    clock.now_s += 2
    assert [viewer.id for viewer in viewers.present] == [viewers.admit("b").id]
    assert viewers.peak == 3 and viewers.touch("a") is None


def test_as_many_as_there_may_be_are_let_in_and_a_place_that_is_left_is_anothers() -> None:
    viewers, clock = counted(most=2)
    viewers.admit("a")
    viewers.admit("b")
    with pytest.raises(Unavailable) as refused:
        viewers.admit("c")
    assert refused.value.retry_after_s > 0 and refused.value.code == "stream_full"
    viewers.admit("a")
    assert viewers.leave("b") and not viewers.leave("b")
    viewers.admit("c")
    clock.now_s += GONE_S + 1
    viewers.admit("d")
    assert len(viewers) == 1 and viewers.peak == 2


def test_who_has_more_than_a_few_places_gives_way_to_others_and_not_to_themselves() -> None:
    viewers, _ = counted(most=5)
    for session in "abcde":
        viewers.admit(session, party="greedy")
    with pytest.raises(Unavailable):
        viewers.admit("f", party="greedy")
    viewers.admit("teacher", party="teacher")
    assert viewers.sessions_of(viewers.admit("b", party="greedy").id) == ["b"]
    with pytest.raises(Unavailable):
        viewers.admit("a", party="greedy")  # the oldest has given way, and takes nobody's place
    viewers.admit("student", party="student")
    assert viewers.touch("b") is None and viewers.touch("c") is not None, "in the order of coming"
    with pytest.raises(Unavailable):
        viewers.admit("late", party="late")  # a few are left to everybody
    assert len(viewers) == 5
    viewers.leave("teacher")
    viewers.admit("a", party="greedy")  # a free place is anybody's
    assert viewers.touch("a") is not None


def test_nobody_gives_way_while_more_watch_than_may() -> None:
    viewers, _ = counted(most=5)
    for session in "abcd":
        viewers.admit(session, party="class")
    viewers.admit("x", party="x")
    viewers.most = 4
    with pytest.raises(Unavailable):
        viewers.admit("y", party="y")
    assert len(viewers) == 5


def test_bytes_and_segments_are_counted_by_rendition_and_viewer() -> None:
    viewers, clock = counted()
    viewers.admit("a")
    viewers.count("a", "video", 1000, 0)
    viewers.count("a", "video", 20_000)
    viewers.count("a", "aac", 500)
    viewers.count("nobody", "aac", 500)
    assert (viewers.served["video"].bytes, viewers.served["video"].segments) == (21_000, 1)
    assert viewers.served["aac"].bytes == 1000
    [viewer] = viewers.present
    assert (viewer.rendition, viewer.bytes, viewer.segments) == ("video", 21_500, 2)
    clock.now_s += 10
    assert viewer.rate.bps(clock.now_s) == pytest.approx(21_500 * 8 / 10, rel=0.01)
    clock.now_s += 2 * RATE_S
    assert viewer.rate.bps(clock.now_s) == 0


def test_what_a_viewer_is_called_says_nothing_of_their_session() -> None:
    first, second = counted()[0], counted()[0]
    assert "u1234" not in first.admit("u1234").id
    assert first.admit("u1234").id != second.admit("u1234").id
    assert first.admit("x", name="desk 4").id == "desk 4"
    assert first.sessions_of("desk 4") == ["x"]


def test_what_is_not_counted_lets_everybody_in() -> None:
    viewership = Viewership()
    viewership.admit("r", "a")
    assert viewership.get("r") is None
    viewers, _ = counted(most=1)
    viewership.open("r", viewers)
    assert viewers.touch("a") is None
    viewership.admit("r", "a")
    viewership.admit("r", "")  # an edge, which watches for nobody
    assert len(viewers) == 1
    with pytest.raises(Unavailable):
        viewership.admit("r", "b")
    viewership.close("r")
    viewership.admit("r", "b")


def test_a_household_is_one_party_however_many_addresses_it_has() -> None:
    holder = holder_of_link_in_path(new_id())
    assert party_of(holder, "2001:db8::1") == party_of(holder, "2001:db8::ffff:2")
    assert party_of(holder, "2001:db8::1") != party_of(holder, "2001:db8:1::1")
    assert party_of(holder, "192.0.2.1") != party_of(holder, "192.0.2.2")
