"""When room tokens end: revoked, at their term, and what is forgotten then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vtp.accounts.guest_tokens import LOOK_AGAIN_S, GuestTokens
from vtp.http.identity import Principal, Role


def guest(token_id: str, expires_at_s: float | None) -> Principal:
    return Principal(
        None, "", "", Role.GUEST, True, "room", True, True, token_id, None, expires_at_s=expires_at_s
    )


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass
class Told:
    """Who, of a few guests, was told to go; the clock is the test's."""

    now_s: float = 0.0
    gone: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = GuestTokens(self._tell, clock=lambda: self.now_s)

    def _tell(self, concerns: Callable[[Principal], bool]) -> None:
        self.gone += [name for name in ("a", "b", "c") if concerns(guest(name, 0))]


def test_the_next_to_end_sets_the_timer_and_each_ends_once() -> None:
    told = Told()
    for token_id, end_s in (("b", 20), ("a", 10), ("c", 30), ("a", 10)):
        told.tokens.note(token_id, at(end_s))
    assert told.tokens.end_due() == 10
    told.now_s = 9.9
    told.tokens.end_due()
    assert told.gone == []
    told.now_s = 20
    assert told.tokens.end_due() == 10
    assert told.gone == ["a", "b"]
    told.now_s = 40
    assert told.tokens.end_due() == LOOK_AGAIN_S
    assert told.gone == ["a", "b", "c"]


def test_a_revoked_token_ends_at_once_and_is_refused_until_it_would_have_expired() -> None:
    told = Told()
    told.tokens.revoke([("a", at(10))])
    assert told.gone == ["a"]
    assert told.tokens.is_revoked("a") and not told.tokens.is_revoked("b")
    assert told.tokens.has_ended(guest("a", 10)) and not told.tokens.has_ended(guest("b", 10))
    told.now_s = 10
    told.tokens.end_due()
    assert not told.tokens.is_revoked("a")
    assert told.tokens.has_ended(guest("a", 10)) and told.tokens.has_ended(guest("b", 10))


def test_accounts_do_not_end_with_their_tokens() -> None:
    told = Told(now_s=1e9)
    assert not told.tokens.has_ended(guest("a", None))
