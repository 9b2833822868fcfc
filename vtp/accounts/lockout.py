"""Waits after failed sign-ins, which nobody can use to keep somebody else out (OWASP ASVS 5.0, 6.3.1).

Failures count on the device when it has signed in to this account before (OWASP, "device cookies"), and else
on the account, together with those of all other strange devices. So guesses from anywhere in the world delay
strangers only; people go on signing in on their own devices, and a stolen device has few guesses.
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
_STRANGERS, _DEVICE, _CONFIRMING = "s ", "d ", "c "
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
        counted_on = f"{_DEVICE}{device_id} {email}" if device_id else f"{_STRANGERS}{email}"
        return Attempt(self.waits.key(counted_on), device_id is not None, email, origin)

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
                "Too many failed sign-ins to this account: wait, then try again. A new password lifts the "
                "wait, chosen by the link of “Forgot your password?” or of an administrator; devices that "
                "have signed in before do not wait.",
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

    def key_of_strangers(self, email: str) -> str:
        """On what all strange devices of this account count together."""
        return self.waits.key(f"{_STRANGERS}{email}")

    def lift(self, email: str) -> None:
        """Ends the wait of strangers: the person has shown that the address is theirs."""
        self.waits.lift(self.key_of_strangers(email))
