"""What crosses the wire of reports on courses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from vtp.analytics.alert_rules import Finding
from vtp.analytics.attendance_schemas import Anonymized, Percent
from vtp.analytics.course_figures import CourseFigures, LectureFigures, StudentFigures
from vtp.analytics.told import ToldCourse

RiskWord = Literal["low", "medium", "high", "critical"]
Rating = Literal["excellent", "good", "average", "poor"]
TOP = 5
RATINGS: tuple[tuple[int, Rating], ...] = ((800, "excellent"), (600, "good"), (300, "average"), (0, "poor"))


class StudentEngagement(BaseModel):
    """One student. The score is the mean of what is beside it, of those that are not null."""

    student_id: str
    student_name: str
    student_email: str
    engagement_score: Annotated[float, Field(description="0 to 100.")]
    attendance_rate: float | None
    average_completion: float | None
    participation_rate: Annotated[
        float | None, Field(description="Of the slices of five minutes of all classes held: 0 to 100.")
    ]
    activity_score: Annotated[
        float | None,
        Field(
            description="BigBlueButton's, 0 to 10, on average. Null for who reads their own: it is a share "
            "of the most that somebody has done."
        ),
    ]
    watch_time_seconds: float
    recordings_completed: int
    grade_percent: float | None
    last_seen_at: datetime | None
    trend_last_week: Literal["increasing", "decreasing", "stable"]
    talk_seconds: Annotated[float, Field(description="In all classes, as what follows: of the scores.")]
    messages: int
    hands: int
    reactions: int
    poll_answers: int

    @classmethod
    def of(cls, one: StudentFigures) -> Self:
        """Describes a student."""
        return cls(
            student_id=one.student.user_id,
            student_name=one.student.full_name,
            student_email=one.student.email,
            engagement_score=one.score,
            attendance_rate=_percent(one.attendance_per_mille),
            average_completion=_percent(one.completion),
            participation_rate=_percent(one.participation),
            activity_score=one.activity_score,
            watch_time_seconds=one.watch_time_ms / 1000,
            recordings_completed=one.completed,
            grade_percent=one.grade_percent,
            last_seen_at=one.last_seen,
            trend_last_week=one.trend,  # type: ignore[arg-type]
            talk_seconds=one.inputs.talk_ms / 1000,
            messages=one.inputs.messages,
            hands=one.inputs.hands,
            reactions=one.inputs.reactions,
            poll_answers=one.inputs.answers,
        )


class OwnRecording(BaseModel):
    """A recording of the course, and how much of it one has watched."""

    recording_id: str
    title: str
    completion_percentage: Annotated[float, Field(description="Never rounded up.")]


class OwnFigures(BaseModel):
    """What is known of the student who asks."""

    figures: StudentEngagement
    recordings: list[OwnRecording]

    @classmethod
    def of(cls, one: StudentFigures, lectures: Sequence[LectureFigures]) -> Self:
        """Describes them."""
        return cls(
            figures=StudentEngagement.of(one),
            recordings=[
                OwnRecording(
                    recording_id=each.recording.recording_id,
                    title=each.recording.title,
                    completion_percentage=one.progress[each.recording.recording_id] / 10,
                )
                for each in lectures
            ],
        )


class CourseReply(BaseModel):
    """How a course goes. `hidden`: it has too few students to tell them averages. To students averages are
    told in steps of 10 %, as they were when one of them first asked within a day, and no sums."""

    course_id: str
    hidden: bool = False
    total_students: int | None
    attending_students: Annotated[int | None, Field(description="Who attended a class.")]
    total_lectures: Annotated[int, Field(description="Live lessons that were held.")]
    total_recordings: int
    total_view_sessions: int | None
    avg_attendance_rate: Annotated[
        float | None,
        Field(description="Of the students who had a class; null, too, where these are none, or too few."),
    ]
    average_completion: float | None
    total_watch_time_seconds: float | None
    course_engagement_score: float | None
    mine: Annotated[OwnFigures | None, Field(description="Of the student who asks.")] = None
    anonymized: Anonymized | None = None
    anonymized_after_days: Annotated[
        int,
        Field(description="After so long without anything in it, figures are nobody's any more; 0: never."),
    ] = 0
    is_pushed: Annotated[
        bool, Field(description="What is played goes to a learning record store, too, under ids of accounts.")
    ] = False
    averages_from: Annotated[int, Field(description="Of how many people students are told averages.")] = 0
    log_kept_days: Annotated[
        int, Field(description="How long what players said is kept as it was said; 0: always.")
    ] = 0

    @classmethod
    def of(cls, course_id: str, found: CourseFigures, *, told: ToldCourse | None, asking: str | None) -> Self:
        """Describes a course. `asking`: who reads it; `told`: what they are told of all, None: everything."""
        own = next((one for one in found.students if one.student.user_id == asking), None)
        mine = OwnFigures.of(own, found.lectures) if own is not None else None
        if told is not None and mine is not None:
            mine.figures.activity_score = None  # by it the most that another has done is known
        held, filed = len(found.attendance.classes), len(found.lectures)
        if told is not None:
            return cls(
                course_id=course_id,
                hidden=told.hidden,
                total_students=told.students,
                attending_students=None,
                total_view_sessions=None,
                avg_attendance_rate=told.attendance,
                average_completion=told.completion,
                total_watch_time_seconds=None,
                course_engagement_score=told.score,
                total_lectures=held,
                total_recordings=filed,
                mine=mine,
                anonymized=Anonymized.of(found.past) if not told.hidden else None,
            )
        return cls(
            course_id=course_id,
            total_students=found.size,
            attending_students=found.attending,
            total_view_sessions=sum(one.pages for one in found.lectures),
            avg_attendance_rate=found.attendance.rate,
            average_completion=found.completion,
            total_watch_time_seconds=found.watch_time_ms / 1000,
            course_engagement_score=found.score,
            total_lectures=held,
            total_recordings=filed,
            mine=mine,
            anonymized=Anonymized.of(found.past),
        )


class RiskStudent(BaseModel):
    """Somebody who may need help, by the worst rule that holds."""

    student_id: str
    student_name: str
    risk_level: RiskWord
    reason: str
    recommendation: str
    rules: list[str]

    @classmethod
    def of(cls, one: StudentFigures) -> Self:
        """Describes them; something was found."""
        worst = one.findings[0]
        return cls(
            student_id=one.student.user_id,
            student_name=one.student.full_name,
            risk_level=worst.severity.word,  # type: ignore[arg-type]
            reason=worst.reason,
            recommendation=worst.recommendation,
            rules=[finding.rule.value for finding in one.findings],
        )


class EngagementReply(BaseModel):
    """Who takes part, and who may need help."""

    course_id: str
    avg_engagement_score: Percent
    student_engagement: list[StudentEngagement]
    risk_students: list[RiskStudent]
    recommendations: list[str]
    anonymized: Anonymized | None = None

    @classmethod
    def of(cls, course_id: str, found: CourseFigures) -> Self:
        """Describes a course."""
        risky = sorted((one for one in found.students if one.findings), key=_risk)
        return cls(
            course_id=course_id,
            avg_engagement_score=found.score,
            student_engagement=[StudentEngagement.of(one) for one in found.students],
            risk_students=[RiskStudent.of(one) for one in risky],
            recommendations=_recommended([finding for one in risky for finding in one.findings]),
            anonymized=Anonymized.of(found.past),
        )


class LecturePerformance(BaseModel):
    """One recording as the class watches it."""

    recording_id: str
    title: str
    viewers: int
    viewer_rate: Annotated[float, Field(description="Of the class: 0 to 100.")]
    completion: Annotated[float, Field(description="Of the recording, over the whole class: 0 to 100.")]
    completed: int
    watch_time_seconds: float
    view_sessions: int
    buffer_events: int
    performance_rating: Annotated[
        Rating, Field(description="By completion: excellent from 80, good from 60, average from 30.")
    ]

    @classmethod
    def of(cls, one: LectureFigures, students: int) -> Self:
        """Describes a recording."""
        return cls(
            recording_id=one.recording.recording_id,
            title=one.recording.title,
            viewers=one.viewers,
            viewer_rate=one.viewers * 1000 // students / 10 if students else 0,
            completion=one.completion / 10,
            completed=one.completed,
            watch_time_seconds=one.watch_time_ms / 1000,
            view_sessions=one.pages,
            buffer_events=one.buffer_events,
            performance_rating=next(word for least, word in RATINGS if one.completion >= least),
        )


class CurriculumInsights(BaseModel):
    """What of a course stands out."""

    most_watched: str | None
    least_watched: str | None
    lectures_not_opened: int


class PerformanceReply(BaseModel):
    """How the recordings of a course are watched: the best, those that are hard, all of them."""

    course_id: str
    overall_score: Annotated[float, Field(description="The mean of the completions: 0 to 100.")]
    top_lectures: list[LecturePerformance]
    struggle_lectures: list[LecturePerformance]
    lectures: list[LecturePerformance]
    recommendations: list[str]
    curriculum_insights: CurriculumInsights

    @classmethod
    def of(cls, course_id: str, found: CourseFigures) -> Self:
        """Describes a course."""
        rows = [LecturePerformance.of(one, found.size) for one in found.lectures]
        best = sorted(rows, key=lambda one: (-one.completion, one.title))
        hard = [one for one in reversed(best) if one.performance_rating in ("poor", "average")]
        unopened = [one for one in rows if one.viewers == 0]
        return cls(
            course_id=course_id,
            overall_score=sum(round(one.completion * 10) for one in rows) // len(rows) / 10 if rows else 0,
            top_lectures=[one for one in best[:TOP] if one.viewers],
            struggle_lectures=hard[:TOP],
            lectures=rows,
            recommendations=_of_lectures(hard, unopened),
            curriculum_insights=CurriculumInsights(
                most_watched=best[0].title if best and best[0].viewers else None,
                least_watched=best[-1].title if best else None,
                lectures_not_opened=len(unopened),
            ),
        )


def _of_lectures(hard: list[LecturePerformance], unopened: list[LecturePerformance]) -> list[str]:
    told = []
    if unopened:
        told.append(
            "1 recording was opened by nobody: say in class what it is for."
            if len(unopened) == 1
            else f"{len(unopened)} recordings were opened by nobody: say in class what they are for."
        )
    stalled = [one for one in hard if one.buffer_events > one.view_sessions > 0]
    if stalled:
        some = f"{len(stalled)} recording{'s' if len(stalled) > 1 else ''}"
        told.append(f"Playing stood still often in {some} that few finish: see the network.")
    if len(hard) > len(unopened):
        told.append("Look at the drop-off of those that few finish, and cut them where most leave.")
    return told


def _recommended(found: list[Finding]) -> list[str]:
    """Each that helps somebody, the one for the most people first."""
    counts: dict[str, int] = {}
    for one in found:
        counts[one.recommendation] = counts.get(one.recommendation, 0) + 1
    return [
        f"{text} ({count})" for text, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _risk(one: StudentFigures) -> tuple[int, str]:
    return -one.findings[0].severity, one.student.full_name


def _percent(per_mille: int | None) -> float | None:
    return per_mille / 10 if per_mille is not None else None
