"""Turns a request's access token into a principal, and knows what changed since the token was made.

Everything is in memory, so ending a session or changing somebody's rights takes hold with the next request
(OWASP ASVS 5.0, 7.4.1 and 8.3.2), without a query per request; what another process changed comes by
`vtp.accounts.revocations`.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from aiohttp import web

from vtp.accounts.guest_tokens import GuestTokens
from vtp.accounts.tokens import AccessClaims, Rights, RoomClaims, ShareClaims, Tokens
from vtp.errors import NotSignedIn
from vtp.http.identity import WITHOUT_ACCOUNT, Principal

PEOPLE_KEPT: Final = 4096
Concerns = Callable[[Principal], bool]
"""Whether a change is about somebody."""


class Changes:
    """Sessions ended and rights changed within the life of an access token; older entries no longer
    matter.

    `second_factor_for`: the roles that must have one.
    """

    def __init__(self, access_token_ttl: timedelta, second_factor_for: Container[str] = ()) -> None:
        self._ttl = access_token_ttl
        self._second_factor_for = second_factor_for
        self._ended: dict[str, datetime] = {}
        self._rights: dict[str, tuple[datetime, Rights]] = {}
        self._listeners: list[Callable[[Concerns], None]] = []

    def add_listener(self, listener: Callable[[Concerns], None]) -> None:
        """Calls `listener` at each change, for connections that last: with who it concerns."""
        self._listeners.append(listener)

    def end_sessions(self, session_ids: Iterable[str], now: datetime) -> None:
        """Refuses the access tokens of these sessions from now on."""
        self._forget_old(now)
        ended = set(session_ids)
        for session_id in ended:
            self._ended[session_id] = now
        if ended:
            self.tell(lambda principal: principal.session_id in ended)

    def change_rights(self, user_id: str, rights: Rights, now: datetime) -> None:
        """Replaces what this person's access tokens say."""
        self._forget_old(now)
        self._rights.pop(user_id, None)
        self._rights[user_id] = (now, rights)
        self.tell(lambda principal: principal.user_id == user_id)

    def recall_rights(self, user_id: str, rights: Rights, now: datetime) -> None:
        """Like `change_rights`, for what another process may have changed: what is known is told no more, and
        not to who has these rights already (signed in since the change)."""
        self._forget_old(now)
        known = self._rights.pop(user_id, None)
        self._rights[user_id] = (now, rights)
        if known is None or known[1] != rights:
            self.tell(lambda principal: principal.user_id == user_id and not self._has(principal, rights))

    def lacks_second_factor(self, rights: Rights) -> bool:
        """Whether who has these rights must set a second factor up before they may use them."""
        return rights.role.value in self._second_factor_for and not rights.second_factor

    def tell(self, concerns: Concerns) -> None:
        """Says to all listeners who may not go on as before."""
        for listener in self._listeners:
            listener(concerns)

    def has_ended(self, session_id: str) -> bool:
        """Tells whether a session was ended lately."""
        return session_id in self._ended

    def rights_of(self, claims: AccessClaims) -> Rights:
        """What the person may do now: a token made after the change knows better than we remember."""
        at, rights = self._rights.get(claims.user_id, (None, claims.rights))
        made_at = claims.expires_at - self._ttl
        return rights if at is not None and made_at <= at else claims.rights

    def _has(self, principal: Principal, rights: Rights) -> bool:
        watches_only, lacking = principal.publish is False, principal.lacks_second_factor
        held = principal.role, principal.verified, watches_only, lacking
        wanted = rights.role, rights.verified, rights.watch_only, self.lacks_second_factor(rights)
        return not rights.disabled and held == wanted

    def _forget_old(self, now: datetime) -> None:
        """Entries go in by time, so the old ones stand in front."""
        limit = now - self._ttl
        while self._ended and next(iter(self._ended.values())) < limit:
            del self._ended[next(iter(self._ended))]
        while self._rights and next(iter(self._rights.values()))[0] < limit:
            del self._rights[next(iter(self._rights))]


class TokenAuthenticator:
    """The authenticator of HTTP's middleware and of the signalling; `guests` knows when room tokens end."""

    def __init__(self, tokens: Tokens, changes: Changes) -> None:
        self._tokens = tokens
        self._changes = changes
        self._who = lru_cache(PEOPLE_KEPT)(self._who_has)  # the same few call again and again
        self.guests = GuestTokens(changes.tell)

    def add_listener(self, listener: Callable[[Concerns], None]) -> None:
        """Calls `listener` when somebody may not go on as before; see `Changes`."""
        self._changes.add_listener(listener)

    async def authenticate(self, request: web.Request) -> Principal | None:
        """Reads `Authorization: Bearer`; None without one, NotSignedIn when it is not good."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotSignedIn(
                "The Authorization header must be `Bearer` and an access token.", code="token_invalid"
            )
        return self._principal(self._tokens.read_caller(token.strip(), datetime.now(UTC)))

    def read(self, token: str, now: datetime | None = None) -> Principal:
        """Gives the principal of a token (also for Socket.IO's `auth`). Raises NotSignedIn."""
        return self._principal(self._tokens.read(token, now or datetime.now(UTC)))

    def _principal(self, claims: AccessClaims | RoomClaims | ShareClaims) -> Principal:
        return self._person(claims) if isinstance(claims, AccessClaims) else self._guest(claims)

    def _guest(self, claims: RoomClaims | ShareClaims) -> Principal:
        if self.guests.is_revoked(claims.token_id):
            raise NotSignedIn("This link is not good any more: ask for another.", code="token_revoked")
        self.guests.note(claims.token_id, claims.expires_at)
        return _room_guest(claims) if isinstance(claims, RoomClaims) else _shared_with(claims)

    def _person(self, claims: AccessClaims) -> Principal:
        rights = self._changes.rights_of(claims)
        if rights.disabled or self._changes.has_ended(claims.session_id):
            raise NotSignedIn("This session has ended: sign in again.", code="session_ended")
        return self._who(claims, rights)

    def _who_has(self, claims: AccessClaims, rights: Rights) -> Principal:
        return Principal(
            user_id=claims.user_id,
            email=claims.email,
            full_name=claims.full_name,
            role=rights.role,
            verified=rights.verified,
            room=None,
            publish=False if rights.watch_only else None,
            watch=None,
            token_id=claims.token_id,
            session_id=claims.session_id,
            lacks_second_factor=self._changes.lacks_second_factor(rights),
        )


def _room_guest(claims: RoomClaims) -> Principal:
    return replace(
        WITHOUT_ACCOUNT,
        full_name=claims.full_name,
        room=claims.room_id,
        publish=claims.publish,
        watch=claims.watch,
        token_id=claims.token_id,
        expires_at_s=claims.expires_at.timestamp(),
    )


def _shared_with(claims: ShareClaims) -> Principal:
    return replace(
        WITHOUT_ACCOUNT,
        token_id=claims.token_id,
        expires_at_s=claims.expires_at.timestamp(),
        recording=claims.recording_id,
        download=claims.download,
    )
