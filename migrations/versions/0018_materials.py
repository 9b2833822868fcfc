"""Materials of courses, and the files that courses keep in the store."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_materials()
    _make_files()


def _refers(table: str, column: str, to: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _make_materials() -> None:
    table = "materials"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("lesson_id", id_type()),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("release_at", UtcDateTime()),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("created_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _refers(table, "course_id", "courses", "CASCADE"),
        _refers(table, "lesson_id", "lessons", "SET NULL"),
        _refers(table, "created_by", "users", "SET NULL"),
    )
    op.create_index(f"ix_{table}_course_id_id", table, ["course_id", "id"])
    for column in ("lesson_id", "created_by"):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _make_files() -> None:
    table = "coursework_files"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type()),
        sa.Column("uploaded_by", id_type()),
        sa.Column("material_id", id_type()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.CheckConstraint("state IN ('arriving', 'kept')", name=f"ck_{table}_state"),
        _refers(table, "course_id", "courses", "SET NULL"),
        _refers(table, "uploaded_by", "users", "SET NULL"),
        _refers(table, "material_id", "materials", "SET NULL"),
    )
    op.create_index(f"ix_{table}_uploaded_by", table, ["uploaded_by"])
    for columns in (
        ["material_id", "state", "version"],
        ["course_id", "uploaded_by"],
        ["state", "created_at"],
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
