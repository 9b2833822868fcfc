"""Bans from rooms."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "room_bans",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("room_id", id_type(), nullable=False),
        sa.Column("user_id", id_type()),
        sa.Column("link_id", id_type()),
        sa.Column("network", sa.String(64)),
        sa.Column("full_name", sa.String(200), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("banned_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_room_bans"),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name="fk_room_bans_room_id_rooms", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_room_bans_user_id_users", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["banned_by"], ["users.id"], name="fk_room_bans_banned_by_users", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("room_id", "user_id", name="uq_room_bans_room_id_user_id"),
        sa.UniqueConstraint("room_id", "link_id", "network", name="uq_room_bans_room_id_link_id_network"),
    )
    op.create_index("ix_room_bans_room_id_id", "room_bans", ["room_id", "id"])
