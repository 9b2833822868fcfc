"""Second factors: codes of an authenticator app (RFC 6238), and backup codes for when it is lost.

A code is good once, also for two who send it at the same moment: the database decides. Every try counts as a
failure of the account until it is known what came of it, so that tries made at once do not get around the
wait; one that was not looked at counts for nothing then.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.authenticator import Changes
from vtp.accounts.backup_codes import BackupCodes, CodesLeft, new_codes, read_code
from vtp.accounts.code_tries import CodeTries
from vtp.accounts.kept_waits import Try
from vtp.accounts.moments import Clock, utc_now
from vtp.accounts.notices import Happening, Notices
from vtp.accounts.permissions import Action, require
from vtp.accounts.tables import users
from vtp.accounts.totp import new_secret, otpauth_uri, qr_svg, step_of
from vtp.accounts.users import User, find_user
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import CodeMissing, Conflict, NotFound, NotSignedIn
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.sealing import Sealer

logger = logging.getLogger(__name__)
_TOLD = {
    Event.SECOND_FACTOR_ON: Happening.SECOND_FACTOR_ON,
    Event.SECOND_FACTOR_OFF: Happening.SECOND_FACTOR_OFF,
    Event.SECOND_FACTOR_RESET: Happening.SECOND_FACTOR_RESET,
    Event.BACKUP_CODES_MADE: Happening.BACKUP_CODES_MADE,
    Event.BACKUP_CODE_USED: Happening.BACKUP_CODE_USED,
}
_APP_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app is told."""

    secret: str
    otpauth_uri: str
    qr_svg: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person's second factor stands."""

    enabled_at: datetime | None
    codes: CodesLeft


@dataclass(frozen=True, slots=True)
class _Factor:
    """What is stored of a person's authenticator, the secret still sealed."""

    sealed: str | None
    enabled_at: datetime | None
    last_step: int | None
    codes_made_at: datetime | None


class SecondFactor:
    """Sets up, asks for and removes second factors. `name` is how this server is called in people's apps."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        codes: BackupCodes,
        *,
        changes: Changes,
        audit: AuditLog,
        notices: Notices,
        tries: CodeTries,
        name: str,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._codes = codes
        self._changes = changes
        self._audit = audit
        self._notices = notices
        self._tries = tries
        self._name = name
        self._clock = clock

    async def standing(self, user_id: str) -> Standing:
        """Whether it is on, and how many backup codes are left."""
        async with self._database.read() as tx:
            factor = await self._read(tx, user_id)
            return Standing(factor.enabled_at, await self._codes.count(tx, user_id))

    @done_over
    async def set_up(self, user: User, origin: Origin) -> Setup:
        """Makes a secret, which counts for nothing until a code of it has come back. Raises Conflict."""
        secret = new_secret()
        async with self._database.transaction() as tx:
            stored = await tx.execute(
                update(users)
                .where(users.c.id == user.id, users.c.totp_enabled_at.is_(None))
                .values(totp_secret=self._sealer.seal(secret), totp_last_step=None)
            )
            if stored.rowcount != 1:
                raise _already_on()
            await self._audit.record(
                tx, Event.SECOND_FACTOR_SET_UP, origin, actor_id=user.id, subject=f"user:{user.id}"
            )
        uri = otpauth_uri(secret, user.email, self._name)
        return Setup(secret, uri, await asyncio.to_thread(qr_svg, uri))  # 7 ms, 40 ms at first

    async def enable(self, user_id: str, code: str, origin: Origin) -> list[str]:
        """Switches it on with the app's first code; gives the backup codes, which are shown this once.

        Raises Conflict when it is on already or was not set up, NotSignedIn for a wrong code, RateLimited.
        """
        with self._tries.hold(user_id) as one:
            sealed, step = await self._look_at_first_code(user_id, code, one, origin)
        codes, made_at = new_codes(), self._moment()
        hashes = await self._hash_all(user_id, codes, made_at, origin)
        async with self._database.transaction() as tx:
            await self._switch_on(tx, user_id, sealed, step)
            await self._codes.replace(tx, user_id, hashes, made_at)
            user = await self._note(tx, user_id, Event.SECOND_FACTOR_ON, origin, actor_id=user_id)
        self._tries.succeed(one)
        self._changes.change_rights(user_id, user.rights, self._clock())
        return codes

    async def check_at_sign_in(self, user: User, code: str | None, origin: Origin, *, key: str = "") -> None:
        """Lets pass who has no second factor, or sends a code of it; after the password, in no transaction.

        `key`: who signs in, on whom a wrong code counts, see `Lockout`; the account without one.
        Raises CodeMissing without a code, NotSignedIn (`totp_wrong`), RateLimited.
        """
        if not user.totp_enabled:
            return
        if not code:
            self._tries.check(user.id, key)
            raise CodeMissing()
        await self.check(user.id, code, origin, key=key)

    async def check(self, user_id: str, code: str, origin: Origin, *, key: str = "") -> None:
        """Uses a code of the app, or a backup code, up.

        Raises NotSignedIn for a wrong or used one, Conflict when there is no second factor, RateLimited.
        """
        with self._tries.hold(user_id, key) as one:
            if not await self._use(user_id, _spelled(code), origin):
                await self._tries.refuse(one, user_id, origin)
            self._tries.succeed(one)

    async def disable(self, user_id: str, code: str, origin: Origin) -> None:
        """Switches it off with a code. Raises as `check` does."""
        await self.check(user_id, code, origin)
        async with self._database.transaction() as tx:
            user = await self._remove(tx, user_id)
            await self._note(tx, user_id, Event.SECOND_FACTOR_OFF, origin, actor_id=user_id)
        self._changes.change_rights(user_id, user.rights, self._clock())

    async def renew_codes(self, user_id: str, code: str, origin: Origin) -> list[str]:
        """Makes new backup codes in place of the old ones, with a code. Raises as `check` does."""
        await self.check(user_id, code, origin)
        codes, made_at = new_codes(), self._moment()
        hashes = await self._hash_all(user_id, codes, made_at, origin)
        async with self._database.transaction() as tx:
            await self._codes.replace(tx, user_id, hashes, made_at)
            await self._note(tx, user_id, Event.BACKUP_CODES_MADE, origin, actor_id=user_id)
        return codes

    async def reset(self, tx: AsyncConnection, user_id: str, origin: Origin, *, actor_id: str | None) -> User:
        """Removes somebody's second factor for them, within a transaction. Raises NotFound.

        `tell_rights` is to be called after it: their tokens say otherwise.
        """
        before = await find_user(tx, user_id, lock=True)
        after = await self._remove(tx, user_id)
        if before is None or not before.totp_enabled:
            return after
        event, lifting = Event.SECOND_FACTOR_RESET, self._tries.lifting(user_id)
        return await self._note(tx, user_id, event, origin, actor_id=actor_id, details=lifting)

    @done_over
    async def reset_by_admin(self, principal: Principal, user_id: str, origin: Origin) -> None:
        """The same by an administrator. Raises Forbidden, Invalid for a malformed id, NotFound."""
        require(principal, Action.USER_MANAGE)
        user_id = parse_id(user_id, "/path/user_id")
        async with self._database.transaction() as tx:
            user = await self.reset(tx, user_id, origin, actor_id=principal.user_id)
        self.tell_rights(user)

    def tell_rights(self, user: User) -> None:
        """Makes a reset known once it is stored; waits after wrong codes are over too, on all devices."""
        self._tries.lift(user.id)
        self._changes.change_rights(user.id, user.rights, self._clock())

    async def _read(self, tx: AsyncConnection, user_id: str) -> _Factor:
        columns = users.c.totp_secret, users.c.totp_enabled_at, users.c.totp_last_step
        row = (await tx.execute(select(*columns).where(users.c.id == user_id))).one_or_none()
        if row is None:
            raise NotSignedIn("This account does not exist any more.", code="session_ended")
        made_at = (await self._codes.count(tx, user_id)).created_at
        return _Factor(row.totp_secret, row.totp_enabled_at, row.totp_last_step, made_at)

    def _step_of(self, code: str, factor: _Factor) -> int | None:
        """The step of an app's code that was not used yet; None for all others."""
        if factor.sealed is None or not _APP_CODE.fullmatch(code):
            return None
        try:
            secret = self._sealer.unseal(factor.sealed)
        except ValueError:
            logger.warning("A second factor was sealed with another key: an admin must reset it.")
            return None
        step = step_of(code, secret, self._clock())
        return step if step is not None and step > (factor.last_step or 0) else None

    async def _look_at_first_code(self, user_id: str, code: str, one: Try, origin: Origin) -> tuple[str, int]:
        """The sealed secret and the step of a right code."""
        async with self._database.read() as tx:
            factor = await self._read(tx, user_id)
        if factor.enabled_at is not None:
            raise _already_on()
        if factor.sealed is None:
            raise Conflict(
                "Set the second factor up first: scan its QR code.", code="second_factor_not_set_up"
            )
        step = self._step_of(_spelled(code), factor)
        if step is None:
            await self._tries.refuse(one, user_id, origin)
        return factor.sealed, step

    async def _use(self, user_id: str, code: str, origin: Origin) -> bool:
        """Whether a code was right, and is used up now."""
        async with self._database.read() as tx:
            factor = await self._read(tx, user_id)
        if factor.enabled_at is None:
            raise Conflict("Your account has no second factor: set one up first.", code="second_factor_off")
        step = self._step_of(code, factor)
        if step is not None:
            async with self._database.transaction() as tx:
                return await self._use_step(tx, user_id, step)
        if factor.codes_made_at is None or read_code(code) is None:
            return False
        backup = await self._codes.hash(user_id, code, factor.codes_made_at, origin)
        async with self._database.transaction() as tx:
            good = await self._codes.use(tx, user_id, backup, self._clock())
            if good:
                await self._note(tx, user_id, Event.BACKUP_CODE_USED, origin, actor_id=user_id)
            return good

    async def _hash_all(self, user_id: str, codes: list[str], made_at: datetime, origin: Origin) -> list[str]:
        return [await self._codes.hash(user_id, one, made_at, origin) for one in codes]

    async def _use_step(self, tx: AsyncConnection, user_id: str, step: int) -> bool:
        """Marks a step as used; False for who comes second."""
        unused = or_(users.c.totp_last_step.is_(None), users.c.totp_last_step < step)
        used = await tx.execute(
            update(users)
            .where(users.c.id == user_id, users.c.totp_enabled_at.is_not(None), unused)
            .values(totp_last_step=step)
        )
        return used.rowcount == 1

    async def _switch_on(self, tx: AsyncConnection, user_id: str, sealed: str, step: int) -> None:
        now = self._clock()
        switched = await tx.execute(
            update(users)
            .where(users.c.id == user_id, users.c.totp_secret == sealed, users.c.totp_enabled_at.is_(None))
            .values(totp_enabled_at=now, totp_last_step=step, rights_changed_at=now)
        )
        if switched.rowcount != 1:
            raise Conflict("The second factor was set up anew meanwhile: scan the new QR code.")

    async def _remove(self, tx: AsyncConnection, user_id: str) -> User:
        nothing: dict[str, Any] = dict.fromkeys(("totp_secret", "totp_enabled_at", "totp_last_step"))
        gone = {**nothing, "rights_changed_at": self._clock()}
        await tx.execute(update(users).where(users.c.id == user_id).values(**gone))
        await self._codes.remove(tx, user_id)
        user = await find_user(tx, user_id)
        if user is None:
            raise NotFound("There is no such account.")
        return user

    async def _note(
        self,
        tx: AsyncConnection,
        user_id: str,
        event: Event,
        origin: Origin,
        *,
        actor_id: str | None,
        details: Mapping[str, object] | None = None,
    ) -> User:
        """Puts a change into the audit log and tells the person; gives the account as it is then."""
        subject = f"user:{user_id}"
        await self._audit.record(tx, event, origin, actor_id=actor_id, subject=subject, details=details)
        user = await find_user(tx, user_id)
        if user is None:
            raise NotFound("There is no such account.")
        by_person = origin if actor_id == user_id else Origin()  # not where the administrator sits
        await self._notices.put(tx, _TOLD[event], user, by_person)
        return user

    def _moment(self) -> datetime:
        """Now in whole seconds, which every database keeps as they are."""
        return self._clock().replace(microsecond=0)


def _spelled(code: str) -> str:
    """A code without the spaces and dashes that apps and people put in."""
    return code.replace(" ", "").replace("-", "")


def _already_on() -> Conflict:
    return Conflict("Your second factor is on already: switch it off first.", code="second_factor_on")
