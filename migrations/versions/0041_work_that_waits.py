"""Whether what was handed in has its grade already: what waits for one was found by looking at all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "submissions", sa.Column("settled", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    submissions = sa.table(
        "submissions", sa.column("id"), sa.column("group_id"), sa.column("settled", sa.Boolean())
    )
    grades = sa.table(
        "grades", sa.column("submission_id"), sa.column("released_at"), sa.column("centipoints")
    )
    given = sa.select(grades.c.submission_id).where(
        grades.c.submission_id.is_not(None),
        grades.c.released_at.is_not(None),
        grades.c.centipoints.is_not(None),
    )
    own = submissions.c.group_id.is_(None), submissions.c.id.in_(given)
    op.execute(sa.update(submissions).where(*own).values(settled=True))
    op.create_index("ix_submissions_assignment_id_settled", "submissions", ["assignment_id", "settled"])
