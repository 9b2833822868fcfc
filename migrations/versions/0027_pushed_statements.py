"""How far statements were pushed to learning record stores, and how much a server is used."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
_FIGURES = (
    "people",
    "classes",
    "participant_ms",
    "most_at_once",
    "recordings",
    "recording_ms",
    "recording_bytes",
)


def upgrade() -> None:
    table = "analytics_pushes"
    op.create_table(
        table,
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("position", id_type(), nullable=False),
        sa.Column("claimed_until", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", id_type(), nullable=False),
        sa.Column("pushed_at", UtcDateTime()),
        sa.Column("statements", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target", name=f"pk_{table}"),
    )
    _usage()
    op.create_index("ix_recordings_started_at", "recordings", ["started_at"])


def _usage() -> None:
    table = "usage_days"
    op.create_table(
        table,
        sa.Column("day", sa.String(10), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _FIGURES),
        sa.PrimaryKeyConstraint("day", name=f"pk_{table}"),
    )
    table = "server_load"
    op.create_table(
        table,
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("process_id", id_type(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("cpu_sum", sa.Float(), nullable=False),
        sa.Column("cpu_most", sa.Float(), nullable=False),
        sa.Column("load_most", sa.Float(), nullable=False),
        sa.Column("memory_most_bytes", sa.BigInteger(), nullable=False),
        sa.Column("participants_most", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "process_id", name=f"pk_{table}"),
    )
