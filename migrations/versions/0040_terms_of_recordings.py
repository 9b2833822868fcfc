"""How long the recordings of a room or a course are kept, where an administrator has said so."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, key, owner in (
        ("recording_terms", "room_id", "rooms"),
        ("course_recording_terms", "course_id", "courses"),
    ):
        op.create_table(
            table,
            sa.Column(key, id_type(), nullable=False),
            sa.Column("days", sa.Integer(), nullable=False),
            sa.Column("updated_at", UtcDateTime(), nullable=False),
            sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
            sa.ForeignKeyConstraint(
                [key], [f"{owner}.id"], name=f"fk_{table}_{key}_{owner}", ondelete="CASCADE"
            ),
        )
