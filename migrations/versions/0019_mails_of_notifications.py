"""What people are told goes by mail, too: as each has chosen, at once or once a day."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import id_type

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notifications", sa.Column("mail", sa.String(8)))
    waits = sa.text("mail IS NOT NULL")
    op.create_index(
        "ix_notifications_mail_news_id",
        "notifications",
        ["mail", "news_id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_table(
        "notification_choices",
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("mail", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", name="pk_notification_choices"),
        _of_user("notification_choices"),
    )
    op.create_table(
        "notification_people",
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("digest_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_notification_people"),
        _of_user("notification_people"),
    )
    op.add_column("mails", sa.Column("unsubscribe", sa.Text()))


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id_users"
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE")
