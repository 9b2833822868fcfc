"""What crosses the wire about one's home."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from vtp.courses.announcement_schemas import AnnouncementReply
from vtp.courses.calendar_store import Membership
from vtp.courses.outline_schemas import LessonReply
from vtp.coursework.assignment_store import Assignment
from vtp.coursework.late import WorkStatus
from vtp.home.service import Home
from vtp.home.store import QuizToDo, ToGrade


class HomeCourseReply(BaseModel):
    """An active course that the caller takes part in."""

    id: str
    code: str
    name: str
    lesson_opens_minutes: int
    lesson_grace_minutes: int
    teaches: Annotated[bool, Field(description="As its teacher or an assistant; otherwise a student.")]

    @classmethod
    def of(cls, course: Membership) -> Self:
        """Describes a course."""
        return cls(**{name: getattr(course, name) for name in cls.model_fields})


class DueReply(BaseModel):
    """An assignment that the caller has not handed in, and can."""

    id: str
    course_id: str
    title: str
    due_at: datetime | None
    status: Annotated[WorkStatus, Field(description="`floating`: not due yet; `missing`: it was due.")]
    points: float

    @classmethod
    def of(cls, task: Assignment, now: datetime) -> Self:
        """Describes an assignment."""
        status = task.deadline.status(None, now)
        names = "id", "course_id", "title", "due_at", "points"
        return cls(status=status, **{name: getattr(task, name) for name in names})


class DueQuizReply(BaseModel):
    """A quiz that the caller can take, or is at."""

    id: str
    course_id: str
    title: str
    closes_at: datetime | None
    time_limit_minutes: int | None
    begun: Annotated[bool, Field(description="The caller is at an attempt.")]
    ends_at: Annotated[datetime | None, Field(description="When that attempt ends by itself.")]

    @classmethod
    def of(cls, quiz: QuizToDo) -> Self:
        """Describes a quiz."""
        return cls(**{name: getattr(quiz, name) for name in cls.model_fields})


class ToGradeReply(BaseModel):
    """An assignment in which students have handed in what is not graded, or whose grade they do not see."""

    id: str
    course_id: str
    title: str
    due_at: datetime | None
    waiting: Annotated[int, Field(description="So many students.")]

    @classmethod
    def of(cls, task: ToGrade) -> Self:
        """Describes an assignment."""
        return cls(**{name: getattr(task, name) for name in cls.model_fields})


class HomeReply(BaseModel):
    """What is next, due and new in the caller's courses. Each list has an end; the courses have the rest."""

    courses: Annotated[list[HomeCourseReply], Field(description="Active ones, newest first.")]
    lessons: Annotated[
        list[LessonReply],
        Field(description="Live ones that run, or begin within seven days, in the order of time."),
    ]
    due: Annotated[
        list[DueReply],
        Field(
            description="Where the caller is a student: due within 14 days, or late and taken still; "
            "or at no time, which come last."
        ),
    ]
    quizzes: Annotated[
        list[DueQuizReply],
        Field(
            description="Where the caller is a student: open, closing within 14 days or never, and not "
            "taken yet; those without an end come last."
        ),
    ]
    to_grade: Annotated[
        list[ToGradeReply], Field(description="Where the caller teaches: what was due first comes first.")
    ]
    announcements: Annotated[
        list[AnnouncementReply], Field(description="Those of the last 30 days, newest first.")
    ]
    unread: Annotated[int, Field(description="Notifications that the caller has not read.")]

    @classmethod
    def of(cls, home: Home, now: datetime) -> Self:
        """Describes a home as it is then."""
        return cls(
            courses=[HomeCourseReply.of(one) for one in home.courses],
            lessons=[LessonReply.of(one) for one in home.lessons],
            due=[DueReply.of(one, now) for one in home.due],
            quizzes=[DueQuizReply.of(one) for one in home.quizzes],
            to_grade=[ToGradeReply.of(one) for one in home.to_grade],
            announcements=[AnnouncementReply.of(one) for one in home.announcements],
            unread=home.unread,
        )
