"""What is stored of classes as they were held: who was there, what they did, and how that is counted.

Imported by `tables`, so that who collects a feature's tables finds them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type


def _of(table: str, name: str, *, key: bool = False, index: bool = False) -> Column[str]:
    reference = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(name, id_type(), reference, nullable=False, primary_key=key, index=index or None)


participant_activity = Table(
    "participant_activity",
    metadata,
    Column(
        "participation_id",
        id_type(),
        ForeignKey("session_participants.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("talks", json_type(), nullable=False, comment="[[from, to]…] in Unix ms"),
    Column("camera", json_type(), nullable=False, comment="likewise"),
    Column("acts", json_type(), nullable=False, comment="{messages, hands, reactions: [ms…]}"),
    Column("quality", json_type(), nullable=False, comment="{quality/reason: ms}; good is not said"),
    Column("network", json_type(), comment="how their connection was, added up; null: was not kept then"),
)

lesson_classes = Table(
    "lesson_classes",
    metadata,
    _of("lessons", "lesson_id", key=True),
    Column("scheduled_at", UtcDateTime, comment="when it was to start, as it was counted"),
    Column("held_from", UtcDateTime, comment="null: nobody held it"),
    Column("held_until", UtcDateTime),
    Column("led_until", UtcDateTime, comment="the end of the last that could be it; null: of before"),
    Column("parts", json_type(), comment="[[from, to]…] in Unix ms; null: of before, all of that time"),
    Column("polls", Integer, nullable=False),
    Column("counted_at", UtcDateTime, nullable=False),
    Column("totals", json_type(), comment="what it came to, once nobody's; null: who was there is known"),
)

lesson_attendance = Table(
    "lesson_attendance",
    metadata,
    _of("lessons", "lesson_id", key=True),
    _of("users", "user_id", key=True, index=True),
    Column("is_staff", Boolean, nullable=False),
    Column("present_ms", BigInteger, nullable=False),
    Column("late_ms", BigInteger, nullable=False),
    Column("early_ms", BigInteger, nullable=False),
    Column("first_join", UtcDateTime),
    Column("last_leave", UtcDateTime),
    Column("connections", Integer, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
    Column("camera_ms", BigInteger, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("hands", Integer, nullable=False),
    Column("reactions", Integer, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("activity_score", Float, nullable=False),
    Column("participation", Float, nullable=False),
    Column("quality", json_type(), nullable=False),
    Column("network", json_type(), comment="of all their connections; null: was not kept then"),
)

attendance_corrections = Table(
    "attendance_corrections",
    metadata,
    Column("id", id_type(), primary_key=True, comment="the newest of a lesson and a person counts"),
    _of("lessons", "lesson_id"),
    _of("users", "user_id", index=True),
    Column("status", String(8), comment="null: by rule again"),
    Column("reason", Text, nullable=False),
    Column("given_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("status IN ('present', 'late', 'partial', 'excused', 'absent')", name="status"),
    Index(None, "lesson_id", "user_id", "id"),
)

attendance_rules = Table(
    "attendance_rules",
    metadata,
    _of("courses", "course_id", key=True),
    Column("present_per_mille", Integer, nullable=False),
    Column("late_per_mille", Integer, nullable=False),
    Column("partial_per_mille", Integer, comment="null: there is no such status"),
    Column("late_after_minutes", Integer, nullable=False),
    Column("credit_days", Integer, comment="within which a recording makes up for a class; null: never"),
    Column("complete_per_mille", Integer, nullable=False, comment="of a recording, to have completed it"),
    Column("updated_at", UtcDateTime, nullable=False),
)

lesson_credits = Table(
    "lesson_credits",
    metadata,
    _of("lessons", "lesson_id", key=True),
    Column("recording_id", id_type(), primary_key=True, comment="which is gone, or not filed there any more"),
    _of("users", "user_id", key=True, index=True),
    Column("reached", json_type(), nullable=False, comment="[[thousandths, Unix ms]…], as of progress"),
)
