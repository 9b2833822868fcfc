"""When the class of a lesson was ended for all."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lessons", sa.Column("over_at", UtcDateTime))
