"""The audit log: who did what to what, when and from where. Event names are OWASP's Logging Vocabulary.

Nothing secret goes in: no password, no token, not even hashed ones that would sign somebody in.
"""

import enum
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit_counts import AuditCounts
from vtp.accounts.tables import audit_log
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.db.prepared import Prepared, Values, change_at_once
from vtp.http.client import network_of
from vtp.ids import new_id

logger = logging.getLogger("vtp.audit")

MAX_AGENT_CHARACTERS = 512
MAX_TEXT_CHARACTERS = 128


class Event(enum.StrEnum):
    """What is worth remembering."""

    SIGNED_IN = "authn_login_success"
    SIGN_IN_REFUSED = "authn_login_fail"
    SIGN_IN_LOCKED = "authn_login_lock"
    PASSWORD_CHANGED = "authn_password_change"
    TOKEN_CREATED = "authn_token_created"
    COLUMNS_RESEALED = "sys_columns_resealed"
    BACKUP_RESTORED = "sys_backup_restored"
    TOKEN_REUSED = "authn_token_reuse"
    SESSION_ENDED = "session_ended"
    SECOND_FACTOR_SET_UP = "authn_second_factor_setup"
    SECOND_FACTOR_ON = "authn_second_factor_on"
    SECOND_FACTOR_OFF = "authn_second_factor_off"
    SECOND_FACTOR_RESET = "authn_second_factor_reset"
    BACKUP_CODE_USED = "authn_backup_code_used"
    BACKUP_CODES_MADE = "authn_backup_codes_made"
    IDENTITY_LINKED = "authn_identity_linked"
    IDENTITY_UNLINKED = "authn_identity_unlinked"
    USER_CREATED = "user_created"
    USER_UPDATED = "user_updated"
    USER_DELETED = "user_deleted"
    USERS_IMPORTED = "users_imported"
    PERSONAL_DATA_EXPORTED = "personal_data_exported"
    AUDIT_EXPORTED = "audit_log_exported"
    AUDIT_TRIMMED = "audit_log_trimmed"
    PASSWORD_RESET_SENT = "password_reset_sent"
    RIGHTS_CHANGED = "privilege_permissions_changed"
    KEY_MADE = "signing_key_made"
    INVITATION_CREATED = "invitation_created"
    INVITATION_REVOKED = "invitation_revoked"
    INVITATION_ACCEPTED = "invitation_accepted"
    ACCESS_REFUSED = "authz_fail"
    ROOM_CREATED = "room_created"
    ROOM_CHANGED = "room_changed"
    ROOM_DELETED = "room_deleted"
    ROOM_ENDED = "room_ended"
    PARTICIPANT_REMOVED = "participant_removed"
    PARTICIPANT_BANNED = "participant_banned"
    BAN_LIFTED = "ban_lifted"
    LINK_CREATED = "guest_link_created"
    LINK_REVOKED = "guest_link_revoked"
    CHAT_MESSAGE_DELETED = "chat_message_deleted"
    CHAT_CLEARED = "chat_cleared"
    MAIL_READ = "sensitive_read"
    MAIL_RETRIED = "mail_retried"
    MAIL_TESTED = "mail_tested"
    RECORDING_DELETED = "recording_deleted"
    RECORDING_RESTORED = "recording_restored"
    RECORDING_KEPT = "recording_kept_changed"
    RECORDING_VISIBILITY = "recording_visibility_changed"
    RECORDING_CAPTIONS = "recording_captions_changed"
    RECORDING_CHAPTERS = "recording_chapters_changed"
    RECORDING_QUOTA = "recording_quota_changed"
    RECORDING_TERM = "recording_term_changed"
    RECORDING_SHARED = "recording_shared"
    RECORDING_SHARE_ENDED = "recording_share_ended"
    COURSE_CREATED = "course_created"
    COURSE_EXPORTED = "course_exported"
    COURSE_IMPORTED = "course_imported"
    COURSE_CHANGED = "course_changed"
    COURSE_DELETED = "course_deleted"
    COURSE_ENROLLED = "course_enrolled"
    COURSE_LEFT = "course_left"
    COURSE_ROLE_GIVEN = "course_role_given"
    COURSE_ROLE_TAKEN = "course_role_taken"
    COURSE_INVITATION_CREATED = "course_invitation_created"
    COURSE_INVITATION_REVOKED = "course_invitation_revoked"
    ANALYTICS_EXPORTED = "analytics_exported"
    ATTENDANCE_CORRECTED = "attendance_corrected"
    ATTENDANCE_RULES_CHANGED = "attendance_rules_changed"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_DELETED = "webhook_deleted"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from; `is_gone` tells whether nobody waits for its answer any more."""

    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
    is_gone: Callable[[], bool] = field(default=lambda: False, compare=False, repr=False)


_ADD = Prepared(insert(audit_log), audit_log.c.keys())


class AuditLog:
    """Writes entries; within the caller's transaction, so that a change and its entry are stored together."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._counts = AuditCounts()

    async def record(
        self,
        tx: AsyncConnection,
        event: Event,
        origin: Origin,
        *,
        actor_id: str | None = None,
        subject: str = "",
        details: Mapping[str, object] | None = None,
        of: tuple[Prepared, Values] | None = None,
    ) -> None:
        """Adds one entry to a transaction; `of`: with the change that it tells of, which is made here."""
        entry = {
            "id": new_id(),
            "at": datetime.now(UTC),
            "event": event.value,
            "actor_id": actor_id,
            "subject": clean(subject, MAX_TEXT_CHARACTERS),
            "ip": clean(origin.ip, 64),
            "user_agent": clean(origin.user_agent, MAX_AGENT_CHARACTERS),
            "request_id": clean(origin.request_id, MAX_TEXT_CHARACTERS),
            "details": dict(details or {}),
        }
        await change_at_once(tx, *([of] if of is not None else []), (_ADD, entry))
        _tell_when_stored(tx, entry)

    @done_over
    async def note(
        self,
        event: Event,
        origin: Origin,
        *,
        actor_id: str | None = None,
        subject: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Adds one entry by itself, for what changed nothing else (a refusal)."""
        async with self._database.transaction() as tx:
            await self.record(tx, event, origin, actor_id=actor_id, subject=subject, details=details)

    async def note_refused(
        self,
        event: Event,
        origin: Origin,
        *,
        actor_id: str | None = None,
        subject: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        """The same for refusals that anybody can bring about as often as they like: of one caller so many are
        stored in a minute, and the next that is stored says as `left_out` how many were not."""
        stranger = actor_id is None
        caller = actor_id or network_of(origin.ip)
        left_out = self._counts.take(event.value, caller, self._clock(), stranger=stranger)
        if left_out is None:
            return
        told = {**(details or {}), **({"left_out": left_out} if left_out else {})}
        await self.note(event, origin, actor_id=actor_id, subject=subject, details=told)

    async def sum_up(self) -> None:
        """Stores how many refusals were left out and are told nowhere yet. Raises Unavailable."""
        for event, left_out in self._counts.take_all().items():
            await self.note(Event(event), Origin(user_agent="vtp"), details={"left_out": left_out})


def _tell_when_stored(tx: AsyncConnection, entry: Mapping[str, object]) -> None:
    """Writes the entry to the log too, once it is committed: what collects logs takes it off this machine,
    where nobody who breaks in here can change it (OWASP ASVS 5.0, 16.4.3).
    """
    told = {key: entry[key] for key in ("event", "actor_id", "subject", "ip", "details") if entry[key]}

    def tell() -> None:
        logger.info("Audit: %s.", entry["event"], extra={**told, "audit_id": entry["id"]})

    after_commit(tx, tell)


def clean(text: str, max_characters: int) -> str:
    """Cuts a text that comes from outside to its column, without characters that forge lines or that
    PostgreSQL refuses."""
    return "".join(c if c.isprintable() else "?" for c in text[:max_characters])
