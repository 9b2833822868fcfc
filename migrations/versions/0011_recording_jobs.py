"""Jobs on recordings that have ended, and where recordings lie."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recordings", sa.Column("storage", sa.String(16), nullable=False, server_default="local"))
    op.add_column("recordings", sa.Column("stored_url", sa.Text()))
    op.add_column("recordings", sa.Column("stored_at", UtcDateTime()))
    op.create_table(
        "recording_jobs",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("eta_at", UtcDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("owner", id_type()),
        sa.Column("heartbeat_at", UtcDateTime()),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recording_jobs"),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recordings.id"],
            name="fk_recording_jobs_recording_id_recordings",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("recording_id", "kind", name="uq_recording_jobs_recording_id_kind"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_recording_jobs_state"),
        ),
    )
    op.create_index("ix_recording_jobs_updated_at", "recording_jobs", ["updated_at"])
    op.create_index("ix_recording_jobs_state", "recording_jobs", ["state", "next_try_at"])
