"""What was watched: the log of it and its roll-ups."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    table = "analytics_batches"
    op.create_table(
        table,
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "session_id", "seq", name=f"pk_{table}"),
        _of(table, "user_id", "users"),
    )
    _index(table, "received_at")

    table = "analytics_events"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("recording_id", id_type()),
        sa.Column("course_id", id_type()),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("event_type", sa.String(24), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("data", json_type(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _of(table, "user_id", "users"),
        _of(table, "recording_id", "recordings"),
        _of(table, "course_id", "courses"),
    )
    _index(table, "recording_id", "user_id", "id")
    _index(table, "user_id", "id")
    _index(table, "course_id", "id")
    _rollups()


def _rollups() -> None:
    table = "playback_sessions"
    op.create_table(
        table,
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("watch_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("position_ms", sa.BigInteger(), nullable=False),
        sa.Column("run_end_ms", sa.BigInteger()),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("resumes", sa.Integer(), nullable=False),
        sa.Column("seeks", sa.Integer(), nullable=False),
        sa.Column("buffer_events", sa.Integer(), nullable=False),
        sa.Column("quality", sa.String(32), nullable=False),
        sa.Column("quality_ms", json_type(), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "recording_id", "session_id", name=f"pk_{table}"),
        _of(table, "user_id", "users"),
        _of(table, "recording_id", "recordings"),
    )
    _index(table, "recording_id")

    table = "recording_viewers"
    op.create_table(
        table,
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("passes", json_type(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "recording_id", name=f"pk_{table}"),
        _of(table, "user_id", "users"),
        _of(table, "recording_id", "recordings"),
    )
    _index(table, "recording_id")
