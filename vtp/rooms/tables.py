"""What is stored of rooms: the rooms, the classes held in them, who was there, and what they were asked."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

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
    Column("members_only", Boolean, nullable=False, comment="kept by a lesson, which says who comes in"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime, comment="rooms stay for the recordings made in them"),
    Index(None, "members_only", "id"),
)

guest_links = Table(
    "guest_links",
    metadata,
    Column("id", id_type(), primary_key=True, comment="also the token's id; the token itself is not kept"),
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("label", String(200), nullable=False),
    Column("full_name", String(200), nullable=False, comment="empty: guests say their own"),
    Column("publish", Boolean, nullable=False),
    Column("watch", Boolean, nullable=False),
    Column("created_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime, index=True),
    Index(None, "room_id", "id"),
)

chat_messages = Table(
    "chat_messages",
    metadata,
    Column("id", id_type(), primary_key=True, comment="within a room, in the order of the chat"),
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("group_id", String(64), nullable=False, comment="empty: the main room, or private"),
    Column("from_person", String(80), nullable=False, comment="an account, a link or one participant"),
    Column("from_participant_id", String(64), nullable=False),
    Column("from_name", String(200), nullable=False),
    Column("from_role", String(16), nullable=False),
    Column("to_person", String(80), comment="null: to all"),
    Column("to_participant_id", String(64)),
    Column("to_name", String(200)),
    Column("to_role", String(16)),
    Column("text", Text, nullable=False, comment="empty once it is deleted"),
    Column("folded", Text, nullable=False, comment="the text as it is searched"),
    Column("reply_to", id_type()),
    Column("client_key", String(160), comment="who sent it, and what their client called it"),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("edited_at", UtcDateTime),
    Column("deleted_at", UtcDateTime),
    Column("cleared", Boolean, nullable=False, comment="hidden; kept so that it is not sent again"),
    UniqueConstraint("room_id", "client_key"),
    Index(None, "room_id", "id"),
    Index(None, "from_person"),
    Index(None, "to_person"),
)

room_bans = Table(
    "room_bans",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column(
        "user_id",
        id_type(),
        ForeignKey("users.id", ondelete="CASCADE"),
        index=True,
        comment="null: by the link",
    ),
    Column("link_id", id_type(), comment="with the network; tokens of the command line have no other row"),
    Column("network", String(64)),
    Column("full_name", String(200), nullable=False, comment="what they were called"),
    Column("reason", String(200), nullable=False),
    Column("banned_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "room_id", "id"),
    UniqueConstraint("room_id", "user_id"),
    UniqueConstraint("room_id", "link_id", "network"),
)

live_sessions = Table(
    "live_sessions",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("seen_at", UtcDateTime, comment="by the process that held it"),
    Index(None, "room_id", "started_at"),
)
_is_open = live_sessions.c.ended_at.is_(None)
Index(None, live_sessions.c.seen_at, sqlite_where=_is_open, postgresql_where=_is_open)

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

polls = Table(
    "polls",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("question", String(500), nullable=False),
    Column("options", json_type(), nullable=False),
    Column("multiple", Boolean, nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("results", String(8), nullable=False),
    Column("counts", json_type(), nullable=False, comment="by option"),
    Column("votes", Integer, nullable=False),
    Column("created_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("created_by_name", String(200), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime, index=True),
    Column("shared_at", UtcDateTime),
    Index(None, "room_id", "id"),
)

poll_votes = Table(
    "poll_votes",
    metadata,
    Column("poll_id", id_type(), ForeignKey("polls.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "voter_key",
        String(80),
        primary_key=True,
        index=True,
        comment="the account's, else the participant's",
    ),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("full_name", String(200), nullable=False),
    Column("choices", json_type(), comment="null in anonymous polls; nor is it stored when somebody voted"),
)
