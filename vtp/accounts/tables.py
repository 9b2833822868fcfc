"""What is stored of people: users, their sessions, the tokens that renew them, and the audit log."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type

_ROLES = "'admin', 'teacher', 'assistant', 'student', 'guest'"

users = Table(
    "users",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("email", String(254), nullable=False, unique=True, comment="as typed, in lower case"),
    Column("password_hash", Text, nullable=False),
    Column("full_name", String(200), nullable=False),
    Column("phone", String(32)),
    Column("role", String(16), nullable=False),
    Column(
        "requested_role", String(16), comment="the role asked for at registration, until an admin decides"
    ),
    Column("watch_only", Boolean, nullable=False, comment="may watch but not publish (viewers, observers)"),
    Column("email_verified_at", UtcDateTime),
    Column("approved_at", UtcDateTime),
    Column("approved_by", id_type(), ForeignKey("users.id", ondelete="SET NULL")),
    Column("disabled_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint(f"role IN ({_ROLES})", name="role"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("ip", String(64)),
    Column("user_agent", String(512)),
    Column("idle_expires_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, comment="never extended"),
    Column("revoked_at", UtcDateTime),
    Column("revoked_reason", String(32)),
    Index(None, "user_id"),
    Index(None, "revoked_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True, comment="SHA-256, hexadecimal"),
    Column(
        "session_id", id_type(), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("parent_hash", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("replaced_by", String(64)),
)

setup_tokens = Table(
    "setup_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

# No foreign keys: the log outlives the people and things it speaks of.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("event", String(64), nullable=False),
    Column("actor_id", id_type()),
    Column("subject", String(128), comment="what it was done to, such as user:<id> or room:<id>"),
    Column("ip", String(64)),
    Column("user_agent", String(512)),
    Column("request_id", String(128)),
    Column("details", json_type()),
    Index(None, "actor_id", "at"),
)
