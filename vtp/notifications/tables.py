"""What is stored of news: each once, and to whom it is told."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type

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
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("news_id", id_type(), ForeignKey("news.id", ondelete="CASCADE"), primary_key=True),
    Column("read_at", UtcDateTime),
    Index(None, "news_id", "user_id"),
    Index(None, "user_id", "read_at", "news_id"),
)
