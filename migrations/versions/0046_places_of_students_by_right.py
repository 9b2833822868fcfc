"""Who was given the role of a student in a course has a place in it for as long, and students are counted by
the role that holds. Of a class is kept until when its staff were there at last."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type
from vtp.ids import new_id

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

AT_ONCE = 1000

courses = sa.table("courses", sa.column("id"), sa.column("instructor_id"), sa.column("students"))
given = sa.table(
    "course_permissions",
    sa.column("course_id"),
    sa.column("user_id"),
    sa.column("role"),
    sa.column("watch_only", sa.Boolean()),
    sa.column("granted_by"),
    sa.column("granted_at", UtcDateTime()),
)
placed = sa.table(
    "course_enrollments",
    sa.column("id", id_type()),
    sa.column("course_id"),
    sa.column("user_id"),
    sa.column("role"),
    sa.column("status"),
    sa.column("source"),
    sa.column("added_by"),
    sa.column("created_at", UtcDateTime()),
    sa.column("enrolled_at", UtcDateTime()),
)


def upgrade() -> None:
    op.add_column("lesson_classes", sa.Column("led_until", UtcDateTime()))
    connection = op.get_bind()
    for row in _without_place():
        theirs = placed.c.course_id == row.course_id, placed.c.user_id == row.user_id
        placed_now = {"status": "active", "enrolled_at": row.granted_at}
        if connection.execute(sa.update(placed).where(*theirs).values(placed_now)).rowcount:
            continue  # they waited, and are enrolled besides what they were given
        connection.execute(
            sa.insert(placed).values(
                id=new_id(),
                course_id=row.course_id,
                user_id=row.user_id,
                role="student",
                status="active",
                source="staff",
                added_by=row.granted_by,
                created_at=row.granted_at,
            )
        )
    op.execute(sa.update(courses).values(students=_students()))


def _without_place() -> Iterator[sa.Row[tuple[str, str, str, object]]]:
    """Students by right who have no place in the course. Also whose it is, and administrators: they may be
    so no more one day, and count then."""
    there = sa.exists().where(
        placed.c.course_id == given.c.course_id,
        placed.c.user_id == given.c.user_id,
        placed.c.status == "active",
    )
    c, after = given.c, ("", "")
    while True:
        page = (
            sa.select(c.course_id, c.user_id, c.granted_by, c.granted_at)
            .where(
                c.role == "student",
                c.watch_only.is_(False),
                ~there,
                sa.tuple_(c.course_id, c.user_id) > after,
            )
            .order_by(c.course_id, c.user_id)
            .limit(AT_ONCE)
        )
        rows = op.get_bind().execute(page).all()
        yield from rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].course_id, rows[-1].user_id


def _students() -> sa.ScalarSelect[int]:
    """Of a course: how many have a place and are students by the role that holds."""
    by_right = (
        sa.select(given.c.role)
        .where(given.c.course_id == placed.c.course_id, given.c.user_id == placed.c.user_id)
        .correlate(placed)
        .scalar_subquery()
    )
    return (
        sa.select(sa.func.count())
        .select_from(placed)
        .where(
            placed.c.course_id == courses.c.id,
            placed.c.status == "active",
            sa.func.coalesce(by_right, placed.c.role) == "student",
            courses.c.instructor_id.is_distinct_from(placed.c.user_id),
        )
        .correlate(courses)
        .scalar_subquery()
    )
