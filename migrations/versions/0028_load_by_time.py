"""When in an hour each process was read how busy it is."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("first_at", "last_at"):
        op.add_column("server_load", sa.Column(name, UtcDateTime()))
