"""What crosses the wire about attendance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vtp.analytics.attendance import Status, Thresholds
from vtp.analytics.attendance_store import HeldClass, Rules
from vtp.analytics.attendances import CourseAttendance, Entry, Sheet, StudentAttendance
from vtp.analytics.network_notes import Network
from vtp.analytics.past import PastClass, PastCourse
from vtp.analytics.schemas import Id
from vtp.recording.watching import COMPLETE_AT_LEAST, COMPLETE_PER_MILLE, COMPLETE_STEP
from vtp.time_zones import known_zone

Percent = Annotated[float, Field(description="0 to 100, never rounded up.")]
CONSECUTIVE_ABSENCES = 3


def _known(zone: str | None) -> str | None:
    return known_zone(zone) if zone is not None else None


class ReportQuery(BaseModel):
    """Which course, and as what."""

    model_config = ConfigDict(extra="ignore")

    course_id: Id
    format: Literal["json", "csv", "pdf"] = "json"
    time_zone: Annotated[
        str | None,
        AfterValidator(_known),
        Field(description="By whose clocks a PDF tells times; else by those of the course's lessons."),
    ] = None


class FormatQuery(BaseModel):
    """As what."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["json", "csv"] = "json"


class AttendanceRow(BaseModel):
    """One student in one class."""

    user_id: str
    name: str
    email: str
    first_join: datetime | None
    last_leave: datetime | None
    sessions_count: Annotated[int, Field(description="Connections: of each device, and each time anew.")]
    device_count: Annotated[
        int | None,
        Field(
            description="How many kinds of devices they came by (computer, tablet, phone), as their browsers "
            "say: so many devices at least. Null: not known."
        ),
    ]
    reconnects: Annotated[
        int | None, Field(description="Of the connections: after the last one had ended. Null: not known.")
    ]
    present_s: float
    ratio: Annotated[float, Field(description="Of the class as it was held; never rounded up.")]
    late_s: float
    early_s: float
    status: Annotated[
        Status | None, Field(description="Null: the class does not count for them, as staff rehearsed it.")
    ]
    source: Annotated[Literal["auto", "manual"], Field(description="By rule, or corrected by hand.")]
    made_up: Annotated[bool, Field(description="Absent, and completed a recording of it in time.")]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Describes an entry."""
        row = entry.row
        network = Network.of_row(row.network) if row is not None and row.network is not None else None
        return cls(
            user_id=entry.student.user_id,
            name=entry.student.full_name,
            email=entry.student.email,
            first_join=row.first_join if row is not None else None,
            last_leave=row.last_leave if row is not None else None,
            sessions_count=row.connections if row is not None else 0,
            device_count=len(network.kinds_of_devices) or None if network is not None else None,
            reconnects=network.reconnects if network is not None else None,
            present_s=row.present_ms / 1000 if row is not None else 0,
            ratio=entry.share_per_mille / 1000,
            late_s=row.late_ms / 1000 if row is not None else 0,
            early_s=row.early_ms / 1000 if row is not None else 0,
            status=entry.status if entry.is_theirs else None,
            source="manual" if entry.by_hand else "auto",
            made_up=entry.made_up and entry.is_theirs,
        )


class ClassTotals(BaseModel):
    """How many attended a class how."""

    present: int
    late: int
    partial: int
    excused: int
    absent: int
    made_up: Annotated[int, Field(description="Of those who were absent.")]

    @classmethod
    def of(cls, past: PastClass) -> Self:
        """Describes them."""
        counts = {status.value: past.statuses.get(status.value, 0) for status in Status}
        return cls(**counts, made_up=past.made_up)


class Anonymized(BaseModel):
    """That figures of people are in sums alone."""

    at: Annotated[datetime, Field(description="Up to when; what began since is told by name.")]
    students: Annotated[int, Field(description="How many are in the sums and in no list.")]

    @classmethod
    def of(cls, past: PastCourse | None) -> Self | None:
        """Describes it; None where everybody is known."""
        return cls(at=past.at, students=past.students) if past is not None else None


class SheetReply(BaseModel):
    """One class with everybody who was expected."""

    lesson_id: str
    title: str
    starts_at: datetime | None
    held_from: Annotated[datetime | None, Field(description="Null: nobody held it.")]
    held_until: datetime | None
    held_s: Annotated[float, Field(description="Without its breaks; shares are of that.")]
    breaks: Annotated[int, Field(description="In which nobody of its staff was there, or its room closed.")]
    goes_on: Annotated[bool, Field(description="All of this is of so far, and counts nowhere yet.")] = False
    counts: Annotated[
        bool,
        Field(
            description="Whether who is not there is absent. What staff rehearse counts for those alone of "
            "whom its teacher said something; of the others of `people` the `status` is null."
        ),
    ] = True
    people: list[AttendanceRow]
    totals: Annotated[
        ClassTotals | None,
        Field(description="Once nobody can tell any more who was there; `people` is empty then."),
    ] = None

    @classmethod
    def of(cls, sheet: Sheet) -> Self:
        """Describes a sheet."""
        held = sheet.held
        return cls(
            lesson_id=held.lesson_id,
            title=held.title,
            starts_at=held.starts_at,
            held_from=held.held_from,
            held_until=held.held_until,
            held_s=held.held_ms / 1000,
            breaks=held.breaks,
            goes_on=sheet.goes_on,
            counts=held.counts,
            people=[AttendanceRow.of(one) for one in sheet.entries],
            totals=ClassTotals.of(held.past) if held.past is not None else None,
        )


class CorrectAttendance(BaseModel):
    """How somebody attended, as their teacher says."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[Status | None, Field(description="Null: by rule again.")]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class StudentRow(BaseModel):
    """One student in a course."""

    student_id: str
    student_name: str
    student_email: str
    lectures_attended: int
    lectures_total: Annotated[int, Field(description="That were held since they are in the course.")]
    attendance_rate: Annotated[float, Field(description="By points, of the classes held: 0 to 100.")]
    overall_rate: Annotated[float, Field(description="Of those and all that are to come.")]
    best_possible_rate: Annotated[float, Field(description="If they attend all that are to come.")]
    present: int
    late: int
    partial: int
    excused: int
    absent: int
    made_up: int
    consecutive_absent: int
    last_attended_at: datetime | None

    @classmethod
    def of(cls, one: StudentAttendance) -> Self:
        """Describes a student."""
        statuses, points = one.statuses, one.tally
        return cls(
            student_id=one.student.user_id,
            student_name=one.student.full_name,
            student_email=one.student.email,
            lectures_attended=one.attended,
            lectures_total=len(statuses),
            attendance_rate=points.to_date,
            overall_rate=points.overall,
            best_possible_rate=points.best_possible,
            present=statuses.count(Status.PRESENT),
            late=statuses.count(Status.LATE),
            partial=statuses.count(Status.PARTIAL),
            excused=statuses.count(Status.EXCUSED),
            absent=statuses.count(Status.ABSENT),
            made_up=sum(entry.made_up for entry in one.entries),
            consecutive_absent=one.absent_in_a_row,
            last_attended_at=one.last_attended,
        )


class AbsenceAlert(BaseModel):
    """Somebody who has not been there for several classes in a row."""

    student_id: str
    student_name: str
    consecutive_absent: int


class ClassRow(BaseModel):
    """One class that was held, with how many attended it how; for a student, how they did."""

    lesson_id: str
    title: str
    starts_at: datetime | None
    held_from: datetime | None
    held_until: datetime | None
    held_s: Annotated[float, Field(description="Without its breaks.")]
    present: int
    late: int
    partial: int
    excused: int
    absent: int
    made_up: Annotated[int, Field(description="Of those who were absent.")]

    @classmethod
    def of(cls, held: HeldClass, entries: Sequence[Entry]) -> Self:
        """Describes a class with those who were expected."""
        counts = Counter(one.status.value for one in entries)
        counts.update(held.past.statuses if held.past is not None else {})
        return cls(
            lesson_id=held.lesson_id,
            title=held.title,
            starts_at=held.starts_at,
            held_from=held.held_from,
            held_until=held.held_until,
            held_s=held.held_ms / 1000,
            made_up=sum(one.made_up for one in entries) + (held.past.made_up if held.past is not None else 0),
            **{status.value: counts[status.value] for status in Status},
        )


class RunningClass(BaseModel):
    """A class that goes on."""

    lesson_id: str
    title: str
    starts_at: datetime | None
    held_from: datetime | None

    @classmethod
    def of(cls, held: HeldClass) -> Self:
        """Describes it."""
        return cls(
            lesson_id=held.lesson_id, title=held.title, starts_at=held.starts_at, held_from=held.held_from
        )


class AttendanceReply(BaseModel):
    """Attendance in a course: for its staff of everybody, for a student their own."""

    course_id: str
    lectures_total: int
    attendance_rate: Annotated[
        float,
        Field(
            description="The mean of the students who had a class, 0 to 100, never rounded up; 0: nobody had."
        ),
    ]
    classes: Annotated[list[ClassRow], Field(description="Those that were held, the earliest first.")]
    going_on: Annotated[
        list[RunningClass],
        Field(description="Those that go on: they are in no figure before they are over."),
    ]
    student_attendance: list[StudentRow]
    absence_alerts: list[AbsenceAlert]
    anonymized: Anonymized | None = None

    @classmethod
    def of(cls, course_id: str, found: CourseAttendance) -> Self:
        """Describes a course."""
        by_class = found.by_class()
        return cls(
            course_id=course_id,
            lectures_total=len(found.classes),
            attendance_rate=found.rate or 0.0,
            classes=[ClassRow.of(held, by_class[held.lesson_id]) for held in found.classes],
            going_on=[RunningClass.of(held) for held in found.going_on],
            student_attendance=[StudentRow.of(one) for one in found.students],
            absence_alerts=[
                AbsenceAlert(
                    student_id=one.student.user_id,
                    student_name=one.student.full_name,
                    consecutive_absent=one.absent_in_a_row,
                )
                for one in found.students
                if one.absent_in_a_row >= CONSECUTIVE_ABSENCES
            ],
            anonymized=Anonymized.of(found.past),
        )


Share = Annotated[float, Field(ge=0.01, le=1)]


class AttendanceRules(BaseModel):
    """What a course counts as attended, and as a recording completed. Shares are of the class as it was
    held."""

    model_config = ConfigDict(extra="forbid")

    present_ratio: Share = 0.75
    late_ratio: Share = 0.5
    partial_ratio: Annotated[Share | None, Field(description="Null: there is no such status.")] = None
    late_after_minutes: Annotated[int, Field(ge=0, le=600)] = 10
    credit_days: Annotated[
        int | None,
        Field(ge=1, le=366, description="Within which a recording makes up for a class; null: never."),
    ] = None
    completion_ratio: Annotated[
        float,
        Field(
            ge=COMPLETE_AT_LEAST / 1000,
            le=1,
            description="Of a recording, to have completed it; in steps of 0.05.",
        ),
    ] = COMPLETE_PER_MILLE / 1000

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        shares = [self.present_ratio, self.late_ratio, self.partial_ratio or 0]
        if shares != sorted(shares, reverse=True):
            raise ValueError("`present_ratio` is the highest share and `partial_ratio` the lowest")
        if abs(self.completion_ratio * 1000 - self._complete_from) > 1e-6:
            raise ValueError("`completion_ratio` goes in steps of 0.05, from 0.5 to 1")
        return self

    @property
    def _complete_from(self) -> int:
        return round(self.completion_ratio * 1000 / COMPLETE_STEP) * COMPLETE_STEP

    @property
    def rules(self) -> Rules:
        """The same as the service takes it."""
        partial = round(self.partial_ratio * 1000) if self.partial_ratio is not None else None
        return Rules(
            Thresholds(
                round(self.present_ratio * 1000),
                round(self.late_ratio * 1000),
                partial,
                self.late_after_minutes * 60_000,
            ),
            self.credit_days,
            self._complete_from,
        )

    @classmethod
    def of(cls, rules: Rules) -> Self:
        """Describes them."""
        one = rules.thresholds
        return cls(
            present_ratio=one.present_per_mille / 1000,
            late_ratio=one.late_per_mille / 1000,
            partial_ratio=one.partial_per_mille / 1000 if one.partial_per_mille is not None else None,
            late_after_minutes=one.late_after_ms // 60_000,
            credit_days=rules.credit_days,
            completion_ratio=rules.complete_from / 1000,
        )
