"""What the recordings of a course may take, where an administrator has said so."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "course_recording_quotas"
    op.create_table(
        table,
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=f"fk_{table}_course_id_courses", ondelete="CASCADE"
        ),
    )
