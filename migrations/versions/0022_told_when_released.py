"""Assignments whose class is told when they are released."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told_already = sa.Column("to_tell", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("assignments", told_already)
    op.create_index("ix_assignments_to_tell", "assignments", ["to_tell"])
