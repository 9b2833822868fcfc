"""Views of ended recordings in bounded memory."""

from __future__ import annotations

from vtp.recording.index import PartLine, SegmentLine, TrackIndex, TrackLine
from vtp.recording.kept_views import WATCHED_S, KeptViews, lines_of
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
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_segments_and_parts_of_all_tracks_count() -> None:
    program, people = {"video": track(2, 3), "aac": track(1)}, {"p1": track(3)}
    assert lines_of(RecordingView(Manifest("x"), program, ended=True, people=people)) == 8 + 2 + 6


def test_those_that_nobody_has_asked_for_lately_make_room_for_others() -> None:
    clock = Clock()
    kept = KeptViews(most=8, most_lines=10, clock=clock)
    views = {name: view(4) for name in "abc"}
    kept.put("a", views["a"])
    kept.put("b", views["b"])
    clock.now_s += WATCHED_S + 1
    assert kept.get("a") is views["a"]
    kept.put("c", views["c"])
    assert kept.get("b") is None
    assert (kept.get("a"), kept.get("c")) == (views["a"], views["c"])


def test_what_is_watched_stays_however_long_it_is() -> None:
    clock = Clock()
    kept = KeptViews(most=3, most_lines=10, clock=clock)
    views = {name: view(8) for name in "abcd"}
    for name in "abc":
        kept.put(name, views[name])
    assert [kept.get(name) for name in "abc"] == [views[name] for name in "abc"]
    kept.put("d", views["d"])  # more than there may be
    assert [kept.get(name) for name in "abcd"] == [None, views["b"], views["c"], views["d"]]
    clock.now_s += WATCHED_S + 1
    huge = view(100)
    kept.put("huge", huge)
    assert [kept.get(name) for name in ("b", "c", "d", "huge")] == [None, None, None, huge]


def test_what_is_dropped_or_replaced_makes_room() -> None:
    clock = Clock()
    kept = KeptViews(most=8, most_lines=10, clock=clock)
    kept.put("a", view(8))
    newer = view(4)
    kept.put("a", newer)
    clock.now_s += WATCHED_S + 1
    other, third = view(6), view(4)
    kept.put("b", other)
    assert (kept.get("a"), kept.get("b")) == (newer, other)
    kept.drop("b")
    kept.drop("b")
    kept.put("c", third)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (newer, None, third)
