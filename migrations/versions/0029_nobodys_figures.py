"""Sums over people, for when it is not to be known any more who they were."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lesson_classes", sa.Column("totals", json_type()))
    for name in ("course", "recording"):
        table = f"{name}_totals"
        op.create_table(
            table,
            sa.Column(f"{name}_id", id_type(), nullable=False),
            sa.Column("anonymized_at", UtcDateTime(), nullable=False),
            sa.Column("totals", json_type(), nullable=False),
            sa.PrimaryKeyConstraint(f"{name}_id", name=f"pk_{table}"),
            sa.ForeignKeyConstraint(
                [f"{name}_id"], [f"{name}s.id"], name=f"fk_{table}_{name}_id_{name}s", ondelete="CASCADE"
            ),
        )
    table = "analytics_anonymizing"
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("claimed_until", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", id_type(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("courses", sa.BigInteger(), nullable=False),
        sa.Column("viewers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
