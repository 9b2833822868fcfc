"""From how much on a recording is complete, by course; when how much of one was watched."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

COMPLETE_PER_MILLE = 900
"""The one threshold that there was."""
AT_ONCE = 1000


def upgrade() -> None:
    whole = sa.Column(
        "complete_per_mille", sa.Integer(), nullable=False, server_default=str(COMPLETE_PER_MILLE)
    )
    op.add_column("attendance_rules", whole)
    op.add_column(
        "recording_progress", sa.Column("reached", json_type(), nullable=False, server_default="[]")
    )
    _keep_when()
    op.drop_column("recording_progress", "completed_at")


def _keep_when() -> None:
    """Who had completed a recording had watched nine tenths of it then."""
    table = sa.table(
        "recording_progress",
        sa.column("user_id", id_type()),
        sa.column("recording_id", id_type()),
        sa.column("completed_at", UtcDateTime()),
        sa.column("reached", json_type()),
    )
    c, connection = table.c, op.get_bind()
    key = sa.tuple_(c.user_id, c.recording_id)
    after = ("", "")
    while True:
        statement = sa.select(c.user_id, c.recording_id, c.completed_at).where(c.completed_at.is_not(None))
        statement = statement.where(key > sa.tuple_(*after)).order_by(c.user_id, c.recording_id)
        rows = connection.execute(statement.limit(AT_ONCE)).all()
        if not rows:
            return
        theirs = c.user_id == sa.bindparam("whose"), c.recording_id == sa.bindparam("which")
        change = sa.update(table).where(*theirs).values(reached=sa.bindparam("steps", type_=json_type()))
        connection.execute(
            change,
            [
                {"whose": one[0], "which": one[1], "steps": [[COMPLETE_PER_MILLE, _unix_ms(one[2])]]}
                for one in rows
            ],
        )
        after = rows[-1][0], rows[-1][1]


def _unix_ms(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
