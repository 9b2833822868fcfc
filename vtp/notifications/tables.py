"""What is stored of news: each once, and to whom it is told."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type


def _account_key() -> Column[str]:
    return Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


news = Table(
    "news",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("kind", String(32), nullable=False, comment="a word that a feature has registered"),
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("link", String(255), nullable=False, comment="the page that it is about, within this server"),
    Column("context", String(320), nullable=False, comment="where it happened, in words: the course"),
    Column("course_id", id_type(), ForeignKey("courses.id", ondelete="SET NULL"), index=True),
    Column("lesson_id", id_type()),
    Column("recording_id", id_type()),
    Column("subject_id", id_type(), index=True, comment="what it is about, and is changed with"),
    Column("once", String(120), unique=True, comment="of what is told once: two may wish to"),
    Column("at", UtcDateTime, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    _account_key(),
    Column("news_id", id_type(), ForeignKey("news.id", ondelete="CASCADE"), primary_key=True),
    Column("read_at", UtcDateTime),
    Column("mail", String(8), comment="as it is to go: at_once, daily; null once it is in the outbox"),
    Index(None, "news_id", "user_id"),
    Index(None, "user_id", "read_at", "news_id"),
)
_waits = notifications.c.mail.is_not(None)
Index(None, notifications.c.mail, notifications.c.news_id, sqlite_where=_waits, postgresql_where=_waits)

notification_choices = Table(
    "notification_choices",
    metadata,
    _account_key(),
    Column("kind", String(32), primary_key=True),
    Column("mail", String(8), nullable=False, comment="at_once, daily, none; no row: as the kind has it"),
)

notification_people = Table(
    "notification_people",
    metadata,
    _account_key(),
    Column("time_zone", String(64), nullable=False),
    Column("digest_hour", Integer, nullable=False, comment="by the clocks there"),
)
