"""Links for guests."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guest_links",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("room_id", id_type(), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("full_name", sa.String(200), nullable=False),
        sa.Column("publish", sa.Boolean(), nullable=False),
        sa.Column("watch", sa.Boolean(), nullable=False),
        sa.Column("created_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_guest_links"),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name="fk_guest_links_room_id_rooms", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_guest_links_created_by_users", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_guest_links_room_id_id", "guest_links", ["room_id", "id"])
    op.create_index("ix_guest_links_revoked_at", "guest_links", ["revoked_at"])
