"""Of which lessons their students' calendars know: they are told of what they see later, and of what they see
no more. What students see as this is run they were told of before."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lessons", sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
    lessons, sections = (
        sa.table(
            name,
            sa.column("id"),
            sa.column("published", sa.Boolean()),
            sa.column("release_at", sa.DateTime(timezone=True)),
            *(sa.column(one) for one in more),
        )
        for name, more in (
            ("lessons", ("course_id", "section_id", "kind", "starts_at", "cancelled_at", "told")),
            ("course_sections", ()),
        )
    )
    courses = sa.table("courses", sa.column("id"), sa.column("status"))

    def released(table: sa.TableClause) -> sa.ColumnElement[bool]:
        c = table.c
        return sa.and_(
            c.published.is_(True), sa.or_(c.release_at.is_(None), c.release_at <= sa.func.current_timestamp())
        )

    shown = sa.select(sections.c.id).where(released(sections))
    active = sa.select(courses.c.id).where(courses.c.status == "active")
    known = (
        lessons.c.kind == "live",
        lessons.c.starts_at.is_not(None),
        lessons.c.cancelled_at.is_(None),
        lessons.c.course_id.in_(active),
        released(lessons),
        sa.or_(lessons.c.section_id.is_(None), lessons.c.section_id.in_(shown)),
    )
    op.execute(sa.update(lessons).where(*known).values(told=sa.true()))
    op.create_index("ix_lessons_told_starts_at", "lessons", ["told", "starts_at"])
