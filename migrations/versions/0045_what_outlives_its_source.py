"""What is known of a class after its source is gone: who completed recordings that are deleted."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import id_type, json_type

revision = "0045"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lesson_credits",
        sa.Column("lesson_id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("reached", json_type(), nullable=False),
        sa.PrimaryKeyConstraint("lesson_id", "recording_id", "user_id", name="pk_lesson_credits"),
        *(
            sa.ForeignKeyConstraint(
                [f"{owner}_id"],
                [f"{owner}s.id"],
                name=f"fk_lesson_credits_{owner}_id_{owner}s",
                ondelete="CASCADE",
            )
            for owner in ("lesson", "user")
        ),
    )
    op.create_index("ix_lesson_credits_user_id", "lesson_credits", ["user_id"])
