"""Views of ended recordings in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp.recording.index import PartLine, SegmentLine, TrackIndex, TrackLine
from vtp.recording.kept_views import ENDED_S, WATCHED_S, KeptViews, lines_of
from vtp.recording.manifest import Manifest
from vtp.recording.view import RecordingView


def track(segments: int, parts: int = 1) -> TrackIndex:
    index = TrackIndex.of([TrackLine("video", 1)])
    for msn in range(segments):
        for part in range(parts):
            index.add(PartLine(msn, part, 0, 10, msn, 1, 1, independent=True, map=0, crc=0))
        index.add(SegmentLine(msn, msn, 1, 10, 1, 0, discontinuity=False, gap=False))
    return index


def view(lines: int) -> RecordingView:
    """One of so many lines, an even number."""
    return RecordingView(Manifest("x"), {"video": track(lines // 2)}, ended=True)


class Clock:
    """Whoever is to be called later is, by `pass_by`."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        timer = Timer(self.now_s + delay, callback)
        self.timers.append(timer)
        return timer

    @property
    def waiting(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.is_over]

    def pass_by(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while due := [timer for timer in self.waiting if timer.at_s <= until_s]:
            first = min(due, key=lambda timer: timer.at_s)
            self.now_s, first.is_over = max(self.now_s, first.at_s), True
            first.callback()
        self.now_s = until_s


@dataclass
class Timer:
    at_s: float
    callback: Callable[[], object]
    is_over: bool = False

    def cancel(self) -> None:
        self.is_over = True


def test_segments_and_parts_of_all_tracks_count() -> None:
    program, people = {"video": track(2, 3), "aac": track(1)}, {"p1": track(3)}
    assert lines_of(RecordingView(Manifest("x"), program, ended=True, people=people)) == 8 + 2 + 6


def test_those_that_nobody_has_asked_for_lately_make_room_for_others() -> None:
    clock = Clock()
    kept = KeptViews(most=8, most_lines=10, clock=clock)
    views = {name: view(4) for name in "abc"}
    kept.put("a", views["a"])
    kept.put("b", views["b"])
    clock.pass_by(WATCHED_S + 1)
    assert kept.get("a") is views["a"]
    kept.put("c", views["c"])
    assert kept.get("b") is None
    assert (kept.get("a"), kept.get("c")) == (views["a"], views["c"])
    assert clock.waiting == []


def test_what_is_watched_stays_however_long_it_is() -> None:
    clock = Clock()
    kept = KeptViews(most=3, most_lines=10, clock=clock)
    views = {name: view(8) for name in "abcd"}
    for name in "abc":
        kept.put(name, views[name])
    assert [kept.get(name) for name in "abc"] == [views[name] for name in "abc"]
    kept.put("d", views["d"])  # more than there may be
    assert [kept.peek(name) for name in "abcd"] == [None, views["b"], views["c"], views["d"]]
    for _ in range(10):  # one of them is watched on
        clock.pass_by(WATCHED_S / 2)
        assert kept.get("c") is views["c"]
    assert [kept.peek(name) for name in "bcd"] == [None, views["c"], None]


def test_more_than_there_may_be_goes_as_soon_as_nobody_watches_it() -> None:
    """Though nothing else is kept from then on."""
    clock = Clock()
    kept = KeptViews(most=8, most_lines=10, clock=clock)
    views = {name: view(4) for name in "abcd"}
    for name in "abcd":
        kept.put(name, views[name])
        clock.pass_by(1)
    clock.pass_by(WATCHED_S - 5)
    assert [kept.get(name) for name in "ad"] == [views["a"], views["d"]]
    assert None not in [kept.peek(name) for name in "abcd"]
    clock.pass_by(3)
    assert [kept.peek(name) for name in "abcd"] == [views["a"], None, None, views["d"]]
    assert clock.waiting == []
    clock.pass_by(WATCHED_S * 100)
    assert [kept.peek(name) for name in "ad"] == [views["a"], views["d"]]


def test_one_that_is_more_than_there_may_be_goes_as_well() -> None:
    clock = Clock()
    kept = KeptViews(most=8, most_lines=10, clock=clock)
    huge = view(100)
    kept.put("huge", huge)
    assert kept.peek("huge") is huge
    clock.pass_by(WATCHED_S + 1)
    assert kept.peek("huge") is None and clock.waiting == []


def test_what_has_ended_waits_for_who_followed_it_and_for_nobody_else() -> None:
    clock = Clock()
    kept = KeptViews(most=64, most_lines=10, clock=clock)
    views = {name: view(8) for name in "abc"}
    for name in "abc":
        kept.put_ended(name, views[name])
    clock.pass_by(ENDED_S - 1)
    assert kept.get("a") is views["a"]
    assert kept.peek("b") is views["b"]  # asks for nothing
    clock.pass_by(2)
    assert [kept.peek(name) for name in "abc"] == [views["a"], None, None]


def test_what_is_dropped_or_replaced_makes_room() -> None:
    clock = Clock()
    kept = KeptViews(most=8, most_lines=10, clock=clock)
    kept.put("a", view(8))
    newer = view(4)
    kept.put("a", newer)
    clock.pass_by(WATCHED_S + 1)
    other, third = view(6), view(4)
    kept.put("b", other)
    assert (kept.get("a"), kept.get("b")) == (newer, other)
    kept.drop("b")
    kept.drop("b")
    kept.put("c", third)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (newer, None, third)


def test_it_looks_no_more_once_it_is_closed() -> None:
    clock = Clock()
    kept = KeptViews(most=8, most_lines=2, clock=clock)
    kept.put("a", view(8))
    assert len(clock.waiting) == 1
    kept.close()
    kept.put("b", view(8))
    assert clock.waiting == []
