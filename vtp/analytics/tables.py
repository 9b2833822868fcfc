"""What is stored of analytics: the log of what happened, and what it comes to, kept as it arrives."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from vtp.analytics.alert_tables import analytics_alerts
from vtp.analytics.class_tables import (
    attendance_corrections,
    attendance_rules,
    lesson_attendance,
    lesson_classes,
    lesson_credits,
    participant_activity,
)
from vtp.analytics.past_tables import analytics_anonymizing, course_totals, recording_totals
from vtp.analytics.usage_tables import server_load, usage_days
from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type

__all__ = [
    "analytics_alerts",
    "analytics_anonymizing",
    "analytics_batches",
    "analytics_events",
    "analytics_pushes",
    "attendance_corrections",
    "attendance_rules",
    "course_totals",
    "lesson_attendance",
    "lesson_classes",
    "lesson_credits",
    "participant_activity",
    "playback_sessions",
    "recording_totals",
    "recording_viewers",
    "server_load",
    "usage_days",
]


def _of(table: str, name: str, *, key: bool = False, null: bool = False, index: bool = False) -> Column[str]:
    reference = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(name, id_type(), reference, nullable=null, primary_key=key, index=index or None)


analytics_batches = Table(
    "analytics_batches",
    metadata,
    _of("users", "user_id", key=True),
    Column("session_id", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, comment="a batch that comes again changes nothing"),
    Column("received_at", UtcDateTime, nullable=False, index=True),
)

analytics_events = Table(
    "analytics_events",
    metadata,
    Column("id", id_type(), primary_key=True, comment="by when it was received"),
    _of("users", "user_id"),
    _of("recordings", "recording_id", null=True),
    _of("courses", "course_id", null=True),
    Column("session_id", String(64), nullable=False),
    Column("event_type", String(24), nullable=False),
    Column("happened_at", UtcDateTime, nullable=False, comment="as the client says"),
    Column("received_at", UtcDateTime, nullable=False),
    Column("data", json_type(), nullable=False),
    Index(None, "recording_id", "user_id", "id"),
    Index(None, "user_id", "id"),
    Index(None, "course_id", "id"),
)

analytics_pushes = Table(
    "analytics_pushes",
    metadata,
    Column("target", String(64), primary_key=True, comment="which learning record store: of its address"),
    Column("position", id_type(), nullable=False, comment="the last row of the log that it has"),
    Column("claimed_until", UtcDateTime, nullable=False, comment="by the process that pushes"),
    Column("claimed_by", id_type(), nullable=False, comment="that process, made up at its start"),
    Column("pushed_at", UtcDateTime),
    Column("statements", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)

playback_sessions = Table(
    "playback_sessions",
    metadata,
    _of("users", "user_id", key=True),
    _of("recordings", "recording_id", key=True, index=True),
    Column("session_id", String(64), primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("watch_time_ms", BigInteger, nullable=False, comment="of what counted, watching again included"),
    Column("position_ms", BigInteger, nullable=False),
    Column("run_end_ms", BigInteger, comment="where what is played without a jump has come to"),
    Column("pauses", Integer, nullable=False),
    Column("resumes", Integer, nullable=False),
    Column("seeks", Integer, nullable=False),
    Column("buffer_events", Integer, nullable=False),
    Column("quality", String(32), nullable=False, comment="chosen last; empty: never said"),
    Column("quality_ms", json_type(), nullable=False, comment="{quality: time watched in it}"),
    Column("completed", Boolean, nullable=False, comment="as its player said"),
)

recording_viewers = Table(
    "recording_viewers",
    metadata,
    _of("users", "user_id", key=True),
    _of("recordings", "recording_id", key=True, index=True),
    Column("duration_ms", BigInteger, nullable=False, comment="of the recording that the bins are of"),
    Column("passes", json_type(), nullable=False, comment="how often each bin was come into"),
)
