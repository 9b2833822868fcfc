"""How the connections of people in classes were."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import json_type

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("participant_activity", "lesson_attendance"):
        op.add_column(table, sa.Column("network", json_type()))
