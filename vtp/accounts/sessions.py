"""Sessions and the refresh tokens that renew them.

A refresh token is opaque, hashed at rest and good for one use; using it twice ends its whole session, because
one of the two users is a thief (OWASP ASVS 5.0, 10.4.5). For ten seconds the parent of the newest token is
answered with that same newest token: two tabs, or a lost answer. The successor of a token is derived from it
(HMAC with the server's key), so the same answer can be given twice although only hashes are stored.
"""

import base64
import enum
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import MAX_AGENT_CHARACTERS, Origin, clean
from vtp.accounts.tables import refresh_tokens, sessions, users
from vtp.accounts.users import BY_ID, User, user_of
from vtp.db.prepared import Prepared, together
from vtp.db.types import UtcDateTime
from vtp.http.identity import Role
from vtp.ids import new_id
from vtp.settings import AccountSettings

MOST_AT_ONCE = 100
"""Devices on which one person is signed in: nobody has as many, and a program that signs in for each of its
calls is to keep its session."""
TOO_MANY = "too_many"
_TOKEN_BYTES = 32
_ENDED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Session:
    """One device that is signed in."""

    id: str
    user_id: str
    created_at: datetime
    last_seen_at: datetime
    ip: str | None
    user_agent: str | None
    idle_expires_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class Renewal(enum.Enum):
    """What became of a refresh token that was presented."""

    RENEWED = enum.auto()  # a new token
    REPEATED = enum.auto()  # the same new token again, within the grace
    UNKNOWN = enum.auto()
    ENDED = enum.auto()  # the session was ended or ran out
    REUSED = enum.auto()  # used before: the session has been ended now


@dataclass(frozen=True, slots=True)
class Renewed:
    """The outcome, the session when the token was known, and the next token when there is one."""

    outcome: Renewal
    session: Session | None = None
    token: str = ""
    user: User | None = None
    """Whose it is, of a new token."""


_COLUMNS = [sessions.c[name] for name in Session.__slots__]
_BY_TOKEN = Prepared(
    select(
        *_COLUMNS,
        refresh_tokens.c.used_at,
        refresh_tokens.c.replaced_by,
        users.c.disabled_at,
    )
    .join(sessions, sessions.c.id == refresh_tokens.c.session_id)
    .join(users, users.c.id == sessions.c.user_id)
    .where(refresh_tokens.c.token_hash == bindparam("hash"))
    .with_for_update(of=[refresh_tokens, sessions])
)
_MARK_USED = (
    update(refresh_tokens)
    .where(refresh_tokens.c.token_hash == bindparam("hash"))
    .values(used_at=bindparam("now", type_=UtcDateTime()), replaced_by=bindparam("successor"))
)
_IS_ADMIN = select(users.c.role).where(users.c.id == sessions.c.user_id).scalar_subquery() == Role.ADMIN.value
_PROLONG = (
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(
        last_seen_at=bindparam("seen", type_=UtcDateTime()),
        # The role as it is by now: `_BY_TOKEN` read it before it waited for the session's lock, which who
        # changes the role holds.
        idle_expires_at=case(
            (_IS_ADMIN, bindparam("admin_until", type_=UtcDateTime)),
            else_=bindparam("until", type_=UtcDateTime),
        ),
    )
)
_TOKEN_COLUMNS = ("token_hash", "session_id", "parent_hash", "created_at")
_ADD_TOKEN = Prepared(insert(refresh_tokens), _TOKEN_COLUMNS)
_ADD_SUCCESSOR = insert(refresh_tokens).values(
    token_hash=bindparam("successor"),
    session_id=bindparam("session"),
    parent_hash=bindparam("hash"),
    created_at=bindparam("now", type_=UtcDateTime()),
)
_PROLONGATION = [Prepared(one) for one in (_PROLONG, BY_ID)]
_ROTATION = [Prepared(one) for one in (_MARK_USED, _ADD_SUCCESSOR)] + _PROLONGATION
_ROTATE = Prepared(
    BY_ID.add_cte(_MARK_USED.cte("used"), _ADD_SUCCESSOR.cte("added"), _PROLONG.cte("prolonged"))
)
"""The same as one statement, which SQLite has not; all of it sees what was there before it."""
_ENDED = Prepared(
    select(sessions.c.id).where(sessions.c.revoked_at >= bindparam("since", type_=UtcDateTime()))
)
_ADD = insert(sessions)


class Sessions:
    """Begins, renews, lists and ends sessions within the caller's transaction."""

    def __init__(self, settings: AccountSettings, refresh_key: bytes) -> None:
        self._settings = settings
        self._refresh_key = refresh_key

    async def begin(
        self, tx: AsyncConnection, user_id: str, role: Role, origin: Origin, now: datetime
    ) -> tuple[Session, str]:
        """Signs a device in; gives the session and its first refresh token."""
        idle, absolute = self._lifetimes(role)
        session = Session(
            id=new_id(),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            ip=clean(origin.ip, 64),
            user_agent=clean(origin.user_agent, MAX_AGENT_CHARACTERS),
            idle_expires_at=now + idle,
            expires_at=now + absolute,
            revoked_at=None,
        )
        await tx.execute(_ADD, {c.name: getattr(session, c.name) for c in _COLUMNS})
        token = _to_text(secrets.token_bytes(_TOKEN_BYTES))
        await _ADD_TOKEN.rows(tx, _token_row(session.id, hash_token(token), None, now))
        return session, token

    async def renew(
        self,
        tx: AsyncConnection,
        token: str,
        now: datetime,
        admit: Callable[[Session], None],
        *,
        unused: timedelta = timedelta(),
    ) -> Renewed:
        """Takes a refresh token and gives its successor, or ends the session when it was used before.

        `unused`: since when nobody has used the page that renews by itself; the session's time without use
        counts from then, or from what another page has told.

        `admit` raises when this session may not be renewed now; nothing has happened then. It is not asked of
        a token that was used before: whoever renews the stolen one often must not hide that.
        """
        row = await self._find(tx, token)
        if row is None:
            return Renewed(Renewal.UNKNOWN)
        session = _session(row)
        used_at, replaced_by, disabled_at = row[len(_COLUMNS) :]
        if not is_alive(session, now) or disabled_at is not None:
            return Renewed(Renewal.ENDED, session)
        if used_at is None:
            admit(session)
            seen_at = max(session.last_seen_at, now - unused)
            return await self._rotate(tx, token, replace(session, last_seen_at=seen_at), now)
        if await self._is_graceful(tx, used_at, replaced_by, now):
            admit(session)
            if now - unused > session.last_seen_at:  # use that the answer given first does not know of
                return await self._prolong(tx, token, replace(session, last_seen_at=now - unused), now)
            return Renewed(Renewal.REPEATED, session, self._successor(token))
        await self.end(tx, session.id, "token_reuse", now)
        return Renewed(Renewal.REUSED, session)

    async def find_by_token(self, tx: AsyncConnection, token: str) -> Session | None:
        """The session that a refresh token belongs to, whatever its state."""
        row = await self._find(tx, token)
        return _session(row) if row else None

    async def list_alive(
        self,
        tx: AsyncConnection,
        user_id: str,
        now: datetime,
        *,
        limit: int | None = None,
        before: str | None = None,
    ) -> list[Session]:
        """The devices where this person is signed in now, the latest sign-in first."""
        statement = select(*_COLUMNS).where(*_alive(user_id, now)).order_by(sessions.c.id.desc())
        if before is not None:
            statement = statement.where(sessions.c.id < before)
        return [_session(row) for row in await tx.execute(statement.limit(limit))]

    async def end_oldest(self, tx: AsyncConnection, user_id: str, now: datetime) -> list[str]:
        """Signs a person out on the devices beyond MOST_AT_ONCE, those first where they signed in longest
        ago; gives the ids of the sessions that ended."""
        alive = select(sessions.c.id).where(*_alive(user_id, now)).order_by(sessions.c.id.desc())
        ids = list((await tx.execute(alive)).scalars())[MOST_AT_ONCE:]
        for first in range(0, len(ids), _ENDED_AT_ONCE):
            some = sessions.c.id.in_(ids[first : first + _ENDED_AT_ONCE])
            await tx.execute(update(sessions).where(some).values(revoked_at=now, revoked_reason=TOO_MANY))
        return ids

    async def find(self, tx: AsyncConnection, session_id: str) -> Session | None:
        """The session with this id."""
        row = (await tx.execute(select(*_COLUMNS).where(sessions.c.id == session_id))).one_or_none()
        return _session(row) if row else None

    async def end(self, tx: AsyncConnection, session_id: str, reason: str, now: datetime) -> None:
        """Signs one device out; its tokens are good for nothing from then on."""
        await tx.execute(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_reason=reason)
        )

    async def is_news(self, tx: AsyncConnection, user_id: str, origin: Origin) -> bool:
        """Whether the person has signed in before, and never from this address with this program."""
        ip, agent = clean(origin.ip, 64), clean(origin.user_agent, MAX_AGENT_CHARACTERS)
        same = (sessions.c.ip == ip) & (sessions.c.user_agent == agent)
        statement = select(func.count(), func.count().filter(same)).where(sessions.c.user_id == user_id)
        before, alike = (await tx.execute(statement)).one()
        return bool(before) and not alike

    async def end_all(
        self,
        tx: AsyncConnection,
        user_id: str,
        reason: str,
        now: datetime,
        *,
        besides: str | None = None,
    ) -> list[str]:
        """Signs a person out everywhere (but on one device); gives the ids of the sessions that ended."""
        alive = (
            sessions.c.user_id == user_id,
            sessions.c.revoked_at.is_(None),
            sessions.c.id != (besides or ""),
        )
        ended = update(sessions).where(*alive).values(revoked_at=now, revoked_reason=reason)
        return list((await tx.execute(ended.returning(sessions.c.id))).scalars())

    async def hold_to(self, tx: AsyncConnection, user_id: str, role: Role, now: datetime) -> list[str]:
        """Shortens a person's sessions to what another role allows, from their sign-in and last use on; gives
        the ids of those that are over by it."""
        idle, absolute = self._lifetimes(role)
        over = []
        for session in await self.list_alive(tx, user_id, now):
            expires_at = min(session.expires_at, session.created_at + absolute)
            idle_expires_at = min(session.idle_expires_at, session.last_seen_at + idle, expires_at)
            await tx.execute(
                update(sessions)
                .where(sessions.c.id == session.id)
                .values(expires_at=expires_at, idle_expires_at=idle_expires_at)
            )
            if idle_expires_at <= now:
                await self.end(tx, session.id, "role_changed", now)
                over.append(session.id)
        return over

    async def ended_since(self, tx: AsyncConnection, since: datetime) -> list[str]:
        """Sessions ended lately, whose access tokens may still be about."""
        return [str(row[0]) for row in await _ENDED.rows(tx, {"since": since})]

    async def forget_over(self, tx: AsyncConnection, before: datetime) -> int:
        """Deletes sessions, with their refresh tokens, that ran out before then; gives how many."""
        over = or_(sessions.c.expires_at < before, sessions.c.revoked_at < before)
        return (await tx.execute(delete(sessions).where(over))).rowcount

    def _lifetimes(self, role: Role) -> tuple[timedelta, timedelta]:
        """Idle and absolute lifetime; shorter for admins (NIST SP 800-63B, AAL2)."""
        chosen = self._settings
        if role is Role.ADMIN:
            return timedelta(seconds=chosen.admin_refresh_idle_s), timedelta(
                seconds=chosen.admin_refresh_absolute_s
            )
        return timedelta(seconds=chosen.refresh_idle_s), timedelta(seconds=chosen.refresh_absolute_s)

    async def _find(self, tx: AsyncConnection, token: str) -> Sequence[Any] | None:
        return await _BY_TOKEN.row(tx, {"hash": hash_token(token)})

    async def _rotate(self, tx: AsyncConnection, token: str, session: Session, now: datetime) -> Renewed:
        """Of a session as it was seen last by now; gives it as it is stored then."""
        successor = self._successor(token)
        values = self._terms(session) | {
            "hash": hash_token(token),
            "successor": hash_token(successor),
            "now": now,
        }
        # Their owner is read after the session was locked: as they are by now, like the role.
        if tx.dialect.name == "postgresql":
            found = await _ROTATE.rows(tx, values)
        else:
            *_, found = await together(tx, *((one, values) for one in _ROTATION))
        return _renewed(Renewal.RENEWED, session, successor, found, values, now)

    async def _prolong(self, tx: AsyncConnection, token: str, session: Session, now: datetime) -> Renewed:
        """As `_rotate`, of a token whose successor is there."""
        values = self._terms(session)
        *_, found = await together(tx, *((one, values) for one in _PROLONGATION))
        return _renewed(Renewal.REPEATED, session, self._successor(token), found, values, now)

    def _terms(self, session: Session) -> dict[str, Any]:
        """Of a session as it was seen last by now: what `_PROLONG` and `BY_ID` want."""
        seen_at = session.last_seen_at
        until, admin_until = (
            min(seen_at + self._lifetimes(role)[0], session.expires_at) for role in (Role.STUDENT, Role.ADMIN)
        )
        return {
            "session": session.id,
            "user_id": session.user_id,
            "seen": seen_at,
            "until": until,
            "admin_until": admin_until,
        }

    async def _is_graceful(
        self, tx: AsyncConnection, used_at: datetime, replaced_by: str | None, now: datetime
    ) -> bool:
        """Only the immediate parent of the newest token, and only for a moment."""
        if now - used_at > timedelta(seconds=self._settings.refresh_grace_s):
            return False
        statement = select(refresh_tokens.c.used_at).where(refresh_tokens.c.token_hash == replaced_by)
        child = (await tx.execute(statement)).one_or_none()
        return child is not None and child.used_at is None

    def _successor(self, token: str) -> str:
        return _to_text(hmac.digest(self._refresh_key, b"refresh\0" + token.encode(), hashlib.sha256))


def _renewed(
    outcome: Renewal,
    session: Session,
    token: str,
    found: Sequence[Sequence[Any]],
    terms: dict[str, Any],
    now: datetime,
) -> Renewed:
    """Of a session that was prolonged by these terms, and its owner as `BY_ID` has found them."""
    user = user_of(found[0]) if found else None
    ends_at = terms["admin_until" if user is not None and user.role is Role.ADMIN else "until"]
    session = replace(session, idle_expires_at=ends_at)
    if ends_at <= now:  # the term is shorter by now than when it was reckoned
        return Renewed(Renewal.ENDED, session, user=user)
    return Renewed(outcome, session, token, user)


def hash_token(token: str) -> str:
    """What is stored of a random token: it has 256 bits, so a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


async def is_signed_in(tx: AsyncConnection, user_id: str, session_id: str, now: datetime) -> bool:
    """Tells whether this is a session of this person that goes on."""
    statement = select(*_COLUMNS).where(sessions.c.id == session_id, sessions.c.user_id == user_id)
    row = (await tx.execute(statement)).one_or_none()
    return row is not None and is_alive(_session(row), now)


async def alive_ids(tx: AsyncConnection, user_id: str, now: datetime) -> list[str]:
    """The sessions of a person that go on, MOST_AT_ONCE at most."""
    return list((await tx.execute(select(sessions.c.id).where(*_alive(user_id, now)))).scalars())


def is_alive(session: Session, now: datetime) -> bool:
    """Tells whether a session is neither ended nor run out."""
    return session.revoked_at is None and now < session.idle_expires_at and now < session.expires_at


def _alive(user_id: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The same, as conditions."""
    c = sessions.c
    return c.user_id == user_id, c.revoked_at.is_(None), c.idle_expires_at > now, c.expires_at > now


def _token_row(session_id: str, token_hash: str, parent_hash: str | None, now: datetime) -> dict[str, Any]:
    return {
        "token_hash": token_hash,
        "session_id": session_id,
        "parent_hash": parent_hash,
        "created_at": now,
    }


def _session(row: Sequence[Any]) -> Session:
    """Of a row that begins with _COLUMNS."""
    return Session(*row[: len(_COLUMNS)])


def _to_text(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).decode().rstrip("=")
