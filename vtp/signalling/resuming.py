"""The places of those who are connected, and of those who were a moment ago: whoever comes back goes on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from vtp.errors import Conflict
from vtp.http.identity import Principal

RESUME_WITHIN_S = 15.0
_TOKEN_BYTES = 16


class Place(Protocol):
    """A connection's seat."""

    @property
    def principal(self) -> Principal: ...


PlaceT = TypeVar("PlaceT", bound=Place)


class Places(Generic[PlaceT]):
    """`too_late` is called with a place that nobody came back to in time."""

    def __init__(self, too_late: Callable[[PlaceT], None]) -> None:
        self._too_late = too_late
        self._places: dict[str, PlaceT] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def lost(self) -> list[PlaceT]:
        """Those without a connection now."""
        return [self._places[token] for token in self._timers]

    def give(self, place: PlaceT) -> str:
        """The token that takes this place over, once."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._places[token] = place
        return token

    def lose(self, token: str) -> None:
        """Its connection is gone: the time runs."""
        if token in self._places:
            later = asyncio.get_running_loop().call_later(RESUME_WITHIN_S, self._expire, token)
            self._timers[token] = later

    def forget(self, token: str) -> None:
        """Nobody takes it over any more."""
        self._places.pop(token, None)
        timer = self._timers.pop(token, None)
        if timer is not None:
            timer.cancel()

    def take(self, token: str, principal: Principal) -> PlaceT:
        """The place, which the token does not open again. Raises Conflict when it is not there for them."""
        place = self._places.get(token)
        if place is None or not _is_same(place.principal, principal):
            raise Conflict("There is no place of yours to go on with: join anew.", code="nothing_to_resume")
        self.forget(token)
        return place

    def _expire(self, token: str) -> None:
        place = self._places[token]
        self.forget(token)
        self._too_late(place)


def _is_same(one: Principal, other: Principal) -> bool:
    """The same account with the same rights, or the same link; a refreshed access token has another id."""
    if one.user_id is None or other.user_id is None:
        return one.user_id == other.user_id and one.token_id == other.token_id
    return (one.user_id, one.role, one.verified, one.publish) == (
        other.user_id,
        other.role,
        other.verified,
        other.publish,
    )
