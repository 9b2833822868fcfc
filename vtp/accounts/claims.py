"""What somebody shows who asks for a password to be hashed: from it follows when it is their turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vtp.accounts.audit import Origin
from vtp.accounts.hash_queue import Rank
from vtp.errors import Unavailable
from vtp.http.client import site_of


@dataclass(frozen=True, slots=True)
class Claim:
    """`lane`: with whom turns are shared. When the turn comes, before it costs anything, `checks` are called:
    one that raises ends it; and `rank_now` tells the rank again, which may have got worse meanwhile.
    """

    rank: Rank
    lane: str
    checks: tuple[Callable[[], None], ...] = ()
    rank_now: Callable[[], Rank] | None = None


SYSTEM = Claim(Rank.SIGNED_IN, "system")
"""Of the command line."""


def of_person(user_id: str, origin: Origin | None = None) -> Claim:
    """Of somebody signed in, or who has given the right password a moment ago."""
    return Claim(Rank.SIGNED_IN, user_id, _while_waited_for(origin))


def of_proof(account: str, origin: Origin) -> Claim:
    """Of who has a known device of this account, or a link that was mailed to it."""
    return Claim(Rank.PROVEN, account, _while_waited_for(origin))


def of_stranger(
    origin: Origin, *, suspected: bool = False, falls_on_account: Callable[[], bool] | None = None
) -> Claim:
    """Of anybody else: turns are shared by all of one network, whatever accounts they name.

    `falls_on_account` tells later whether the account is suspected by then. The network is not asked of
    again: who waits in its one lane holds up nobody else, and may be a school.
    """
    rank = Rank.OTHERS if suspected else Rank.UNSUSPECTED
    claim = Claim(rank, site_of(origin.ip), _while_waited_for(origin))
    if falls_on_account is None:
        return claim
    return replace(claim, rank_now=lambda: Rank.OTHERS if falls_on_account() else rank)


def _while_waited_for(origin: Origin | None) -> tuple[Callable[[], None], ...]:
    if origin is None:
        return ()

    def check() -> None:
        if origin.is_gone():
            raise Unavailable("Nobody waits for this answer any more.", code="abandoned")

    return (check,)
