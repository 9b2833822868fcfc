"""Takes a player's report in: what of it counts, and what is known of somebody's watching then. No I/O.

Rules over `Progress`; the clock is an argument. Definitions: decision 0078.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vtp.recording.places import Place, is_newest, place_after
from vtp.recording.progress_store import Progress
from vtp.recording.watching import (
    GRACE_MS,
    Played,
    Refused,
    Report,
    add_piece,
    furthest_ms,
    length_ms,
    note_step,
    progress_per_mille,
    why_refused,
)

MAX_SITTINGS = 8  # of one person with one recording: pages that are open at the same time


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a recording is, and whether that is known for good."""

    duration_ms: int
    grows: bool = False

    @property
    def end_ms(self) -> int:
        """Where it ends, as far as that is known: nothing of one that grows is cut off."""
        return furthest_ms(self.duration_ms, grows=True) if self.grows else self.duration_ms

    def has(self, played: Played) -> bool:
        """Whether a stretch of it can have been played so, whatever the clock says."""
        furthest = furthest_ms(self.duration_ms, grows=self.grows)
        return played.start_ms < self.end_ms and not why_refused(played, furthest)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a report: `counted` as it counts, cut at the end of the recording."""

    counted: tuple[Played, ...] = ()
    refused: tuple[Refused, ...] = ()
    repeated: bool = False

    def counted_of(self, count: int) -> Iterator[tuple[int, Played]]:
        """What counted of a report of so many stretches, with their places in it."""
        if self.repeated:
            return iter(())
        refused = {one.index for one in self.refused}
        return zip((at for at in range(count) if at not in refused), self.counted, strict=True)


REPEATED = Taken(repeated=True)


def take_report(progress: Progress, report: Report, extent: Extent, now_ms: int) -> Taken:
    """Adds what counts to `progress`; a report that came before changes nothing."""
    sitting = progress.sittings.get(report.session_id)
    if sitting is not None and report.number <= sitting[0]:
        return REPEATED
    if not extent.grows:  # what was watched while it grew, or before a course asked for less
        _note(progress, extent, int(progress.updated_at.timestamp() * 1000))
    place = place_after(progress.sittings, report, now_ms, plays=any(map(extent.has, report.played)))
    if report.position_ms is not None and is_newest(progress.sittings, report, place):
        progress.position_ms = min(report.position_ms, extent.end_ms)
    room_ms = _room_ms(progress, report.session_id, now_ms)
    counted, refused, left_ms = _count(progress, report.played, extent, room_ms, now_ms)
    _share(progress, report.session_id, room_ms - left_ms, now_ms)
    _sit(progress, report, now_ms, left_ms, place)
    if not extent.grows:
        _note(progress, extent, now_ms)
    return Taken(tuple(counted), tuple(refused))


def _note(progress: Progress, extent: Extent, at_ms: int) -> None:
    note_step(progress.reached, progress_per_mille(progress.watched_ms, extent.duration_ms), at_ms)


def _room_ms(progress: Progress, session_id: str, now_ms: int) -> int:
    """What a session may report: what has passed since its last report, less what others had of it, and what
    it has left of its grace.

    One that is new has its grace as far as another has room for it: a loop of new sessions gains nothing.
    """
    sitting = progress.sittings.get(session_id)
    if sitting is not None:
        return _left_ms(sitting, now_ms)
    return min(GRACE_MS, max((_left_ms(one, now_ms) for one in progress.sittings.values()), default=GRACE_MS))


def _left_ms(sitting: list[int], now_ms: int) -> int:
    then_ms, left_ms = sitting[1:3]
    return max(0, max(0, now_ms - then_ms) + left_ms)


def _share(progress: Progress, session_id: str, spent_ms: int, now_ms: int) -> None:
    """Takes what a session has played from the others' time, as far as they have any: nobody watches twice
    at once."""
    for other, sitting in progress.sittings.items():
        if other != session_id:
            sitting[2] = max(sitting[2] - spent_ms, -max(0, now_ms - sitting[1]))


def _count(
    progress: Progress, played: tuple[Played, ...], extent: Extent, room_ms: int, now_ms: int
) -> tuple[list[Played], list[Refused], int]:
    """Adds what counts; gives it, what does not, and what is left of the room.

    All sessions together have no more than the time since the first of them began, however the clock is set.
    """
    counted, refused = [], []
    furthest = furthest_ms(extent.duration_ms, grows=extent.grows)
    whole_ms = now_ms - int(progress.started_at.timestamp() * 1000) + GRACE_MS
    for index, one in enumerate(played):
        left_ms = min(room_ms, whole_ms - progress.watch_time_ms)
        reason = why_refused(one, furthest, left_ms)
        if one.start_ms >= extent.end_ms and reason in ("", "faster_than_time"):
            reason = "behind_the_end"
        end_ms = min(one.end_ms, extent.end_ms)
        if not reason and not add_piece(progress.pieces, one.start_ms, end_ms):
            reason = "too_many_pieces"
        if reason:
            refused.append(Refused(index, reason))
            continue
        room_ms -= one.took_ms
        progress.watch_time_ms += one.took_ms
        counted.append(Played(one.start_ms, end_ms, one.rate))
    progress.watched_ms = length_ms(progress.pieces)
    return counted, refused, room_ms


def _sit(progress: Progress, report: Report, now_ms: int, room_ms: int, place: Place) -> None:
    """Remembers the report; who has not reported for longest gives way. Unused time is not saved."""
    left_ms = min(room_ms, GRACE_MS)
    progress.sittings[report.session_id] = [report.number, now_ms, left_ms, place.since_ms, place.late_ms]
    while len(progress.sittings) > MAX_SITTINGS:
        del progress.sittings[_oldest(progress)]


def _oldest(progress: Progress) -> str:
    """The session that has not reported for longest."""
    return min(progress.sittings, key=lambda session: progress.sittings[session][1])
