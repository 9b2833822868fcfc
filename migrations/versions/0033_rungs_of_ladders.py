"""Which rungs a ladder's job is of, where somebody has picked some; how much downloads have sent."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recording_jobs", sa.Column("rungs", sa.String(100), nullable=False, server_default=""))
    op.add_column("recording_access_log", sa.Column("bytes_transferred", sa.BigInteger()))
    op.add_column("recording_access_log", sa.Column("duration_ms", sa.BigInteger()))
