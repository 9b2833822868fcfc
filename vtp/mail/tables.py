"""What is stored of mails: to be sent, or to be handed over by an administrator where no SMTP is set."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type

mails = Table(
    "mails",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("to_address", String(254), nullable=False, index=True),
    Column("subject", String(255), nullable=False),
    Column("body", Text, comment="encrypted with the server's key, for it may hold a link; null once sent"),
    Column("calendars", Text, comment="what it carries for calendars, sealed likewise"),
    Column("unsubscribe", Text, comment="where its reader says that they want no more, sealed likewise"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, comment="when the body is of no use any more"),
    Column("sent_at", UtcDateTime),
    Column("failed_at", UtcDateTime, comment="when sending was given up"),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", UtcDateTime),
    Column("last_error", String(255)),
    Index(None, "next_try_at"),
    Index(None, "expires_at"),
)
