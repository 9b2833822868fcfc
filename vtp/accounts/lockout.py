"""Waits after failed sign-ins, which nobody can use to keep somebody else out (OWASP ASVS 5.0, 6.3.1).

Failures count on the device when it has signed in to this account before (OWASP, "device cookies"), and else
on the account, together with those of all other strange devices. So guesses from anywhere in the world delay
strangers only; people go on signing in on their own devices, and a stolen device has few guesses. A new
password by a link, which nobody gets who holds such a device alone, ends the waits of all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from vtp.accounts.audit import Origin
from vtp.accounts.claims import Claim, of_proof, of_stranger
from vtp.accounts.devices import Devices
from vtp.accounts.kept_waits import KeptWaits
from vtp.accounts.suspicion import Suspicion
from vtp.errors import RateLimited
from vtp.sealing import Sealer
from vtp.settings import LimitSettings

# What the keys of counts begin with: what somebody writes as an address must not be another's key.
_STRANGERS, _CONFIRMING = "s ", "c "
_NEW_PASSWORD = (
    "A new password lifts the wait, chosen by the link of “Forgot your password?” or of an administrator"
)
_TOLD_SIGNED_IN = f"Too many wrong passwords for this account: wait, then try again. {_NEW_PASSWORD}."
_TOLD_DEVICE = (
    f"Too many failed sign-ins to this account on this device: wait, then try again. {_NEW_PASSWORD}."
)
_TOLD_STRANGERS = (
    f"Too many failed sign-ins to this account: wait, then try again. {_NEW_PASSWORD}; devices that have "
    "signed in before do not wait for those of others."
)
MISTYPED = 1
"""Failures of an account after which a stranger is not suspected of guessing yet."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries: a key of the count, whether the device is one that the account knows; of sign-ins also the
    account as it was typed and where from."""

    key: str
    known_device: bool
    account: str = ""
    origin: Origin = field(default_factory=Origin)


class Lockout:
    """Counts by `Attempt`; `waits` is for who tells other processes, `clock` gives monotonic seconds."""

    def __init__(
        self,
        limits: LimitSettings,
        devices: Devices,
        sealer: Sealer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._devices = devices
        self._clock = clock
        self._suspicion = Suspicion()
        self.waits = KeptWaits(limits, sealer, "lockout", clock)

    def attempt(self, email: str, device_tokens: Sequence[str], origin: Origin) -> Attempt:
        """Says on whom a try to sign in counts."""
        device_id = self._devices.recognize(email, device_tokens)
        key = self.waits.key(f"{_STRANGERS}{email}", device_id or "")
        return Attempt(key, device_id is not None, email, origin)

    def confirmation(self, user_id: str) -> Attempt:
        """Says on whom it counts when somebody signed in confirms their password: never on sign-ins."""
        return Attempt(self.waits.key(f"{_CONFIRMING}{user_id}"), known_device=True)

    def stranger(self, origin: Origin) -> Claim:
        """The claim of who has no account yet."""
        return of_stranger(origin, suspected=self._suspicion.falls_on(origin.ip, "", self._clock()))

    @contextmanager
    def trying(self, attempt: Attempt) -> Iterator[Claim]:
        """The claim of a try to sign in, which is in hand meanwhile; it ends when the account has to wait
        before its turn comes."""
        if attempt.known_device:
            yield self._checked(of_proof(attempt.account, attempt.origin), attempt)
            return
        with self._suspicion.in_hand(attempt.origin.ip, attempt.account):
            suspected = self._has_failed_often(attempt) or self._suspicion.falls_on(
                attempt.origin.ip, attempt.account, self._clock()
            )
            claim = of_stranger(
                attempt.origin,
                suspected=suspected,
                falls_on_account=lambda: self._falls_on_account(attempt),
            )
            yield self._checked(claim, attempt)

    def _has_failed_often(self, attempt: Attempt) -> bool:
        return self.waits.count(attempt.key) > MISTYPED

    def _falls_on_account(self, attempt: Attempt) -> bool:
        return self._has_failed_often(attempt) or self._suspicion.falls_on_account(
            attempt.origin.ip, attempt.account, self._clock()
        )

    def _checked(self, claim: Claim, attempt: Attempt) -> Claim:
        return replace(claim, checks=(*claim.checks, lambda: self.check(attempt)))

    def check(self, attempt: Attempt) -> None:
        """Raises RateLimited while the wait lasts, whether or not there is such an account. It makes nobody
        suspected: others may have begun the wait, and the password has not been looked at."""
        wait_s = self.waits.wait_s(attempt.key)
        if wait_s > 0:
            raise RateLimited(
                _told(attempt),
                retry_after_s=wait_s,
                code="account_throttled",
            )

    def fail(self, attempt: Attempt) -> int:
        """Counts a failure; gives how many there are once a wait has begun, else 0."""
        if attempt.account:
            self._suspicion.fail(
                attempt.origin.ip, attempt.account, self._clock(), stranger=not attempt.known_device
            )
        return self.waits.fail(attempt.key)

    def succeed(self, attempt: Attempt) -> None:
        """Forgets the failures of this device, or of all strangers together."""
        self.waits.succeed(attempt.key)
        if attempt.account:
            self._suspicion.succeed(attempt.origin.ip, attempt.account, self._clock())

    def lifted_by_link(self, user_id: str, email: str) -> list[str]:
        """The keys of the waits that end when the person has shown that the address is theirs: of strangers,
        with that of each device of the account, and of confirming."""
        return [self.waits.key(f"{_STRANGERS}{email}"), self.waits.key(f"{_CONFIRMING}{user_id}")]

    def lift(self, user_id: str, email: str) -> None:
        """Ends these waits."""
        for key in self.lifted_by_link(user_id, email):
            self.waits.lift(key)


def _told(attempt: Attempt) -> str:
    if not attempt.known_device:
        return _TOLD_STRANGERS
    return _TOLD_DEVICE if attempt.account else _TOLD_SIGNED_IN
