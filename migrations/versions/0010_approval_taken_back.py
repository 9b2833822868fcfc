"""Approval that an administrator took back; whom the answers kept for repeated requests name."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("approval_withdrawn_at", UtcDateTime()))
    op.add_column("idempotency_keys", sa.Column("people", sa.Text()))
    op.create_index("ix_idempotency_keys_principal", "idempotency_keys", ["principal"])
