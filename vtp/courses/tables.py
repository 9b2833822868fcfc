"""What is stored of courses: what is in them and in which order, who takes part, and how one joins."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type


def _course(*, key: bool = False) -> Column[str]:
    reference = ForeignKey("courses.id", ondelete="CASCADE")
    return Column("course_id", id_type(), reference, nullable=False, primary_key=key)


def _account(name: str) -> Column[str]:
    return Column(name, id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True)


courses = Table(
    "courses",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column(
        "code", String(50), nullable=False, comment="as the school calls it: PHY-101; several may share one"
    ),
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=False),
    _account("instructor_id"),
    Column("department", String(200), nullable=False),
    Column("semester", String(50), nullable=False),
    Column("year", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_at", UtcDateTime, comment="since when; null: since it was made, or that is not known"),
    Column("max_students", Integer, comment="null: as many as come"),
    Column(
        "students",
        Integer,
        nullable=False,
        server_default="0",
        comment="who have a place; counted anew with each change of enrolments",
    ),
    Column("listed", Boolean, nullable=False, comment="found by people who do not take part"),
    Column("self_enrolment", Boolean, nullable=False, comment="without a code or a link"),
    Column("waiting_list", Boolean, nullable=False),
    Column("lesson_opens_minutes", Integer, nullable=False, comment="for the class, before a lesson starts"),
    Column("lesson_grace_minutes", Integer, nullable=False, comment="for late comers, after its end"),
    Column("mail_lessons", Boolean, nullable=False, comment="invitations and changes by mail"),
    Column("record_lessons", String(16), nullable=False, comment="automatic, or by_hand"),
    Column("publish_rule", String(16), nullable=False, comment="of recordings: at_once, or after_review"),
    Column("version", Integer, nullable=False, comment="counted up by editing, for If-Match"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("status IN ('draft', 'active', 'archived', 'completed')", name="status"),
)

course_sections = Table(
    "course_sections",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("release_at", UtcDateTime, comment="hidden from students until then"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "course_id", "position"),
)

lessons = Table(
    "lessons",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    Column("section_id", id_type(), ForeignKey("course_sections.id", ondelete="SET NULL"), index=True),
    Column("kind", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("position", Integer, nullable=False, comment="within its section"),
    Column("published", Boolean, nullable=False),
    Column("release_at", UtcDateTime, comment="hidden from students until then"),
    Column("starts_at", UtcDateTime, comment="of a live lesson"),
    Column("ends_at", UtcDateTime),
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="SET NULL"), index=True),
    Column("cancelled_at", UtcDateTime, comment="of a live lesson that does not take place"),
    Column("over_at", UtcDateTime, comment="when its class was ended for all, unless it is held again"),
    Column("schedule_id", id_type(), comment="the series that it belongs to"),
    Column("occurrence", String(16), comment="which class of the series, as the clock on the wall says"),
    Column("touched", Boolean, nullable=False, comment="moved or cancelled by itself"),
    Column("sequence", Integer, nullable=False, comment="of iCalendar: counted up by changes of its time"),
    Column(
        "told",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="of a live lesson: students' calendars have it",
    ),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("kind IN ('live', 'recording', 'material', 'assignment')", name="kind"),
    Index(None, "course_id", "position"),
    Index(None, "course_id", "starts_at"),
    Index(None, "told", "starts_at"),
    Index(None, "schedule_id", "occurrence", unique=True),
)

course_schedules = Table(
    "course_schedules",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    Column("section_id", id_type(), ForeignKey("course_sections.id", ondelete="SET NULL"), index=True),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("rule", String(200), nullable=False, comment="RRULE of iCalendar"),
    Column("time_zone", String(64), nullable=False),
    Column("first_start", String(16), nullable=False, comment="as the clock on the wall says"),
    Column("duration_minutes", Integer, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("skipped", json_type(), nullable=False, comment="classes whose lesson was deleted"),
    Column("made_until", UtcDateTime, nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "course_id", "id"),
)

calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("course_id", id_type(), ForeignKey("courses.id", ondelete="CASCADE"), index=True),
    Column("scope", String(36), nullable=False, comment="the course, or empty for all of somebody's"),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("renewed_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "scope"),
)

course_enrollments = Table(
    "course_enrollments",
    metadata,
    Column("id", id_type(), primary_key=True, comment="who waits has their turn by it"),
    _course(),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("source", String(16), nullable=False, comment="how they came"),
    Column("invitation_id", id_type(), comment="the code or link that they came by"),
    _account("added_by"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("enrolled_at", UtcDateTime, comment="null while they wait, and of who is here by the role given"),
    CheckConstraint("role IN ('teacher', 'assistant', 'student')", name="role"),
    CheckConstraint("status IN ('active', 'waiting')", name="status"),
    CheckConstraint("source IN ('staff', 'self', 'code', 'link', 'list')", name="source"),
    UniqueConstraint("course_id", "user_id"),
    Index(None, "course_id", "status", "role", "id"),
    Index(None, "course_id", "id"),
    Index(None, "user_id", "id"),
    Index(None, "status", "course_id"),
)

course_permissions = Table(
    "course_permissions",
    metadata,
    _course(key=True),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(16), nullable=False),
    Column("watch_only", Boolean, nullable=False),
    Column("word", String(16), nullable=False, comment="the role as it was said: instructor, ta, viewer"),
    _account("granted_by"),
    Column("granted_at", UtcDateTime, nullable=False),
    CheckConstraint("role IN ('admin', 'teacher', 'assistant', 'student')", name="role"),
)

course_invitations = Table(
    "course_invitations",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    Column("kind", String(8), nullable=False),
    Column("code", String(16), unique=True, comment="as it is typed; null for links"),
    Column("token_hash", String(64), unique=True, comment="of a link; null for codes"),
    Column("label", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("max_uses", Integer, comment="null: any number"),
    Column("uses", Integer, nullable=False),
    _account("created_by"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, comment="null: it does not end by itself"),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("kind IN ('code', 'link')", name="kind"),
    CheckConstraint("role IN ('teacher', 'assistant', 'student')", name="role"),
    Index(None, "course_id", "id"),
)

course_recordings = Table(
    "course_recordings",
    metadata,
    _course(key=True),
    Column(
        "recording_id",
        id_type(),
        ForeignKey("recordings.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("lesson_id", id_type(), ForeignKey("lessons.id", ondelete="SET NULL"), index=True),
    Column("lecture_number", Integer),
    Column("lecture_title", String(255), nullable=False),
    Column("sequence_order", Integer, nullable=False),
    Column(
        "to_announce", Boolean, nullable=False, index=True, comment="the class is told when it may see it"
    ),
    _account("added_by"),
    Column("added_at", UtcDateTime, nullable=False),
)

course_recording_quotas = Table(
    "course_recording_quotas",
    metadata,
    _course(key=True),
    Column("bytes", BigInteger, nullable=False, comment="what its recordings may take; without a row any"),
    Column("updated_at", UtcDateTime, nullable=False),
)

course_recording_terms = Table(
    "course_recording_terms",
    metadata,
    _course(key=True),
    Column("days", Integer, nullable=False, comment="for how long its recordings are kept; 0: for ever"),
    Column("updated_at", UtcDateTime, nullable=False),
)

course_announcements = Table(
    "course_announcements",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    _account("author_id"),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "course_id", "id"),
)
