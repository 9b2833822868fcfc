"""Chat."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_messages",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("room_id", id_type(), nullable=False),
        sa.Column("group_id", sa.String(64), nullable=False),
        sa.Column("from_person", sa.String(80), nullable=False),
        sa.Column("from_participant_id", sa.String(64), nullable=False),
        sa.Column("from_name", sa.String(200), nullable=False),
        sa.Column("from_role", sa.String(16), nullable=False),
        sa.Column("to_person", sa.String(80)),
        sa.Column("to_participant_id", sa.String(64)),
        sa.Column("to_name", sa.String(200)),
        sa.Column("to_role", sa.String(16)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("reply_to", id_type()),
        sa.Column("client_key", sa.String(160)),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("edited_at", UtcDateTime()),
        sa.Column("deleted_at", UtcDateTime()),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chat_messages"),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name="fk_chat_messages_room_id_rooms", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("room_id", "client_key", name="uq_chat_messages_room_id_client_key"),
    )
    op.create_index("ix_chat_messages_room_id_id", "chat_messages", ["room_id", "id"])
