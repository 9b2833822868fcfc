"""Applies rate limits to calls: wide ones per address, strict ones per account or token."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from vtp.errors import RateLimited
from vtp.http.client import network_of
from vtp.http.identity import Principal
from vtp.http.routing import Limit
from vtp.limits import WindowLimiter
from vtp.settings import LimitSettings

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Rule:
    limiter: WindowLimiter
    sentence: str


class Throttle:
    """Counts calls by route limit and caller; `clock` gives monotonic seconds."""

    def __init__(self, limits: LimitSettings, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._address = _Rule(
            WindowLimiter(limits.requests_per_address_per_minute, 60),
            "Too many requests from this network address; wait a moment.",
        )
        self._account = _Rule(
            WindowLimiter(limits.requests_per_account_per_minute, 60),
            "Too many requests by this account; wait a moment.",
        )
        most = limits.sign_in_failures_per_address_per_minute
        self._failures = {
            Limit.SIGN_IN: _Rule(
                WindowLimiter(most, 60),
                "Too many failed sign-ins from this network address: wait a moment. Devices that have signed "
                "in to the account before do not wait.",
            ),
            Limit.CONFIRM: _Rule(
                WindowLimiter(most, 60), "Too many wrong passwords or codes by this account; wait a moment."
            ),
            Limit.LINK: _Rule(
                WindowLimiter(most, 60), "Too many links that open nothing from this network address."
            ),
        }
        self._by_limit = {
            Limit.REGISTER: _Rule(
                WindowLimiter(limits.registrations_per_address_per_hour, 3600),
                "Too many registrations from this network address; try again later.",
            ),
            Limit.RECOVER: _Rule(
                WindowLimiter(limits.recoveries_per_address_per_hour, 3600),
                "Too many mails were asked for from this network address; try again later.",
            ),
            Limit.REFRESH: _Rule(
                WindowLimiter(limits.requests_per_address_per_minute, 60),
                "Too many renewals from this network address; wait a moment.",
            ),
            Limit.SFU: _Rule(
                WindowLimiter(limits.sfu_calls_per_10_seconds, 10),
                "Too many calls with this service token; wait a moment.",
            ),
            Limit.CHECK: _Rule(
                WindowLimiter(limits.connection_checks_per_address_per_minute, 60),
                "Many connections are being checked from this network address; wait a moment.",
            ),
            Limit.MEDIA: _Rule(
                WindowLimiter(limits.media_per_token_per_minute, 60),
                "Too many media sessions were asked for with this token; wait a moment.",
            ),
        }

    def admit_address(self, limit: Limit, address: str, principal: Principal | None) -> None:
        """Counts a call on its network, before anything is refused of it that is noted; raises RateLimited
        (429) when it is one too many."""
        if not _is_free(limit, principal):
            self._take(self._address, network_of(address))

    def admit(self, limit: Limit, address: str, principal: Principal | None) -> None:
        """Counts a call of one of our own pages or of a program by its route and caller; raises RateLimited
        (429) when it is one too many. Foreign pages do not come so far: what they send in the name of whom
        they show themselves to uses up nobody's registrations."""
        if _is_free(limit, principal):
            return
        address = network_of(address)
        if limit is Limit.CONFIRM:
            self._check(self._failures[limit], _failing(address, principal))
        elif limit in (Limit.MEDIA, Limit.SFU):
            self._take(self._by_limit[limit], principal.limit_key if principal else address)
        elif limit in self._by_limit:
            self._take(self._by_limit[limit], address)
        elif limit in self._failures or principal is None or principal.recording is not None:
            return  # failures count once they have happened; a link to a recording is in many hands
        else:
            self._take(self._account, principal.limit_key)

    def admit_stranger(self, address: str) -> None:
        """Raises RateLimited for a sign-in of a stranger, after too many failures of their network."""
        self._check(self._failures[Limit.SIGN_IN], network_of(address))

    def note_failure(self, limit: Limit, address: str, principal: Principal | None) -> None:
        """Counts a failed try; successes are not counted, so a school behind one NAT signs in at once. Raises
        RateLimited for a link that opens nothing and is one too many."""
        rule = self._failures.get(limit)
        if rule is None:
            return
        key = _failing(network_of(address), principal if limit is Limit.CONFIRM else None)
        if limit is Limit.LINK:
            self._take(rule, key)
        else:
            rule.limiter.add(key, self._clock())

    def _take(self, rule: _Rule, key: str) -> None:
        self._refuse(rule, rule.limiter.take(key, self._clock()))

    def _check(self, rule: _Rule, key: str) -> None:
        self._refuse(rule, rule.limiter.wait_s(key, self._clock()))

    def _refuse(self, rule: _Rule, wait_s: float) -> None:
        if wait_s > 0.0:
            raise RateLimited(rule.sentence, retry_after_s=wait_s)


def _is_free(limit: Limit, principal: Principal | None) -> bool:
    return limit is Limit.PLAYBACK or (principal is not None and principal.open_rooms)


def _failing(network: str, principal: Principal | None) -> str:
    """On what failures count."""
    return network if principal is None else principal.limit_key
