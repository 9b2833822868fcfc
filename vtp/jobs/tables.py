"""What is to be done with ended recordings. A queue carries ids of these rows, which are what counts."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type

recording_jobs = Table(
    "recording_jobs",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("recording_id", id_type(), ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("rungs", String(100), nullable=False, comment="of a ladder: 720,480; empty: all of the settings'"),
    Column("progress", Float, nullable=False, comment="0 to 1"),
    Column("eta_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("owner", id_type(), comment="the run that works on it; null when none does"),
    Column("heartbeat_at", UtcDateTime),
    Column("next_try_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    UniqueConstraint("recording_id", "kind"),
    Index("ix_recording_jobs_state", "state", "next_try_at"),
)
