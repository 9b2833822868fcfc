"""What counts as rendered, and what a scenario is judged by."""

from typing import Any

from vtp.bench.net.seen import seen_by, worst_of
from vtp.bench.watcher import Viewing

S = 1_000_000_000


def viewing(**figures: Any) -> Viewing:
    """A viewer of 10 s of video, whose figures may be given."""
    video = {
        "kind": "video", "frames": 250, "frames_late": 0, "frames_broken": 0, "frames_undecodable": 0,
        "first_frame_ns": 1 * S, "last_frame_ns": 11 * S, "shown_freezes": 0, "shown_freeze_ns": 0,
        "shown_longest_freeze_ns": 0, "freeze_ended_ns": 0, "missing": 0, "recovered": 0, "lost": 0,
        "nacks": 0, "plis": 0, "switches": [], "delay": {"count": 1, "buckets": {30_000: 1}},
    }  # fmt: skip
    return Viewing(0, streams=[{"kind": "audio"}, {**video, **figures}])


def test_frames_that_are_whole_and_on_time_are_rendered() -> None:
    seen = seen_by(viewing(), 250)
    assert (seen["frames_rendered"], seen["frames_rendered_pct"]) == (250, 100.0)
    assert (seen["delay_p50_ms"], seen["freeze_pct"], seen["longest_freeze_ms"]) == (30.0, 0.0, 0.0)


def test_late_frames_are_not_rendered_and_those_that_never_came_neither() -> None:
    seen = seen_by(viewing(frames=245, frames_late=20), 250)
    assert (seen["frames_rendered"], seen["frames_rendered_pct"]) == (225, 90.0)


def test_a_picture_that_came_in_two_encodings_is_rendered_once() -> None:
    assert seen_by(viewing(frames=252), 250)["frames_rendered_pct"] == 100.0


def test_what_encodings_were_seen_is_told_by_their_marks() -> None:
    switches = [(1 * S, 77), (2 * S, 99), (3 * S, 5)]
    assert seen_by(viewing(switches=switches), 250, [77, 88, 99])["layers"] == [(0.0, 0), (1000.0, 2)]


def test_a_freeze_is_a_share_of_the_time_that_video_was_shown() -> None:
    seen = seen_by(viewing(shown_freezes=2, shown_freeze_ns=S // 2, shown_longest_freeze_ns=S // 4), 250)
    assert (seen["freezes"], seen["freeze_pct"], seen["longest_freeze_ms"]) == (2, 5.0, 250.0)


def test_a_viewer_without_video_rendered_nothing_and_says_why() -> None:
    seen = seen_by(Viewing(0, failure="No answer."), 250)
    assert (seen["frames_rendered_pct"], seen["failure"]) == (0.0, "No answer.")
    assert worst_of([seen])["freeze_pct"] == 100.0


def test_a_scenario_is_judged_by_its_worst_viewer_in_each_figure() -> None:
    frozen = seen_by(viewing(shown_freeze_ns=S, shown_longest_freeze_ns=S), 250)
    lossy = seen_by(viewing(frames=200), 250)
    assert worst_of([frozen, lossy]) == {
        "frames_rendered_pct": 80.0, "freeze_pct": 10.0, "longest_freeze_ms": 1000.0,
    }  # fmt: skip
