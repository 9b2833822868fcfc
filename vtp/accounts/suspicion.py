"""Which sign-ins of strangers are likely to be guesses. It decides who is served first when not everybody can
be, and never who gets in: it must not tell, by answer or by time, whether there is such an account.

A network is suspected when wrong passwords for several accounts have come out of it, and not the right ones
since; so a pupil who mistypes and then gets in leaves nothing behind, and nobody washes the failures of other
accounts away by signing in to their own. What others try at its people's accounts is none of its doing. An
account is suspected when other networks have failed at it, or try it at the same time. A password that nobody
looked at says nothing once no try at that account is in hand any more.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from vtp.http.client import network_of, site_of

WINDOW_S = 900.0
FREE = 10
"""Accounts of a network that may stand as failed: mistyped addresses, forgotten passwords."""
FREE_OF_SITE = 40
"""The same of a /48 of IPv6, out of which one machine may have many networks."""
IN_PER_FAILED = 4
"""Beyond that each must be outweighed by so many accounts that have got in: a school behind one address."""
MOST_PAIRS = 20_000
"""Of each kind, some 8 MB; the oldest go first."""


class RecentPairs:
    """Pairs seen within `window_s`, found by their first."""

    def __init__(self, window_s: float, most: int) -> None:
        self._window_s = window_s
        self._most = most
        self._seen_s: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._seconds: defaultdict[str, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._seen_s)

    def add(self, first: str, second: str, now_s: float) -> None:
        """Sees a pair, maybe once more."""
        self._seen_s[first, second] = now_s
        self._seen_s.move_to_end((first, second))
        self._seconds[first].add(second)
        self._forget(now_s)

    def discard(self, first: str, second: str) -> None:
        """Forgets a pair, if it is there."""
        if self._seen_s.pop((first, second), None) is not None:
            self._seconds[first].discard(second)
            if not self._seconds[first]:
                del self._seconds[first]

    def of(self, first: str, now_s: float) -> frozenset[str] | set[str]:
        """The seconds of a first."""
        self._forget(now_s)
        return self._seconds.get(first, frozenset())

    def _forget(self, now_s: float) -> None:
        while self._seen_s:
            pair, seen_s = next(iter(self._seen_s.items()))
            if len(self._seen_s) <= self._most and now_s - seen_s <= self._window_s:
                return
            self.discard(*pair)


@dataclass(slots=True)
class _InHand:
    """Tries at one account from the first that nobody has answered yet until none is left."""

    count: int = 0
    sites: set[str] = field(default_factory=set)
    """Where they came from, those answered too. Two at most: whoever asks, one of them is elsewhere then."""

    def begin(self, site: str) -> None:
        self.count += 1
        if len(self.sites) < 2:
            self.sites.add(site)


class Suspicion:
    """Of sign-ins, by network address and by account as it was typed. Moments are monotonic seconds."""

    def __init__(self) -> None:
        self._failed, self._let_in, self._tried_from = (RecentPairs(WINDOW_S, MOST_PAIRS) for _ in range(3))
        self._in_hand: defaultdict[str, _InHand] = defaultdict(_InHand)

    def falls_on(self, address: str, account: str, now_s: float) -> bool:
        """Whether a sign-in, or with no account a registration, is one of those that come last."""
        return self.falls_on_account(address, account, now_s) or self._falls_on_network(address, now_s)

    def falls_on_account(self, address: str, account: str, now_s: float) -> bool:
        """Whether another network has failed at the account, or tries it now."""
        if not account:
            return False
        in_hand = self._in_hand.get(account)
        tried_from = self._tried_from.of(account, now_s) | (in_hand.sites if in_hand else set())
        return bool(tried_from - {site_of(address)})

    @contextmanager
    def in_hand(self, address: str, account: str) -> Iterator[None]:
        """A stranger tries; when no try at that account is in hand any more, it is known by what came of it
        alone."""
        tries = self._in_hand[account]
        tries.begin(site_of(address))
        try:
            yield
        finally:
            tries.count -= 1
            if not tries.count:
                del self._in_hand[account]

    def fail(self, address: str, account: str, now_s: float, *, stranger: bool = True) -> None:
        """A wrong password; on a device that the account knows it is no guess of somebody else's."""
        for network in _networks(address):
            self._failed.add(network, account, now_s)
        if stranger:
            self._tried_from.add(account, site_of(address), now_s)

    def succeed(self, address: str, account: str, now_s: float) -> None:
        """The right one: its failures in this network are forgotten."""
        for network in _networks(address):
            self._failed.discard(network, account)
            self._let_in.add(network, account, now_s)
        self._tried_from.discard(account, site_of(address))

    def _falls_on_network(self, address: str, now_s: float) -> bool:
        for network, free in _networks(address).items():
            failed, let_in = (len(pairs.of(network, now_s)) for pairs in (self._failed, self._let_in))
            if failed >= max(free, let_in / IN_PER_FAILED):
                return True
        return False


def _networks(address: str) -> dict[str, int]:
    """What an address belongs to, and how many accounts may stand as failed there."""
    network, site = network_of(address), site_of(address)
    return {network: FREE} if network == site else {network: FREE, site: FREE_OF_SITE}
