"""Which process records what; an index wherever a row that is deleted is looked for by those that name it."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import id_type

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEXES = (
    ("users", "approved_by"),
    ("sessions", "expires_at"),
    ("invitations", "created_by"),
    ("invitations", "accepted_by"),
    ("oidc_flows", "user_id"),
    ("guest_links", "created_by"),
    ("polls", "created_by"),
    ("polls", "closed_at"),
    ("poll_votes", "user_id"),
    ("poll_votes", "voter_key"),
    ("account_tokens", "email"),
    ("room_bans", "user_id"),
    ("room_bans", "banned_by"),
    ("webhooks", "created_by"),
)


def upgrade() -> None:
    op.add_column("recordings", sa.Column("instance_id", id_type()))
    for table, column in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])
