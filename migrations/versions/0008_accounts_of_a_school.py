"""Mails and their tokens, invitations, second factors, OpenID Connect; more ways into the audit log."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _users()
    _tokens_by_mail()
    _second_factors()
    _openid()
    _mails()
    _ways_to_a_person()
    op.drop_index("ix_audit_log_actor_id_at", "audit_log")
    op.create_index("ix_audit_log_actor_id_id", "audit_log", ["actor_id", "id"])
    op.create_index("ix_audit_log_event_id", "audit_log", ["event", "id"])
    op.create_index("ix_audit_log_subject_id", "audit_log", ["subject", "id"])


def _users() -> None:
    op.add_column("users", sa.Column("rights_changed_at", UtcDateTime()))
    op.add_column("users", sa.Column("password_changed_at", UtcDateTime()))
    op.add_column("users", sa.Column("totp_secret", sa.Text()))
    op.add_column("users", sa.Column("totp_enabled_at", UtcDateTime()))
    op.add_column("users", sa.Column("totp_last_step", sa.BigInteger()))
    op.add_column("users", sa.Column("picture_key", sa.String(128)))
    op.add_column("users", sa.Column("erased_at", UtcDateTime()))
    op.create_index("ix_users_erased_at", "users", ["erased_at"])
    op.create_index("ix_users_role", "users", ["role"])
    op.create_index("ix_users_rights_changed_at", "users", ["rights_changed_at"])


def _tokens_by_mail() -> None:
    op.create_table(
        "account_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("token_hash", name="pk_account_tokens"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_account_tokens_user_id_users", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_account_tokens_user_id_purpose", "account_tokens", ["user_id", "purpose"])
    op.create_index("ix_account_tokens_expires_at", "account_tokens", ["expires_at"])
    op.create_table(
        "invitations",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("full_name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("watch_only", sa.Boolean(), nullable=False),
        sa.Column("created_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime()),
        sa.Column("accepted_by", id_type()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
        sa.CheckConstraint(
            "role IN ('admin', 'teacher', 'assistant', 'student', 'guest')", name=op.f("ck_invitations_role")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_invitations_created_by_users", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["accepted_by"], ["users.id"], name="fk_invitations_accepted_by_users", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_invitations_email", "invitations", ["email"])


def _second_factors() -> None:
    op.create_table(
        "backup_codes",
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name="pk_backup_codes"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_backup_codes_user_id_users", ondelete="CASCADE"
        ),
    )


def _openid() -> None:
    op.create_table(
        "external_identities",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_external_identities"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_external_identities_user_id_users", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_external_identities_user_id", "external_identities", ["user_id"])
    op.create_table(
        "oidc_flows",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("code_verifier", sa.String(128), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("return_to", sa.String(512), nullable=False),
        sa.Column("user_id", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_oidc_flows"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_oidc_flows_user_id_users", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_oidc_flows_created_at", "oidc_flows", ["created_at"])


def _mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", id_type(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("user_id", id_type()),
        sa.Column("to_address", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("failed_at", UtcDateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime()),
        sa.Column("last_error", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_mails_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_mails_user_id", "mails", ["user_id"])
    op.create_index("ix_mails_next_try_at", "mails", ["next_try_at"])
    op.create_index("ix_mails_expires_at", "mails", ["expires_at"])


def _ways_to_a_person() -> None:
    """What a person left behind is found for their export and erasure, by what is no reference."""
    for table, column in (
        ("mails", "to_address"),
        ("chat_messages", "from_person"),
        ("chat_messages", "to_person"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
