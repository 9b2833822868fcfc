"""What is stored of webhooks: who is told of what, and each message that is or was on its way."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("url", String(2000), nullable=False),
    Column("description", String(200), nullable=False),
    Column("events", json_type(), nullable=False, comment="a list of event names, or of * alone"),
    Column(
        "room_id",
        id_type(),
        ForeignKey("rooms.id", ondelete="CASCADE"),
        index=True,
        comment="null: every room",
    ),
    Column("active", Boolean, nullable=False),
    Column("secret", String(128), nullable=False),
    Column("old_secret", String(128), comment="signs too until old_secret_until"),
    Column("old_secret_until", UtcDateTime),
    Column("created_by", id_type(), ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("disabled_reason", String(200), nullable=False, comment="why the server stopped it, if it did"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("webhook_id", id_type(), ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", id_type(), nullable=False, comment="the webhook-id header, the same at each try"),
    Column("type", String(64), nullable=False),
    Column("body", Text, nullable=False, comment="the very bytes that are signed and sent"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_try_at", UtcDateTime, comment="null when there will be none"),
    Column("tries", Integer, nullable=False),
    Column("status", String(16), nullable=False, comment="pending, delivered or failed"),
    Column("tried_at", UtcDateTime),
    Column("answer_status", Integer, comment="the HTTP status of the last answer; null without one"),
    Column("answer", Text, nullable=False, comment="the last answer's beginning, or why there was none"),
    Index(None, "webhook_id", "id"),
    Index(None, "webhook_id", "next_try_at"),
    Index(None, "created_at"),
)
