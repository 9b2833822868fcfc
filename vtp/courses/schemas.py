"""What crosses the wire about courses. Field names are the older contract's; nothing is renamed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field

from vtp.courses.dates import MAX_DAYS, DateRule
from vtp.courses.door import Entered
from vtp.courses.roles import CourseStatus, EnrolmentStatus
from vtp.courses.schedule_schemas import TimeZone
from vtp.courses.store import CourseFilter
from vtp.http.identity import Role
from vtp.http.pagination import Page, PageQuery
from vtp.http.text import check_line

MAX_DESCRIPTION = 20_000
MAX_STUDENTS = 100_000

StatusWord = Annotated[
    Literal["draft", "active", "archived", "completed"],
    Field(
        description="draft: staff see it. active: students too. completed: members read, nobody joins by "
        "themselves. archived: staff read, nothing changes."
    ),
]
Code = Annotated[
    str,
    Field(max_length=50),
    AfterValidator(check_line),
    Field(min_length=1, description="What the school calls it: PHY-101."),
]
CourseName = Annotated[str, Field(max_length=255), AfterValidator(check_line), Field(min_length=1)]
Semester = Annotated[
    str,
    Field(max_length=50),
    AfterValidator(check_line),
    Field(min_length=1, description="In the school's own word: fall, WS 26/27."),
]
Year = Annotated[int, Field(ge=2000, le=2100)]
Department = Annotated[str, Field(max_length=200), AfterValidator(check_line)]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]
MaxStudents = Annotated[
    int | None,
    Field(ge=1, le=MAX_STUDENTS, description="Who comes beyond waits for a place; null: as many as come."),
]
InstructorId = Annotated[
    str | None, Field(max_length=64, description="Whose course it is: a teacher's or an administrator's id.")
]
Listed = Annotated[bool, Field(description="People who do not take part find it while it is active.")]
SelfEnrolment = Annotated[bool, Field(description="Whoever finds it enrols without a code or a link.")]
LessonOpens = Annotated[
    int,
    Field(
        ge=0, le=1440, description="So many minutes before a live lesson starts its room opens to the class."
    ),
]
LessonGrace = Annotated[
    int, Field(ge=0, le=1440, description="So many minutes after its end late comers are let in still.")
]
MailLessons = Annotated[
    bool,
    Field(
        description="While the course is active its members get live lessons that are to come, and what "
        "becomes of these, by mail, for their calendars."
    ),
]
RecordLessons = Annotated[
    Literal["automatic", "by_hand"],
    Field(
        description="automatic: a live lesson is recorded from when somebody of its staff publishes "
        "something until the class ends."
    ),
]
PublishRule = Annotated[
    Literal["at_once", "after_review"],
    Field(description="Whether the class sees what is recorded in lessons, or staff publish it first."),
]
WaitingList = Annotated[bool, Field(description="Else who comes too late is refused.")]


class CreateCourse(BaseModel):
    """A new course. It belongs to who makes it unless `instructor_id` says another."""

    code: Code
    name: CourseName
    semester: Semester
    year: Year
    description: Description = ""
    department: Department = ""
    instructor_id: InstructorId = None
    status: StatusWord = "draft"
    max_students: MaxStudents = None
    listed: Listed = True
    self_enrolment: SelfEnrolment = True
    waiting_list: WaitingList = True
    lesson_opens_minutes: LessonOpens = 15
    lesson_grace_minutes: LessonGrace = 30
    mail_lessons: MailLessons = True
    record_lessons: RecordLessons = "by_hand"
    publish_rule: PublishRule = "after_review"


class ReplaceCourse(CreateCourse):
    """A course as it is to be; what is left out is as in a new one, but for `instructor_id` and `status`,
    which stay."""

    status: StatusWord | None = None  # type: ignore[assignment]


class ChangeCourse(BaseModel):
    """What is to be different; what is left out stays."""

    code: Code | None = None
    name: CourseName | None = None
    semester: Semester | None = None
    year: Year | None = None
    description: Description | None = None
    department: Department | None = None
    instructor_id: InstructorId = None
    status: StatusWord | None = None
    max_students: MaxStudents = None
    listed: Listed | None = None
    self_enrolment: SelfEnrolment | None = None
    waiting_list: WaitingList | None = None
    lesson_opens_minutes: LessonOpens | None = None
    lesson_grace_minutes: LessonGrace | None = None
    mail_lessons: MailLessons | None = None
    record_lessons: RecordLessons | None = None
    publish_rule: PublishRule | None = None


class CopyCourse(BaseModel):
    """A copy for another term; what is left out is as in the course. It has sections, lessons, materials with
    their newest files, assignments, questions and quizzes. Nobody takes part in it but, with `staff`, who
    taught there."""

    semester: Semester
    year: Year
    code: Code | None = None
    name: CourseName | None = None
    staff: Annotated[bool, Field(description="Teachers and assistants have their roles there too.")] = True
    shift_days: Annotated[
        int | None,
        Field(
            ge=-MAX_DAYS,
            le=MAX_DAYS,
            description="All dates are so many days later, and series are there with their lessons; of a "
            "weekly one take whole weeks. Null: there are no dates and no series, and what had a date of "
            "release is not published.",
        ),
    ] = None
    time_zone: Annotated[
        TimeZone | None,
        Field(description="By whose clocks dates are later; null: those of the newest series, or UTC."),
    ] = None


class CourseReply(BaseModel):
    """A course; `enrolled_count` counts students with a place."""

    id: str
    code: str
    name: str
    description: str
    instructor_id: str | None
    instructor_name: str | None
    department: str
    semester: str
    year: int
    status: CourseStatus
    max_students: int | None
    listed: Listed
    self_enrolment: SelfEnrolment
    waiting_list: WaitingList
    lesson_opens_minutes: LessonOpens
    lesson_grace_minutes: LessonGrace
    mail_lessons: MailLessons
    record_lessons: RecordLessons
    publish_rule: PublishRule
    enrolled_count: int
    recording_count: int
    role: Annotated[Role | None, Field(description="The caller's in this course; null for who has none.")]
    enrollment_status: Annotated[
        EnrolmentStatus | None, Field(description="Whether the caller takes part or waits for a place.")
    ]
    may: Annotated[
        list[str], Field(description="What the caller may do: view, teach, enrol, update, appoint, delete.")
    ]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, inside: Entered) -> Self:
        """Describes a course as the caller sees it."""
        seen, course = inside.seen, inside.course
        return cls(
            **{name: getattr(course, name) for name in course.__slots__ if name != "version"},
            instructor_name=seen.instructor_name,
            enrolled_count=seen.enrolled_count,
            recording_count=seen.recording_count,
            role=None if inside.role is Role.GUEST else inside.role,
            enrollment_status=seen.member.enrolment,
            may=list(inside.rights),
        )


class CopyReply(CourseReply):
    """A course that was made of another."""

    schedules_left_out: Annotated[
        int,
        Field(description="Series of the other one, of which this has none: their days are of another term."),
    ]
    dates: Annotated[DateRule, Field(description="What became of dates: `dropped` or `shifted`.")]
    carried: Annotated[dict[str, int], Field(description="By kind how much of the other one this has.")]
    left: Annotated[
        dict[str, int],
        Field(description="By kind what it has not; and nobody's submissions, attempts and grades."),
    ]
    lost_files: Annotated[
        list[str], Field(description="Names of files that it has not, as the server had lost them before.")
    ]


class CoursePage(Page[CourseReply]):
    """One page of courses."""


class CourseQuery(PageQuery):
    """Which courses to list."""

    q: Annotated[str, Field(max_length=200, description="Words in code, name or description.")] = ""
    status: StatusWord | None = None
    semester: Annotated[str, Field(max_length=50)] = ""
    year: Annotated[int | None, Field(ge=0, le=9999)] = None
    department: Annotated[str, Field(max_length=200)] = ""
    instructor_id: Annotated[str, Field(max_length=64)] = ""
    mine: Annotated[bool, Field(description="Only those that the caller takes part in.")] = False

    @property
    def filter(self) -> CourseFilter:
        """The same for the service."""
        return CourseFilter(
            self.q,
            self.status or "",
            self.semester,
            self.year,
            self.department,
            self.instructor_id.lower(),
            self.mine,
        )


class CourseDeleted(BaseModel):
    """A course that is no more."""

    id: str
    status: Literal["deleted"] = "deleted"
    message: str = "The course and everything in it is deleted; its recordings are kept, unpublished."


class CourseStats(BaseModel):
    """How a course goes."""

    course_id: str
    course_name: str
    total_students: int
    total_recordings: int
    published_recordings: Annotated[int, Field(description="Those that the course's members see.")]
    unique_viewers: Annotated[
        int, Field(description="How many people at least have watched any of its recordings.")
    ]
    total_views: Annotated[int, Field(description="How often they were opened, within an hour once.")]
    last_accessed: datetime | None
    average_engagement: Annotated[
        float,
        Field(description="Percent of a recording that who began it has watched, on average; rounded down."),
    ]
