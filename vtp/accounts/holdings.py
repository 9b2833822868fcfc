"""What accounts have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, and_, func, or_, select

from vtp.accounts.tables import (
    account_tokens,
    audit_log,
    backup_codes,
    external_identities,
    invitations,
    oidc_flows,
    picture_files,
    refresh_tokens,
    sessions,
    setup_tokens,
    users,
)
from vtp.accounts.users import NO_PASSWORD
from vtp.http.identity import Role
from vtp.own_data.holding import (
    ERASED_NAME,
    NOBODY,
    Deleted,
    Emptied,
    Holding,
    Kept,
    Rewritten,
    Subject,
    Theirs,
    erased_address,
    sent_to,
    without,
)
from vtp.own_data.scrubbing import scrub_details


def _account_gone(subject: Subject, now: datetime) -> dict[str, Any]:
    """What is left is an id, so that tokens which name it are refused until they have run out."""
    return {
        "email": erased_address(subject.user_id),
        "password_hash": NO_PASSWORD,
        "full_name": ERASED_NAME,
        "phone": None,
        "role": Role.STUDENT.value,
        "requested_role": None,
        "watch_only": False,
        "email_verified_at": None,
        "approved_at": None,
        "approved_by": None,
        "approval_withdrawn_at": None,
        "disabled_at": now,
        "updated_at": now,
        "rights_changed_at": now,
        "password_changed_at": None,
        "totp_secret": None,
        "totp_enabled_at": None,
        "totp_last_step": None,
        "picture_key": None,
        "erased_at": func.coalesce(users.c.erased_at, now),
    }


def _session_gone(_: Subject, now: datetime) -> dict[str, Any]:
    return {
        "ip": None,
        "user_agent": None,
        "revoked_at": func.coalesce(sessions.c.revoked_at, now),
        "revoked_reason": NOBODY,
    }


_of_sessions: Theirs = lambda one: refresh_tokens.c.session_id.in_(  # noqa: E731 - a condition like the others
    select(sessions.c.id).where(sessions.c.user_id == one.user_id)
)


HOLDINGS: Final = (
    Holding(
        "profile",
        users,
        lambda one: users.c.id == one.user_id,
        (
            "id",
            "email",
            "full_name",
            "phone",
            "role",
            "requested_role",
            "watch_only",
            "email_verified_at",
            "approved_at",
            "approval_withdrawn_at",
            "disabled_at",
            "created_at",
            "updated_at",
            "password_changed_at",
            "totp_enabled_at",
        ),
        (
            "password_hash",
            "approved_by",
            "rights_changed_at",
            "totp_secret",
            "totp_last_step",
            "picture_key",
            "erased_at",
        ),
        Emptied(_account_gone),
    ),
    Holding(
        "accounts_approved",
        users,
        lambda one: users.c.approved_by == one.user_id,
        ("id", "approved_at"),
        (),
        without("approved_by"),
    ),
    Holding(
        "refresh_tokens",
        refresh_tokens,
        _of_sessions,
        ("created_at", "used_at"),
        ("token_hash", "session_id", "parent_hash", "replaced_by"),
        Deleted(),
    ),
    Holding(
        "sessions",
        sessions,
        lambda one: sessions.c.user_id == one.user_id,
        (
            "id",
            "created_at",
            "last_seen_at",
            "ip",
            "user_agent",
            "expires_at",
            "revoked_at",
            "revoked_reason",
        ),
        ("user_id", "idle_expires_at"),
        Emptied(_session_gone),
    ),
    Holding(
        "links_sent_by_mail",
        account_tokens,
        lambda one: account_tokens.c.user_id == one.user_id,
        ("purpose", "email", "created_at", "expires_at", "used_at"),
        ("token_hash", "user_id"),
        Deleted(),
    ),
    Holding(
        "invitations_received",
        invitations,
        lambda one: sent_to(one, invitations.c.email, invitations.c.accepted_by),
        (
            "id",
            "email",
            "full_name",
            "role",
            "watch_only",
            "created_at",
            "expires_at",
            "accepted_at",
            "revoked_at",
        ),
        ("token_hash", "created_by", "accepted_by"),
        Deleted(),
    ),
    Holding(
        "invitations_sent",
        invitations,
        lambda one: invitations.c.created_by == one.user_id,
        ("id", "role", "created_at", "expires_at", "accepted_at", "revoked_at"),
        ("email", "full_name"),
        without("created_by"),
    ),
    Holding(
        "backup_codes",
        backup_codes,
        lambda one: backup_codes.c.user_id == one.user_id,
        ("created_at", "used_at"),
        ("user_id", "code_hash"),
        Deleted(),
    ),
    Holding(
        "identities",
        external_identities,
        lambda one: external_identities.c.user_id == one.user_id,
        ("issuer", "subject", "email", "created_at", "last_used_at"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "sign_ins_elsewhere_begun",
        oidc_flows,
        lambda one: oidc_flows.c.user_id == one.user_id,
        ("provider", "created_at"),
        ("state_hash", "nonce", "code_verifier", "browser_hash", "return_to", "user_id"),
        Deleted(),
    ),
    Holding(
        "pictures",
        picture_files,
        lambda one: picture_files.c.user_id == one.user_id,
        ("created_at",),
        ("key", "user_id", "instance_id", "stored_url", "stored_at"),
        Kept("it says where bytes are, and goes as soon as those are deleted"),
    ),
    Holding(
        "activity",
        audit_log,
        lambda one: audit_log.c.actor_id == one.user_id,
        ("id", "at", "event", "subject", "ip", "user_agent", "request_id", "details"),
        ("actor_id",),
        Rewritten("details", scrub_details),
    ),
    Holding(
        "log_about_the_account",
        audit_log,
        lambda one: and_(
            audit_log.c.subject == one.key,
            or_(audit_log.c.actor_id.is_(None), audit_log.c.actor_id != one.user_id),
        ),
        ("id", "at", "event", "details"),
        ("actor_id", "ip", "user_agent", "request_id"),  # somebody else's
        Rewritten("details", scrub_details),
    ),
)

EXEMPT: Final[Mapping[Table, str]] = {
    setup_tokens: "hashes of one-time links to nobody's account yet",
}
