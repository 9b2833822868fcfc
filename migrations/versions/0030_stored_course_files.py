"""Where the bytes of files of courses lie, beside an object store."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "coursework_files"
    op.add_column(table, sa.Column("instance_id", id_type()))
    op.add_column(table, sa.Column("stored_url", sa.Text()))
    op.add_column(table, sa.Column("stored_at", UtcDateTime()))
    op.create_index(f"ix_{table}_instance_id_stored_at", table, ["instance_id", "stored_at"])
