"""Links to recordings, how far each has watched, who opened them; captions and chapters."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "recordings", sa.Column("visibility", sa.String(8), nullable=False, server_default="members")
    )
    op.add_column("recordings", sa.Column("access_changed_at", UtcDateTime()))
    op.add_column("recordings", sa.Column("chapters_set_at", UtcDateTime()))
    op.create_index("ix_recordings_access_changed_at", "recordings", ["access_changed_at"])
    _make_shares()
    _make_progress()
    _make_access_log()
    _make_captions()
    _make_chapters()


def _recording(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_recording_id_recordings"
    return sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=name, ondelete="CASCADE")


def _account(table: str, column: str, ondelete: str = "SET NULL") -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_users"
    return sa.ForeignKeyConstraint([column], ["users.id"], name=name, ondelete=ondelete)


def _make_shares() -> None:
    table = "recording_shares"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("download", sa.Boolean(), nullable=False),
        sa.Column("created_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _recording(table),
        _account(table, "created_by"),
    )
    op.create_index(f"ix_{table}_recording_id_id", table, ["recording_id", "id"])
    op.create_index(f"ix_{table}_revoked_at", table, ["revoked_at"])
    op.create_index(f"ix_{table}_created_by", table, ["created_by"])


def _make_progress() -> None:
    table = "recording_progress"
    op.create_table(
        table,
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("pieces", json_type(), nullable=False),
        sa.Column("watched_ms", sa.BigInteger(), nullable=False),
        sa.Column("watch_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("position_ms", sa.BigInteger(), nullable=False),
        sa.Column("sittings", json_type(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("completed_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("user_id", "recording_id", name=f"pk_{table}"),
        _recording(table),
        _account(table, "user_id", "CASCADE"),
    )
    op.create_index(f"ix_{table}_recording_id", table, ["recording_id"])


def _make_access_log() -> None:
    table = "recording_access_log"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("user_id", id_type()),
        sa.Column("link_id", id_type()),
        sa.Column("ip_address", sa.String(64)),
        sa.Column("user_agent", sa.String(512)),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _recording(table),
        _account(table, "user_id"),
    )
    op.create_index(f"ix_{table}_recording_id_id", table, ["recording_id", "id"])
    op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    op.create_index(f"ix_{table}_at", table, ["at"])


def _make_captions() -> None:
    table = "recording_captions"
    op.create_table(
        table,
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("is_typed", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("cues", sa.Integer(), nullable=False),
        sa.Column("written_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("recording_id", "language", name=f"pk_{table}"),
        _recording(table),
        _account(table, "written_by"),
    )
    op.create_index(f"ix_{table}_written_by", table, ["written_by"])
    table = "recording_caption_lines"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", id_type()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _recording(table),
        _account(table, "written_by"),
    )
    op.create_index(f"ix_{table}_recording_id_language", table, ["recording_id", "language"])
    op.create_index(f"ix_{table}_written_by", table, ["written_by"])


def _make_chapters() -> None:
    table = "recording_chapters"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("person_id", id_type()),
        sa.Column("person_name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _recording(table),
        _account(table, "person_id"),
    )
    op.create_index(f"ix_{table}_recording_id_start_ms", table, ["recording_id", "start_ms"])
    op.create_index(f"ix_{table}_person_id", table, ["person_id"])
