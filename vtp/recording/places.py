"""Where somebody goes on: where the page stands that played last, whenever it comes to tell of that. No I/O.

Pages keep what they say while there is no connection, and say it by clocks of their own. Definitions:
decision 0078.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vtp.recording.watching import Report

NEARER_MS = 1000  # reports of a clock that is late are as late as each other, but for the network

NOWHERE = 0
"""Since when a page stands that has not said where."""


@dataclass(frozen=True, slots=True)
class Place:
    """Since when a page stands where it does (Unix, our clock), and by how much its reports come late at
    least, which is what its clock may be behind ours."""

    since_ms: int
    late_ms: int


def place_of(sitting: Sequence[int]) -> Place:
    """As it is kept with a sitting; those of older versions have none."""
    return Place(*sitting[3:]) if len(sitting) > 3 else Place(sitting[1], 0)


def place_after(sittings: Mapping[str, Sequence[int]], report: Report, now_ms: int, *, plays: bool) -> Place:
    """Of the page of a report that comes now; `plays`: whether something of it can have been played.

    One that has played nothing stands there since it played, and nowhere while it does not say where. One
    that comes as late as those before it has a clock that is late; one that comes late for the first time, or
    less late than those before, was kept.
    """
    late_ms = 0 if report.said_ms is None else max(0, now_ms - report.said_ms)
    since_ms = now_ms - late_ms
    own = sittings.get(report.session_id)
    if own is not None:
        least_ms = place_of(own).late_ms
        if late_ms >= least_ms - NEARER_MS:
            since_ms = min(now_ms, since_ms + least_ms)
        late_ms = min(late_ms, least_ms)
    page = _page_of(report.session_id)
    before = [place_of(one).since_ms for session, one in sittings.items() if _page_of(session) == page]
    stood = [then_ms for then_ms in before if then_ms != NOWHERE]
    if plays:
        since_ms = max([*stood, since_ms])
    elif stood:
        since_ms = max(stood)
    elif report.position_ms is None:
        since_ms = NOWHERE
    return Place(since_ms, late_ms)


def is_newest(sittings: Mapping[str, Sequence[int]], report: Report, place: Place) -> bool:
    """Whether no other page has played since."""
    page = _page_of(report.session_id)
    others = (place_of(one).since_ms for session, one in sittings.items() if _page_of(session) != page)
    return all(then_ms <= place.since_ms for then_ms in others)


def _page_of(session_id: str) -> str:
    """Without the door that it reports by."""
    return session_id.rpartition(":")[2]
