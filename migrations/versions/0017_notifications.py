"""News, each stored once, and to whom it is told."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "news",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.String(255), nullable=False),
        sa.Column("context", sa.String(320), nullable=False),
        sa.Column("course_id", id_type()),
        sa.Column("lesson_id", id_type()),
        sa.Column("recording_id", id_type()),
        sa.Column("subject_id", id_type()),
        sa.Column("once", sa.String(120)),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_news"),
        sa.UniqueConstraint("once", name="uq_news_once"),
        _refers("news", "course_id", "courses", "SET NULL"),
    )
    op.create_index("ix_news_course_id", "news", ["course_id"])
    op.create_index("ix_news_subject_id", "news", ["subject_id"])
    table = "notifications"
    op.create_table(
        table,
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("news_id", id_type(), nullable=False),
        sa.Column("read_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("user_id", "news_id", name=f"pk_{table}"),
        _refers(table, "user_id", "users", "CASCADE"),
        _refers(table, "news_id", "news", "CASCADE"),
    )
    op.create_index(f"ix_{table}_news_id_user_id", table, ["news_id", "user_id"])
    op.create_index(f"ix_{table}_user_id_read_at_news_id", table, ["user_id", "read_at", "news_id"])


def _refers(table: str, column: str, to: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)
