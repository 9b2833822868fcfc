"""Where the bytes of people's pictures lie, beside an object store."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0036"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "picture_files"
    op.create_table(
        table,
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("user_id", id_type()),
        sa.Column("instance_id", id_type()),
        sa.Column("stored_url", sa.Text()),
        sa.Column("stored_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=f"fk_{table}_user_id_users", ondelete="SET NULL"
        ),
    )
    op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    op.create_index(f"ix_{table}_instance_id_stored_at", table, ["instance_id", "stored_at"])
    op.execute(
        "INSERT INTO picture_files (key, user_id, created_at) "
        "SELECT picture_key, id, updated_at FROM users WHERE picture_key IS NOT NULL"
    )
