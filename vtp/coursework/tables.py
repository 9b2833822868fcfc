"""What is stored of coursework. The bytes of files lie in the store, by the id of their row."""

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


def _course() -> Column[str]:
    return Column("course_id", id_type(), ForeignKey("courses.id", ondelete="CASCADE"), nullable=False)


def _to_tell() -> Column[bool]:
    """Its class is to be told of it once it is released."""
    return Column("to_tell", Boolean, nullable=False, server_default=false(), index=True)


def _loosely(name: str, to: str) -> Column[str]:
    return Column(name, id_type(), ForeignKey(f"{to}.id", ondelete="SET NULL"), index=True)


materials = Table(
    "materials",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    _loosely("lesson_id", "lessons"),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("release_at", UtcDateTime, comment="hidden from students until then"),
    Column("versions", Integer, nullable=False, comment="uploaded so far; the number of the last one"),
    _to_tell(),
    _loosely("created_by", "users"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "course_id", "id"),
)

assignments = Table(
    "assignments",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    _loosely("lesson_id", "lessons"),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("release_at", UtcDateTime, comment="hidden from students until then"),
    Column("due_at", UtcDateTime, comment="null: whenever they like"),
    Column("late_policy", String(16), nullable=False),
    Column("late_until", UtcDateTime, comment="nothing is taken after that; null: at any time"),
    Column("late_percent", Integer, nullable=False, comment="taken off for each day begun, by deduct"),
    Column("centipoints", Integer, nullable=False, comment="what it is worth, in hundredths of a point"),
    Column("rubric", json_type(), nullable=False, comment="criteria with the points of each"),
    Column("for_groups", Boolean, nullable=False),
    Column("max_attempts", Integer, comment="null: any number"),
    _to_tell(),
    _loosely("created_by", "users"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("late_policy IN ('refuse', 'accept', 'deduct')", name="late_policy"),
    Index(None, "course_id", "id"),
)

assignment_groups = Table(
    "assignment_groups",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("assignment_id", id_type(), ForeignKey("assignments.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(200), nullable=False),
    Index(None, "assignment_id", "id"),
)

assignment_group_members = Table(
    "assignment_group_members",
    metadata,
    Column("assignment_id", id_type(), ForeignKey("assignments.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column(
        "group_id",
        id_type(),
        ForeignKey("assignment_groups.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("assignment_id", id_type(), ForeignKey("assignments.id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(36), nullable=False, comment="whose it is: the group's id, or the person's"),
    _loosely("user_id", "users"),
    _loosely("group_id", "assignment_groups"),
    Column("attempt", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("handed_in_at", UtcDateTime, comment="null: a draft"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column(
        "settled",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="its student sees the points for it; written with grades, and of no group's",
    ),
    UniqueConstraint("assignment_id", "owner", "attempt"),
    Index(None, "assignment_id", "settled"),
    Index(None, "assignment_id", "id"),
)

grades = Table(
    "grades",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("assignment_id", id_type(), ForeignKey("assignments.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    _loosely("submission_id", "submissions"),
    Column("centipoints", Integer, comment="before anything is taken off; null: feedback alone"),
    Column("scores", json_type(), nullable=False, comment="by criterion of the rubric"),
    Column("feedback", Text, nullable=False),
    Column("released_at", UtcDateTime, comment="null: a draft, which its student does not see"),
    _loosely("graded_by", "users"),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("assignment_id", "user_id"),
)

coursework_files = Table(
    "coursework_files",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column(
        "course_id",
        id_type(),
        ForeignKey("courses.id", ondelete="SET NULL"),
        comment="whose quota it counts for",
    ),
    _loosely("uploaded_by", "users"),
    Column(
        "material_id",
        id_type(),
        ForeignKey("materials.id", ondelete="SET NULL"),
        comment="what holds it: without any holder its bytes are to be deleted, and then the row",
    ),
    _loosely("submission_id", "submissions"),
    _loosely("grade_id", "grades"),
    Column("version", Integer, nullable=False, comment="of the material; 0 while it arrives"),
    Column("state", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size_bytes", BigInteger, nullable=False, comment="as announced, while it arrives"),
    Column("sha256", String(64), nullable=False, comment="hexadecimal"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("instance_id", id_type(), comment="the data folder that has its bytes beside an object store"),
    Column("stored_url", Text, comment="the object store that it was, or is being, sent to"),
    Column("stored_at", UtcDateTime, comment="when that had all of it; null: it does not yet"),
    CheckConstraint("state IN ('arriving', 'kept')", name="state"),
    Index(None, "material_id", "state", "version"),
    Index(None, "instance_id", "stored_at"),
    Index(None, "course_id", "uploaded_by"),
    Index(None, "state", "created_at"),
)
