"""Polls of rooms, and who voted in them."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "polls",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("room_id", id_type(), nullable=False),
        sa.Column("question", sa.String(500), nullable=False),
        sa.Column("options", json_type(), nullable=False),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("results", sa.String(8), nullable=False),
        sa.Column("counts", json_type(), nullable=False, comment="by option"),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("created_by", id_type()),
        sa.Column("created_by_name", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("shared_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_polls"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_polls_room_id_rooms", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_polls_created_by_users", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_polls_room_id_id", "polls", ["room_id", "id"])
    op.create_table(
        "poll_votes",
        sa.Column("poll_id", id_type(), nullable=False),
        sa.Column(
            "voter_key", sa.String(80), nullable=False, comment="the account's, else the participant's"
        ),
        sa.Column("user_id", id_type()),
        sa.Column("full_name", sa.String(200), nullable=False),
        sa.Column(
            "choices", json_type(), comment="null in anonymous polls; nor is it stored when somebody voted"
        ),
        sa.PrimaryKeyConstraint("poll_id", "voter_key", name="pk_poll_votes"),
        sa.ForeignKeyConstraint(
            ["poll_id"], ["polls.id"], name="fk_poll_votes_poll_id_polls", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_poll_votes_user_id_users", ondelete="SET NULL"
        ),
    )
