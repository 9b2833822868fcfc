"""Waits after failed sign-ins, which nobody can use to keep somebody else out (OWASP ASVS 5.0, 6.3.1).

Failures count on the device when it has signed in to this account before (OWASP, "device cookies"), and else
on the account, together with those of all other strange devices. So guesses from anywhere in the world delay
strangers only; people go on signing in on their own devices, and a stolen device has few guesses.

Counts are kept by a keyed hash of what they count on, so that other processes can be told of them
(`lockout_watch.py`) without a word of what somebody has typed.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from vtp.accounts.audit import Origin
from vtp.accounts.claims import Claim, of_proof, of_stranger
from vtp.accounts.devices import Devices
from vtp.accounts.suspicion import Suspicion
from vtp.errors import RateLimited
from vtp.limits import MAX_KEYS, FailureBackoff
from vtp.sealing import Sealer
from vtp.settings import LimitSettings

# What the keys of counts begin with: what somebody writes as an address must not be another's key.
_STRANGERS, _DEVICE, _CONFIRMING = "s ", "d ", "c "
MISTYPED = 1
"""Failures of an account after which a stranger is not suspected of guessing yet."""
_PURPOSE = "lockout"
_KEY_CHARACTERS = 32


def backoff_of(limits: LimitSettings) -> FailureBackoff:
    """The wait after wrong passwords, and after wrong codes: two counts by the same rule."""
    return FailureBackoff(
        limits.sign_in_failures_per_account,
        limits.sign_in_failures_window_s,
        limits.sign_in_delay_s,
        limits.sign_in_delay_max_s,
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries: a key of the count, whether the device is one that the account knows; of sign-ins also the
    account as it was typed and where from."""

    key: str
    known_device: bool
    account: str = ""
    origin: Origin = field(default_factory=Origin)


class Lockout:
    """Counts by `Attempt`; `clock` gives monotonic seconds."""

    def __init__(
        self,
        limits: LimitSettings,
        devices: Devices,
        sealer: Sealer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._devices = devices
        self._sealer = sealer
        self._clock = clock
        self._suspicion = Suspicion()
        self._backoff = backoff_of(limits)
        self._lifted_s: OrderedDict[str, float] = OrderedDict()

    def attempt(self, email: str, device_tokens: Sequence[str], origin: Origin) -> Attempt:
        """Says on whom a try to sign in counts."""
        device_id = self._devices.recognize(email, device_tokens)
        counted_on = f"{_DEVICE}{device_id} {email}" if device_id else f"{_STRANGERS}{email}"
        return Attempt(self._key(counted_on), device_id is not None, email, origin)

    def confirmation(self, user_id: str) -> Attempt:
        """Says on whom it counts when somebody signed in confirms their password: never on sign-ins."""
        return Attempt(self._key(f"{_CONFIRMING}{user_id}"), known_device=True)

    def stranger(self, origin: Origin) -> Claim:
        """The claim of who has no account yet."""
        return of_stranger(origin, suspected=self._suspicion.falls_on(origin.ip, "", self._clock()))

    def claim(self, attempt: Attempt) -> Claim:
        """The claim of a try to sign in; it ends when the account has to wait before its turn comes."""
        origin, now_s = attempt.origin, self._clock()
        if attempt.known_device:
            claim = of_proof(attempt.account, origin)
        else:
            mistyped = self._backoff.count(attempt.key, now_s) <= MISTYPED
            suspected = not mistyped or self._suspicion.falls_on(origin.ip, attempt.account, now_s)
            self._suspicion.begin(origin.ip, attempt.account, now_s)
            claim = of_stranger(origin, suspected=suspected)
        return replace(claim, checks=(*claim.checks, lambda: self.check(attempt)))

    def check(self, attempt: Attempt) -> None:
        """Raises RateLimited while the wait lasts, whether or not there is such an account."""
        now_s = self._clock()
        wait_s = self._backoff.wait_s(attempt.key, now_s)
        if wait_s > 0:
            self._suspect(attempt, now_s)
            raise RateLimited(
                "Too many failed sign-ins to this account: wait, then try again. A new password by mail "
                "lifts the wait, and devices that have signed in before do not wait.",
                retry_after_s=wait_s,
                code="account_throttled",
            )

    def fail(self, attempt: Attempt) -> int:
        """Counts a failure; gives how many there are once a wait has begun, else 0."""
        now_s = self._clock()
        self._backoff.fail(attempt.key, now_s)
        self._suspect(attempt, now_s)
        return self._backoff.count(attempt.key, now_s) if self._backoff.wait_s(attempt.key, now_s) > 0 else 0

    def succeed(self, attempt: Attempt) -> None:
        """Forgets the failures of this device, or of all strangers together."""
        self._backoff.succeed(attempt.key)
        if attempt.account:
            self._suspicion.succeed(attempt.origin.ip, attempt.account, self._clock())

    def key_of_strangers(self, email: str) -> str:
        """On what all strange devices of this account count together."""
        return self._key(f"{_STRANGERS}{email}")

    def lift(self, email: str) -> None:
        """Ends the wait of strangers: the person has shown that the address is theirs."""
        self._lift(self.key_of_strangers(email), self._clock())

    def recall(self, key: str, count: int, ago_s: float) -> None:
        """Another process, or this one before its start, has counted so many. Of a wait that is over, or
        lifted since, nothing is kept; within one nobody gets in, which would end it too.
        """
        now_s = self._clock()
        if now_s - ago_s > self._lifted_s.get(key, -math.inf):
            self._backoff.recall(key, count, now_s - ago_s, now_s)

    def recall_lifted(self, key: str, ago_s: float) -> None:
        """Another process, or this one, has ended a wait; of failures since then nothing is forgotten."""
        self._lift(key, self._clock() - ago_s)

    def _lift(self, key: str, at_s: float) -> None:
        self._backoff.succeed(key, at_s)
        self._lifted_s[key] = at_s
        self._lifted_s.move_to_end(key)
        while len(self._lifted_s) > MAX_KEYS:
            self._lifted_s.popitem(last=False)

    def _suspect(self, attempt: Attempt, now_s: float) -> None:
        if attempt.account:
            self._suspicion.fail(attempt.origin.ip, attempt.account, now_s)

    def _key(self, counted_on: str) -> str:
        return self._sealer.digest(_PURPOSE, counted_on)[:_KEY_CHARACTERS]
