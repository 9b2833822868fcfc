"""What the database knows of recordings: whose they are and how they ended. Their bytes know the rest."""

from sqlalchemy import (
    BigInteger,
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

recordings = Table(
    "recordings",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("room_id", id_type(), ForeignKey("rooms.id"), nullable=False),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("started_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("status", String(16), nullable=False, index=True),
    Column("format", String(8), nullable=False, comment="what was asked for: hls, mp4, webm"),
    Column("layout", String(8), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("stopped_at", UtcDateTime),
    Column("duration_ms", BigInteger, nullable=False),
    Column("file_size_bytes", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("frame_rate", Float, nullable=False),
    Column("bitrate_bps", BigInteger, nullable=False),
    Column("codecs", String(200), nullable=False),
    Column("error_message", Text, nullable=False),
    Column("metadata", json_type(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime, comment="in the trash since"),
    Column("instance_id", id_type(), comment="of the data folder whose process records it"),
    Column(
        "storage", String(16), nullable=False, server_default="local", comment="vtp.recording.store.Storage"
    ),
    Column("stored_url", Text, comment="the object store that it lies in, once it does"),
    Column("stored_at", UtcDateTime),
    CheckConstraint(
        "status IN ('recording', 'finalizing', 'ready', 'interrupted', 'failed', 'deleted')", name="status"
    ),
    Index(None, "room_id", "id"),
)
