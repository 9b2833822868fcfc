"""How somebody watches a recording in a benchmark: a plan of what their player says, and what that comes to.

What it comes to is made by the same functions that the server's intake uses; a test sends a plan through the
intake and compares.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vtp.analytics.intake_writer import DOOR
from vtp.analytics.playback import EventType, Logged, PlaybackSession, ViewerPasses, counted_row
from vtp.recording.progress_store import Progress
from vtp.recording.taking import Extent, take_report
from vtp.recording.watching import Played, Report

STEP_MS: Final = 10_000
"""Players report so often."""
LENGTH_MS: Final = 2_400_000
PAGES: Final = 2
"""How often each opened the recording."""
BESIDES: Final = (
    EventType.PAUSED,
    EventType.RESUMED,
    EventType.SEEKED,
    EventType.BUFFERING,
    EventType.QUALITY_CHANGED,
)
ROWS_OF_A_BATCH: Final = 1.2
"""Of the log: what was said, each with what counted of what it carried."""
EVERY: Final = 5
"""In one of so many batches something else has happened, too."""
_EPOCH: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """An event as a player says it."""

    kind: EventType
    position_s: float
    played: tuple[float, float] | None = None
    quality: str = ""
    from_s: float | None = None
    """From where somebody jumped."""

    @property
    def metadata(self) -> dict[str, Any]:
        """What is said besides."""
        from_where = {} if self.from_s is None else {"from": self.from_s}
        return {**({"quality": self.quality} if self.quality else {}), **from_where}

    @property
    def data(self) -> dict[str, Any]:
        """What is kept of it."""
        return {**self.metadata, "position": self.position_s}

    def wish(self, recording_id: str, at: datetime) -> dict[str, Any]:
        """As it is sent."""
        segments = [{"start": one[0], "end": one[1], "rate": 1.0} for one in (self.played,) if one]
        return {
            "event_type": self.kind,
            "timestamp": at.isoformat(),
            "recording_id": recording_id,
            "position": self.position_s,
            "segments": segments,
            **({"metadata": metadata} if (metadata := self.metadata) else {}),
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent at once, by one of the pages; times begin with the viewing."""

    at_ms: int
    page: int
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Of the log; `data` is the same object for everybody who watches by this plan."""

    kind: EventType
    data: Mapping[str, Any]


@dataclass(slots=True)
class Viewing:
    """A plan, and what it comes to: rows of the log by batch, and roll-ups as of a viewing from _EPOCH on."""

    batches: list[Batch] = field(default_factory=list)
    rows: list[tuple[Row, ...]] = field(default_factory=list)
    progress: Progress = field(default_factory=lambda: Progress("", "", _EPOCH, _EPOCH))
    pages: dict[str, PlaybackSession] = field(default_factory=dict)
    viewer: ViewerPasses = field(default_factory=lambda: ViewerPasses.none("", "", LENGTH_MS))

    @property
    def events(self) -> int:
        """Rows of the log."""
        return sum(map(len, self.rows))

    def moved_by(self, began: datetime) -> timedelta:
        """From the times of the roll-ups to those of a viewing that began then."""
        return began - _EPOCH


def plan_viewing(number: int, events: int) -> Viewing:
    """The plan of this number, of so many rows of the log or a few more."""
    made = Viewing()
    of_a_page = math.ceil(events / ROWS_OF_A_BATCH / PAGES)
    for batch in _batches(number, of_a_page):
        _take(made, batch)
        if made.events >= events:
            return made
    raise AssertionError("unreachable")


def _batches(number: int, of_a_page: int) -> Iterator[Batch]:
    """Without end: ten seconds played in each, from where somebody stood, with jumps back and ahead."""
    at_s = float(number * 97 % 300)
    for step in itertools.count():
        page = min(step // of_a_page, PAGES - 1)
        if step == page * of_a_page:
            quality = ("360p", "720p", "1080p")[number % 3]
            begun = Said(EventType.STARTED, at_s), Said(EventType.QUALITY_CHANGED, at_s, quality=quality)
            yield Batch(step * STEP_MS, page, begun)
            continue
        began, at_s = at_s, at_s + STEP_MS / 1000
        said = [Said(EventType.PROGRESS, at_s, (began, at_s))]
        if step % EVERY == number % EVERY:
            kind = BESIDES[(step // EVERY + number) % len(BESIDES)]
            from_s = None
            if kind is EventType.SEEKED:
                from_s = at_s
                at_s = (at_s + (70 if step % 2 else -40)) % (LENGTH_MS / 1000)
            quality = ("480p", "720p")[step % 2] if kind is EventType.QUALITY_CHANGED else ""
            said.append(Said(kind, at_s, quality=quality, from_s=from_s))
        yield Batch(step * STEP_MS, page, tuple(said))
        if at_s + STEP_MS / 1000 > LENGTH_MS / 1000:
            at_s = 0.0


def _take(made: Viewing, batch: Batch) -> None:
    """As the intake does: what was said, with what of it counted."""
    now = _EPOCH + timedelta(milliseconds=batch.at_ms)
    name = f"page-{batch.page}"
    page = made.pages.setdefault(name, PlaybackSession("", "", name, now, now))
    sitting = made.progress.sittings.get(DOOR + name)
    number = sitting[0] + 1 if sitting is not None else 0
    data = [one.data for one in batch.said]
    played = [
        (Played(round(one.played[0] * 1000), round(one.played[1] * 1000), 1.0), kept)
        for one, kept in zip(batch.said, data, strict=True)
        if one.played
    ]
    position_ms = round(batch.said[-1].position_s * 1000)
    report = Report(DOOR + name, number, tuple(one for one, _ in played), position_ms)
    taken = take_report(made.progress, report, Extent(LENGTH_MS), int(now.timestamp() * 1000))
    made.progress.updated_at = now
    for at, counted in taken.counted_of(len(played)):
        played[at][1].setdefault("counted", []).append(counted_row(counted))
    rows = [Row(one.kind, kept) for one, kept in zip(batch.said, data, strict=True)]
    for row in rows:
        event = Logged(row.kind, now, row.data)
        page.take(event)
        made.viewer.take(page, event)
    made.batches.append(batch)
    made.rows.append(tuple(rows))
