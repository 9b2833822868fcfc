"""Live lessons own rooms for the members of their course, and are recorded if it says so."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _keep_rooms()
    _say_how_lessons_are_held()


def _keep_rooms() -> None:
    column = sa.Column("members_only", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("rooms", column)
    op.create_index("ix_rooms_members_only_id", "rooms", ["members_only", "id"])


def _say_how_lessons_are_held() -> None:
    for column in (
        sa.Column("lesson_opens_minutes", sa.Integer(), nullable=False, server_default="15"),
        sa.Column("lesson_grace_minutes", sa.Integer(), nullable=False, server_default="30"),
        sa.Column("record_lessons", sa.String(16), nullable=False, server_default="by_hand"),
        sa.Column("publish_rule", sa.String(16), nullable=False, server_default="after_review"),
    ):
        op.add_column("courses", column)
    op.add_column("lessons", sa.Column("cancelled_at", UtcDateTime()))
    waits = sa.Column("to_announce", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("course_recordings", waits)
    op.create_index("ix_course_recordings_to_announce", "course_recordings", ["to_announce"])
