"""Materials whose class is told when they are released, as assignments have it since 0022.

What students see as this is run is not told any more, nor is a version that they were told of, nor what they
saw of a course that is in the archive now: else classes would be told of files that they have had for long.
Of files that are older than the oldest news nobody knows whether they were told: they are not, either.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("materials", sa.Column("to_tell", sa.Boolean(), nullable=False, server_default=sa.false()))
    of_item = ("published", sa.Boolean()), ("release_at", sa.DateTime(timezone=True))
    materials, lessons, sections = (
        sa.table(
            name, sa.column("id"), *(sa.column(*one) for one in of_item), *(sa.column(one) for one in more)
        )
        for name, more in (
            ("materials", ("course_id", "lesson_id", "to_tell")),
            ("lessons", ("section_id",)),
            ("course_sections", ()),
        )
    )
    courses = sa.table("courses", sa.column("id"), sa.column("status"))
    of_file = ("material_id", "state", "version", "created_at")
    files = sa.table("coursework_files", *(sa.column(one) for one in of_file))
    news = sa.table("news", sa.column("once"), sa.column("at"))

    def released(table: sa.TableClause) -> sa.ColumnElement[bool]:
        c = table.c
        return sa.and_(
            c.published.is_(True), sa.or_(c.release_at.is_(None), c.release_at <= sa.func.current_timestamp())
        )

    shown_sections = sa.select(sections.c.id).where(released(sections))
    in_section = sa.or_(lessons.c.section_id.is_(None), lessons.c.section_id.in_(shown_sections))
    shown_lessons = sa.select(lessons.c.id).where(released(lessons), in_section)
    opened = sa.select(courses.c.id).where(courses.c.status.in_(["active", "completed", "archived"]))
    c = materials.c
    released_now = sa.and_(released(materials), sa.or_(c.lesson_id.is_(None), c.lesson_id.in_(shown_lessons)))
    seen = sa.and_(released_now, c.course_id.in_(opened))
    held = files.c.material_id == c.id, files.c.state == "kept"
    newest = sa.select(sa.func.max(files.c.version)).where(*held).correlate(materials).scalar_subquery()
    uploaded = sa.select(sa.func.max(files.c.created_at)).where(*held).correlate(materials).scalar_subquery()
    oldest_news = sa.select(sa.func.min(news.c.at)).scalar_subquery()
    kind = sa.literal("material_added:", sa.String())
    of_version = kind + c.id + sa.literal(":", sa.String()) + sa.cast(newest, sa.String())
    of_course = sa.literal("material_added:of:", sa.String()) + c.course_id
    told = sa.or_(
        sa.exists().where(news.c.once == of_version),
        sa.and_(released_now, sa.exists().where(news.c.once == of_course)),
    )
    to_tell = uploaded >= oldest_news, sa.not_(seen), sa.not_(told)
    op.execute(sa.update(materials).where(*to_tell).values(to_tell=sa.true()))
    op.create_index("ix_materials_to_tell", "materials", ["to_tell"])
