"""What a recording in the trash was before, and which are to be deleted for good."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime

revision = "0032"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recordings", sa.Column("status_before", sa.String(16)))
    op.add_column("recordings", sa.Column("purging_at", UtcDateTime()))
    op.create_index("ix_recordings_purging_at", "recordings", ["purging_at"])
    # What they were was not kept: by what is: nothing to play, cut short, whole.
    op.execute(
        "UPDATE recordings SET status_before = CASE WHEN duration_ms = 0 THEN 'failed' "
        "WHEN error_message <> '' THEN 'interrupted' ELSE 'ready' END WHERE status = 'deleted'"
    )
