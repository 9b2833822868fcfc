"""Chapters are made of what happened: from the beginning on, without what was over at once."""

from __future__ import annotations

from vtp.recording.chapter_list import Chapter, Kind, as_happened, chapters_vtt, place
from vtp.recording.index import SegmentLine, TrackIndex

MINUTE = 60_000


def track(*gaps: bool) -> TrackIndex:
    """Segments of 4 s."""
    index = TrackIndex("video", 1000)
    for msn, gap in enumerate(gaps):
        index.segments.append(SegmentLine(msn, msn * 4000, 4000, 0 if gap else 9, 1, 0, False, gap))
    return index


def words(chapters: list[Chapter]) -> list[tuple[int, str]]:
    return [(one.start_ms, one.words) for one in chapters]


def test_the_first_chapter_is_the_beginning() -> None:
    noted = [Chapter(2000, Kind.PRESENTER, "", "Ada"), Chapter(MINUTE, Kind.SCREEN, "", "Ada")]
    assert words(as_happened(noted, [], 5 * MINUTE)) == [
        (0, "Ada presents"),
        (MINUTE, "Ada shares the screen"),
    ]
    assert words(as_happened(noted[1:], [], 5 * MINUTE)) == [
        (0, "Beginning"),
        (MINUTE, "Ada shares the screen"),
    ]
    assert as_happened([], [], MINUTE) == []


def test_what_goes_on_for_a_moment_is_no_chapter_but_a_poll_is() -> None:
    noted = [
        Chapter(0, Kind.PRESENTER, "", "Ada"),
        Chapter(MINUTE, Kind.PRESENTER, "", "Bob"),
        Chapter(MINUTE + 1000, Kind.SCREEN, "", "Bob"),
        Chapter(2 * MINUTE, Kind.POLL, "Clear?"),
        Chapter(2 * MINUTE + 1000, Kind.SCREEN_ENDED, "", "Bob"),
    ]
    assert words(as_happened(noted, [], 3 * MINUTE)) == [
        (0, "Ada presents"),
        (MINUTE + 1000, "Bob shares the screen"),
        (2 * MINUTE, "Poll: Clear?"),
        (2 * MINUTE + 1000, "After the shared screen"),
    ]


def test_a_pause_in_which_nobody_sent_is_a_chapter_and_so_is_what_follows() -> None:
    happened = as_happened([], [track(False, True, True, False, False, True, False)], 28_000)
    assert words(happened) == [(0, "Beginning"), (4000, "Pause"), (12_000, "After the pause")]


def test_nothing_begins_behind_the_end_and_each_ends_where_the_next_begins() -> None:
    noted = [Chapter(0, Kind.PRESENTER), Chapter(9000, Kind.POLL, "a"), Chapter(20_000, Kind.POLL, "b")]
    placed = place(as_happened(noted, [], 20_000), 20_000)
    assert [(one.chapter.start_ms, one.end_ms) for one in placed] == [(0, 9000), (9000, 20_000)]


def test_as_webvtt_a_title_is_text_and_no_tag() -> None:
    text = chapters_vtt(place([Chapter(0, Kind.OWN, "a < b & c")], 61_000))
    assert text == "WEBVTT\n\n00:00:00.000 --> 00:01:01.000\na &lt; b &amp; c\n"


def test_without_a_name_it_is_somebody() -> None:
    assert Chapter(0, Kind.PRESENTER).words == "Somebody presents"
