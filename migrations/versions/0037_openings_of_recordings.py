"""How often recordings were opened, and when last, from an index: it was read row by row."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "recording_access_log"
    op.create_index(f"ix_{table}_recording_id_action_at", table, ["recording_id", "action", "at"])
