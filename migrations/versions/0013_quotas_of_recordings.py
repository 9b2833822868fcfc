"""What the recordings of a room may take, where an administrator has said so."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "recording_quotas"
    op.create_table(
        table,
        sa.Column("room_id", id_type(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=f"fk_{table}_room_id_rooms", ondelete="CASCADE"
        ),
    )
