"""What a recording in the trash was before, which are to be deleted for good, and when time does that."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recordings", sa.Column("status_before", sa.String(16)))
    op.add_column("recordings", sa.Column("purging_at", UtcDateTime()))
    op.add_column("recordings", sa.Column("restored_at", UtcDateTime()))
    op.add_column("recordings", sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("recordings", sa.Column("expires_at", UtcDateTime()))
    op.add_column("recordings", sa.Column("warned_at", UtcDateTime()))
    op.create_index("ix_recordings_purging_at", "recordings", ["purging_at"])
    op.create_index("ix_recordings_status_before", "recordings", ["status_before"])
    # What they were was not kept: by what is: nothing to play, cut short, whole.
    op.execute(
        "UPDATE recordings SET status_before = CASE WHEN duration_ms = 0 THEN 'failed' "
        "WHEN error_message <> '' THEN 'interrupted' ELSE 'ready' END WHERE status = 'deleted'"
    )
    # What lies there already has a week before it is deleted for good.
    in_trash = sa.table("recordings", sa.column("status"), sa.column("warned_at", UtcDateTime()))
    told = sa.update(in_trash).where(in_trash.c.status == "deleted")
    op.execute(told.values(warned_at=datetime.now(UTC)))
