"""Alerts of who may need help."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "analytics_alerts"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recommendation", sa.Text(), nullable=False),
        sa.Column("evidence", json_type(), nullable=False),
        sa.Column("status", sa.String(9), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("closed_by", id_type()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.CheckConstraint("status IN ('open', 'resolved', 'dismissed', 'over')", name=f"ck_{table}_status"),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=f"fk_{table}_course_id_courses", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=f"fk_{table}_user_id_users", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["users.id"], name=f"fk_{table}_closed_by_users", ondelete="SET NULL"
        ),
    )
    op.create_index(f"ix_{table}_course_id_id", table, ["course_id", "id"])
    op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    op.create_index(f"ix_{table}_closed_by", table, ["closed_by"])
