"""Assignments of courses: groups, what is handed in, and what it is worth."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_assignments()
    _make_groups()
    _make_submissions()
    _make_grades()
    _let_files_be_held()


def _refers(table: str, column: str, to: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _make_assignments() -> None:
    table = "assignments"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("lesson_id", id_type()),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("release_at", UtcDateTime()),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("late_policy", sa.String(16), nullable=False),
        sa.Column("late_until", UtcDateTime()),
        sa.Column("late_percent", sa.Integer(), nullable=False),
        sa.Column("centipoints", sa.Integer(), nullable=False),
        sa.Column("rubric", json_type(), nullable=False),
        sa.Column("for_groups", sa.Boolean(), nullable=False),
        sa.Column("max_attempts", sa.Integer()),
        sa.Column("created_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.CheckConstraint("late_policy IN ('refuse', 'accept', 'deduct')", name=f"ck_{table}_late_policy"),
        _refers(table, "course_id", "courses", "CASCADE"),
        _refers(table, "lesson_id", "lessons", "SET NULL"),
        _refers(table, "created_by", "users", "SET NULL"),
    )
    _index(table, "course_id", "id")
    _index(table, "lesson_id")
    _index(table, "created_by")


def _make_groups() -> None:
    table = "assignment_groups"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("assignment_id", id_type(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _refers(table, "assignment_id", "assignments", "CASCADE"),
    )
    _index(table, "assignment_id", "id")
    table = "assignment_group_members"
    op.create_table(
        table,
        sa.Column("assignment_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("group_id", id_type(), nullable=False),
        sa.PrimaryKeyConstraint("assignment_id", "user_id", name=f"pk_{table}"),
        _refers(table, "assignment_id", "assignments", "CASCADE"),
        _refers(table, "user_id", "users", "CASCADE"),
        _refers(table, "group_id", "assignment_groups", "CASCADE"),
    )
    _index(table, "user_id")
    _index(table, "group_id")


def _make_submissions() -> None:
    table = "submissions"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("assignment_id", id_type(), nullable=False),
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("user_id", id_type()),
        sa.Column("group_id", id_type()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("handed_in_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint(
            "assignment_id", "owner", "attempt", name=f"uq_{table}_assignment_id_owner_attempt"
        ),
        _refers(table, "assignment_id", "assignments", "CASCADE"),
        _refers(table, "user_id", "users", "SET NULL"),
        _refers(table, "group_id", "assignment_groups", "SET NULL"),
    )
    _index(table, "assignment_id", "id")
    _index(table, "user_id")
    _index(table, "group_id")


def _make_grades() -> None:
    table = "grades"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("assignment_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("submission_id", id_type()),
        sa.Column("centipoints", sa.Integer()),
        sa.Column("scores", json_type(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("released_at", UtcDateTime()),
        sa.Column("graded_by", id_type()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("assignment_id", "user_id", name=f"uq_{table}_assignment_id_user_id"),
        _refers(table, "assignment_id", "assignments", "CASCADE"),
        _refers(table, "user_id", "users", "CASCADE"),
        _refers(table, "submission_id", "submissions", "SET NULL"),
        _refers(table, "graded_by", "users", "SET NULL"),
    )
    for column in ("user_id", "submission_id", "graded_by"):
        _index(table, column)


def _let_files_be_held() -> None:
    """SQLite copies the table for references, and would forget the check that is not said again."""
    table = "coursework_files"
    state = sa.CheckConstraint("state IN ('arriving', 'kept')", name=f"ck_{table}_state")
    with op.batch_alter_table(
        table, table_args=[state] if op.get_bind().dialect.name == "sqlite" else []
    ) as batch:
        for column, to in (("submission_id", "submissions"), ("grade_id", "grades")):
            batch.add_column(sa.Column(column, id_type()))
            name = f"fk_{table}_{column}_{to}"
            batch.create_foreign_key(name, to, [column], ["id"], ondelete="SET NULL")
            batch.create_index(f"ix_{table}_{column}", [column])
