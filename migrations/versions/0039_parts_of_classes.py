"""In which parts a class was held; which were counted before are counted anew when they are looked at."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import json_type

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lesson_classes", sa.Column("parts", json_type()))
