"""How far statements were pushed to learning record stores."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "analytics_pushes"
    op.create_table(
        table,
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("position", id_type(), nullable=False),
        sa.Column("claimed_until", UtcDateTime(), nullable=False),
        sa.Column("pushed_at", UtcDateTime()),
        sa.Column("statements", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target", name=f"pk_{table}"),
    )
