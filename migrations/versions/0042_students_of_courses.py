"""How many students a course has: each page of courses counted those of fifty."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("courses", sa.Column("students", sa.Integer(), nullable=False, server_default="0"))
    courses = sa.table("courses", sa.column("id"), sa.column("students"))
    enrolled = sa.table("course_enrollments", sa.column("course_id"), sa.column("role"), sa.column("status"))
    counted = (
        sa.select(sa.func.count())
        .select_from(enrolled)
        .where(
            enrolled.c.course_id == courses.c.id,
            enrolled.c.status == "active",
            enrolled.c.role == "student",
        )
        .scalar_subquery()
    )
    op.execute(sa.update(courses).values(students=counted))
