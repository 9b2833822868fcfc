"""What is known after its source is gone: who completed recordings that are deleted, and since when a course
has its status, which was in the audit log alone. The index on addresses of links in mails served nothing."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

AT_ONCE = 1000


def upgrade() -> None:
    op.create_table(
        "lesson_credits",
        sa.Column("lesson_id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("reached", json_type(), nullable=False),
        sa.PrimaryKeyConstraint("lesson_id", "recording_id", "user_id", name="pk_lesson_credits"),
        *(
            sa.ForeignKeyConstraint(
                [f"{owner}_id"],
                [f"{owner}s.id"],
                name=f"fk_lesson_credits_{owner}_id_{owner}s",
                ondelete="CASCADE",
            )
            for owner in ("lesson", "user")
        ),
    )
    op.create_index("ix_lesson_credits_user_id", "lesson_credits", ["user_id"])
    op.add_column("courses", sa.Column("status_at", UtcDateTime()))
    _fill_status_at()
    op.drop_index("ix_account_tokens_email", "account_tokens")


def _fill_status_at() -> None:
    """As the newest entry says that names the status among what was changed."""
    courses = sa.table("courses", sa.column("id"), sa.column("status_at", UtcDateTime()))
    given: dict[str, object] = {}
    for subject, at, details in _changes():
        if isinstance(details, dict) and "status" in details.get("fields", ()):
            given[subject.removeprefix("course:")] = at
    for course_id, at in given.items():
        op.execute(sa.update(courses).where(courses.c.id == course_id).values(status_at=at))


def _changes() -> Iterator[sa.Row[tuple[str, object, object]]]:
    """Changes of courses in their order, a page at a time: a log may have millions of entries."""
    log = sa.table(
        "audit_log",
        sa.column("id"),
        sa.column("at", UtcDateTime()),
        sa.column("event"),
        sa.column("subject"),
        sa.column("details", json_type()),
    )
    c, after = log.c, ""
    while True:
        wanted = c.event == "course_changed", c.subject.like("course:%"), c.id > after
        page = sa.select(c.id, c.subject, c.at, c.details).where(*wanted).order_by(c.id).limit(AT_ONCE)
        rows = op.get_bind().execute(page).all()
        for row in rows:
            yield row[1:]
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].id
