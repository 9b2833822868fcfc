"""What is stored of rooms: the rooms, the classes held in them, and who was there."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type

rooms = Table(
    "rooms",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column(
        "slug", String(64), unique=True, comment="null once the room is deleted, so that it can be used again"
    ),
    Column("name", String(200), nullable=False),
    Column("owner_id", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("settings", json_type(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime, comment="rooms stay for the recordings made in them"),
)

live_sessions = Table(
    "live_sessions",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index(None, "room_id", "started_at"),
)

session_participants = Table(
    "session_participants",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column(
        "live_session_id",
        id_type(),
        ForeignKey("live_sessions.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("full_name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("is_producer", Boolean, nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),
)
