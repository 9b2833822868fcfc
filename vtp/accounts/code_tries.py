"""Tries at codes of second factors: how many may be wrong before the next one waits. They count apart from
passwords, so that a new password by mail ends no wait after wrong codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.kept_waits import KeptWaits, Try
from vtp.accounts.lockout_watch import CODES
from vtp.errors import NotSignedIn, RateLimited


class CodeTries:
    """Counted on the account; at sign-in on the one who signs in to it (`who`), apart."""

    def __init__(self, waits: KeptWaits, audit: AuditLog) -> None:
        self._waits = waits
        self._audit = audit

    def check(self, user_id: str, who: str = "") -> str:
        """Gives the key of the wait. Raises RateLimited while it lasts."""
        key = self._waits.key(user_id, who)
        wait_s = self._waits.wait_s(key)
        if wait_s > 0:
            raise RateLimited(
                "Too many wrong codes for this account: wait, then try again.",
                retry_after_s=wait_s,
                code="account_throttled",
            )
        return key

    @contextmanager
    def hold(self, user_id: str, who: str = "") -> Iterator[Try]:
        """Holds one while it is not known what comes of it. Raises RateLimited."""
        key = self.check(user_id, who)
        with self._waits.trying(key) as one:
            yield one

    async def refuse(self, one: Try, user_id: str, origin: Origin) -> NoReturn:
        """The code was looked at and is not right."""
        failures, subject = one.fail(), f"user:{user_id}"
        refused = {"reason": "wrong_code"}
        await self._audit.note(Event.SIGN_IN_REFUSED, origin, subject=subject, details=refused)
        if failures:
            begun = {"of": CODES, "failures": failures, "key": one.key}
            await self._audit.note(Event.SIGN_IN_LOCKED, origin, subject=subject, details=begun)
        raise NotSignedIn(
            "This code is wrong, too old or was used before: take the next one.", code="totp_wrong"
        )

    def succeed(self, one: Try) -> None:
        """The code was right: earlier ones are forgotten."""
        self._waits.succeed(one.key)

    def lift(self, user_id: str) -> None:
        """Ends the waits of an account and of all who sign in to it, here; `lifting` tells others."""
        self._waits.lift(self._waits.key(user_id))

    def lifting(self, user_id: str) -> Mapping[str, object]:
        """What an entry of the audit log says that ends them elsewhere too."""
        return {"of": CODES, "lifts": self._waits.key(user_id)}
