"""What reports look like on paper: which columns, under which words. No clock and no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from vtp.analytics.attendance_schemas import AttendanceReply
from vtp.analytics.network_schemas import NetworkReply
from vtp.analytics.report_schemas import EngagementReply, PerformanceReply
from vtp.counted import counted
from vtp.http.pdf_tables import Column

Cells = Callable[[Any, ZoneInfo], str]
NOTHING: Final = "–"
CAUSES: Final = {
    "cut_off": "broke off",
    "uplink": "their uplink",
    "downlink": "their downlink",
    "narrow_downlink": "narrow downlink",
    "distance": "long way",
    "queues": "full line",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """One report: what is said above the table, and the table."""

    title: str
    lines: Sequence[str]
    columns: Sequence[tuple[Column, Cells]]
    rows: Sequence[Any]

    def cells(self, zone: ZoneInfo) -> list[list[str]]:
        """All rows as texts; times by the clocks of a zone."""
        return [[cell(row, zone) for _, cell in self.columns] for row in self.rows]


def _number(title: str, name: str, unit: str = "", *, width: float = 1.0) -> tuple[Column, Cells]:
    return Column(title, width, is_number=True), lambda row, _: _figure(getattr(row, name), unit)


def _text(title: str, name: str, width: float = 2.0) -> tuple[Column, Cells]:
    return Column(title, width), lambda row, _: str(_value(row, name) or NOTHING)


def _value(row: Any, name: str) -> Any:
    found = getattr(row, name)
    return getattr(found, "value", found)


def _day(title: str, name: str) -> tuple[Column, Cells]:
    return Column(title, 2), lambda row, zone: when(getattr(row, name), zone)


def _minutes(title: str, name: str) -> tuple[Column, Cells]:
    return Column(title, is_number=True), lambda row, _: _figure(getattr(row, name) / 60, " min")


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return NOTHING
    text = f"{value:,.1f}".removesuffix(".0") if isinstance(value, float) else f"{value:,}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}") + unit


def when(at: datetime | None, zone: ZoneInfo) -> str:
    """A day and a time, the same in all languages."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at is not None else NOTHING


def attendance_paper(found: AttendanceReply) -> Paper:
    """Who attended."""
    rate = f"; attendance is {found.attendance_rate:g} % on average"
    is_rated = found.anonymized is not None or any(one.lectures_total for one in found.student_attendance)
    lines = [f"Classes held: {found.lectures_total}{rate if is_rated else ''}."]
    columns = (
        _text("Name", "student_name", 3),
        _number("Classes", "lectures_total"),
        _number("Present", "present"),
        _number("Late", "late"),
        _number("Partial", "partial"),
        _number("Excused", "excused"),
        _number("Absent", "absent"),
        _number("Made up", "made_up"),
        _number("To date", "attendance_rate", " %"),
        _number("Overall", "overall_rate", " %"),
        _number("At best", "best_possible_rate", " %"),
        _day("Last there", "last_attended_at"),
    )
    return Paper("Attendance", lines, columns, found.student_attendance)


def engagement_paper(found: EngagementReply) -> Paper:
    """Who takes part."""
    risks = len(found.risk_students)
    lines = [
        f"{found.avg_engagement_score:g} of 100 on average, of attendance, completion and taking part.",
        f"{risks} may need help." if risks else "",
    ]
    columns = (
        _text("Name", "student_name", 3),
        _number("Score", "engagement_score"),
        _number("Attendance", "attendance_rate", " %", width=1.1),
        _number("Completion", "average_completion", " %", width=1.1),
        _number("Taking part", "participation_rate", " %", width=1.1),
        _number("Activity", "activity_score"),
        _minutes("Watched", "watch_time_seconds"),
        _number("Grade", "grade_percent", " %"),
        _text("This week", "trend_last_week", 1.2),
        _day("Last seen", "last_seen_at"),
    )
    return Paper("Engagement", [one for one in lines if one], columns, found.student_engagement)


def performance_paper(found: PerformanceReply) -> Paper:
    """How recordings are watched."""
    lines = [
        f"{counted(len(found.lectures), 'recording')}; {found.overall_score:g} % of them watched on average."
    ]
    columns = (
        _text("Recording", "title", 4),
        _number("Viewers", "viewers"),
        _number("Of the class", "viewer_rate", " %", width=1.2),
        _number("Watched", "completion", " %"),
        _number("Completed", "completed", width=1.1),
        _minutes("Time", "watch_time_seconds"),
        _number("Views", "view_sessions"),
        _number("Stalls", "buffer_events"),
        _text("Rating", "performance_rating", 1.2),
    )
    return Paper("Performance of recordings", lines, columns, found.lectures)


def network_paper(found: NetworkReply) -> Paper:
    """Who had trouble; who had none is not listed."""
    troubled = [one for one in found.connections if one.cause is not None]
    classes = counted(len(found.classes), "class", "classes")
    was = "was" if len(troubled) == 1 else "were"
    line = f"{len(troubled)} of {counted(len(found.connections), 'connection')} in {classes} {was} not good"
    if not found.connections:
        line = f"No connection was measured in {classes}"
    elif len(troubled) < len(found.connections):
        line += "; the others are not listed"
    lines = [f"{line}."]
    columns = (
        _day("Class", "held_from"),
        _text("Lesson", "lesson_title", 2.4),
        _text("Name", "name", 2.6),
        (Column("Staff", 0.7), lambda row, _: "yes" if row.is_staff else ""),
        _text("Rating", "rating", 0.8),
        (Column("By", 1.4), lambda row, _: CAUSES[row.cause.value]),
        _minutes("Poor", "poor_s"),
        _minutes("Fair", "fair_s"),
        _number("Lost, sent", "loss_sending_percent", " %", width=1.1),
        _number("Lost, received", "loss_receiving_percent", " %", width=1.1),
        _number("Round trip", "rtt_ms_mean", " ms", width=1.1),
        _number("Jitter", "jitter_ms_mean", " ms"),
        _number("Came back", "reconnects"),
    )
    return Paper("Connections in classes", lines, columns, troubled)
