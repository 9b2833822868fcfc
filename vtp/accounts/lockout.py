"""Waits after failed sign-ins, which nobody can use to keep somebody else out (OWASP ASVS 5.0, 6.3.1).

Failures count on the device when it has signed in to this account before (OWASP, "device cookies"), and else
on the account, together with those of all other strange devices. So guesses from anywhere in the world delay
strangers only; people go on signing in on their own devices, and a stolen device has few guesses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vtp.accounts.devices import Devices
from vtp.errors import RateLimited
from vtp.limits import FailureBackoff
from vtp.settings import LimitSettings

# What the keys of counts begin with: what somebody writes as an address must not be another's key.
_STRANGERS, _DEVICE, _CONFIRMING = "s ", "d ", "c "


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries: a key of the count, and whether the device is one that the account knows."""

    key: str
    known_device: bool


class Lockout:
    """Counts by `Attempt`; `clock` gives monotonic seconds."""

    def __init__(
        self, limits: LimitSettings, devices: Devices, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._devices = devices
        self._clock = clock
        self._backoff = FailureBackoff(
            limits.sign_in_failures_per_account,
            limits.sign_in_failures_window_s,
            limits.sign_in_delay_s,
            limits.sign_in_delay_max_s,
        )

    def attempt(self, email: str, device_tokens: Sequence[str]) -> Attempt:
        """Says on whom a try to sign in counts."""
        device_id = self._devices.recognize(email, device_tokens)
        key = f"{_DEVICE}{device_id} {email}" if device_id else f"{_STRANGERS}{email}"
        return Attempt(key, device_id is not None)

    def confirmation(self, user_id: str) -> Attempt:
        """Says on whom it counts when somebody signed in confirms their password: never on sign-ins."""
        return Attempt(f"{_CONFIRMING}{user_id}", known_device=True)

    def check(self, attempt: Attempt) -> None:
        """Raises RateLimited while the wait lasts, whether or not there is such an account."""
        wait_s = self._backoff.wait_s(attempt.key, self._clock())
        if wait_s > 0:
            raise RateLimited(
                "Too many failed sign-ins to this account: wait, then try again. A new password by mail "
                "lifts the wait, and devices that have signed in before do not wait.",
                retry_after_s=wait_s,
                code="account_throttled",
            )

    def fail(self, attempt: Attempt) -> bool:
        """Counts a failure; tells whether a wait has begun."""
        now_s = self._clock()
        self._backoff.fail(attempt.key, now_s)
        return self._backoff.wait_s(attempt.key, now_s) > 0

    def succeed(self, attempt: Attempt) -> None:
        """Forgets the failures of this device, or of all strangers together."""
        self._backoff.succeed(attempt.key)

    def lift(self, email: str) -> None:
        """Ends the wait of strangers: the person has shown that the address is theirs."""
        self._backoff.succeed(f"{_STRANGERS}{email}")
