"""What is stored of people: users, their sessions, the tokens that renew them, and the audit log."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type

_ROLES = "'admin', 'teacher', 'assistant', 'student', 'guest'"

users = Table(
    "users",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("email", String(254), nullable=False, unique=True, comment="in its one spelling, see `known_as`"),
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
    Column("approved_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column(
        "approval_withdrawn_at",
        UtcDateTime,
        comment="until it is given again, a confirmed address does not let in either",
    ),
    Column("disabled_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("rights_changed_at", UtcDateTime, comment="when tokens made before stopped telling the truth"),
    Column("password_changed_at", UtcDateTime),
    Column("totp_secret", Text, comment="encrypted with the server's key; set up but not on before enabled"),
    Column("totp_enabled_at", UtcDateTime),
    Column("totp_last_step", BigInteger, comment="of the last code accepted: none is good twice (RFC 6238)"),
    Column("picture_key", String(128), comment="of the picture in the storage"),
    Column(
        "erased_at",
        UtcDateTime,
        comment="nobody's any more: the row stays until no token can name it, emptied",
    ),
    CheckConstraint(f"role IN ({_ROLES})", name="role"),
    Index(None, "role"),
    Index(None, "rights_changed_at"),
    Index(None, "erased_at"),
)

# Tokens sent by mail. Only hashes are stored; one use, and for the address that it was sent to.
account_tokens = Table(
    "account_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True, comment="SHA-256, hexadecimal"),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("purpose", String(16), nullable=False, comment="verify_email, change_email or reset_password"),
    Column("email", String(254), nullable=False, comment="where it was sent, or the new address"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index(None, "user_id", "purpose"),
    Index(None, "expires_at"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("email", String(254), nullable=False),
    Column("full_name", String(200), nullable=False, comment="empty: the person writes it"),
    Column("role", String(16), nullable=False),
    Column("watch_only", Boolean, nullable=False),
    Column("created_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("accepted_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("revoked_at", UtcDateTime),
    CheckConstraint(f"role IN ({_ROLES})", name="role"),
    Index(None, "email"),
)

backup_codes = Table(
    "backup_codes",
    metadata,
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", String(64), primary_key=True, comment="HMAC-SHA-256 with the server's key"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

# Who somebody is at an OpenID provider: issuer and subject together never change and never name another.
external_identities = Table(
    "external_identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("email", String(254)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
)

# Sign-ins that are at their OpenID provider just now.
oidc_flows = Table(
    "oidc_flows",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("provider", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("code_verifier", String(128), nullable=False),
    Column("browser_hash", String(64), nullable=False, comment="of the cookie that binds it to one browser"),
    Column("return_to", String(512), nullable=False),
    Column(
        "user_id",
        id_type(),
        ForeignKey("users.id", ondelete="CASCADE"),
        index=True,
        comment="who links an account",
    ),
    Column("created_at", UtcDateTime, nullable=False, index=True),
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
    Column("expires_at", UtcDateTime, nullable=False, index=True, comment="never extended"),
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

picture_files = Table(
    "picture_files",
    metadata,
    Column("key", String(128), primary_key=True, comment="where it lies, here and in an object store"),
    Column(
        "user_id",
        id_type(),
        ForeignKey("users.id", ondelete="SET NULL"),
        index=True,
        comment="whose it is; what their row does not name is to be deleted, and then this row",
    ),
    Column("instance_id", id_type(), comment="the data folder that has its bytes beside an object store"),
    Column("stored_url", Text, comment="the object store that it was, or is being, sent to"),
    Column("stored_at", UtcDateTime, comment="when that had all of it; null: it does not yet"),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "instance_id", "stored_at"),
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
    Index(None, "actor_id", "id"),
    Index(None, "event", "id"),
    Index(None, "subject", "id"),
)
