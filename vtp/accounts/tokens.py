"""Access tokens (JWT): made for a signed-in session, one room or a service, and read back into claims.

One algorithm, named here and never taken from the token (RFC 8725 section 3.1); the header's `typ` separates
the kinds (section 3.11) and `kid` picks the key.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import jwt

from vtp.accounts.keyring import Keyring
from vtp.errors import NotSignedIn
from vtp.http.identity import Role
from vtp.ids import new_id

ALGORITHM = "HS256"
ISSUER = "vtp"
AUDIENCE = "vtp"
ACCESS_TYPE = "at+jwt"  # RFC 9068 section 2.1
ROOM_TYPE = "room+jwt"
SERVICE_TYPE = "service+jwt"
SHARE_TYPE = "share+jwt"
MAX_TOKEN_CHARACTERS = 4096
MOST_TOKENS = 512
Claims = TypeVar("Claims")
Reader = Callable[[dict[str, Any], datetime], Claims]
_REQUIRED = ("iss", "aud", "sub", "iat", "exp", "jti")


@dataclass(frozen=True, slots=True)
class Rights:
    """What of a person's account decides what they may do; changes take hold at once, see `Authenticator`."""

    role: Role
    verified: bool
    watch_only: bool
    disabled: bool = False
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """A signed-in person's token."""

    user_id: str
    email: str
    full_name: str
    session_id: str
    rights: Rights
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RoomClaims:
    """A token that opens one room, for a program or an invited person without an account."""

    room_id: str
    full_name: str
    publish: bool
    watch: bool
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShareClaims:
    """A link's token, which opens one recording; `download`: to take home too."""

    recording_id: str
    download: bool
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceClaims:
    """A token of a server-side program, which opens `/sfu` and nothing else; `create`: it may make rooms."""

    name: str
    create: bool
    token_id: str
    expires_at: datetime


AnyClaims = AccessClaims | RoomClaims | ShareClaims | ServiceClaims


class Tokens:
    """Signs and reads tokens with one keyring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._ended_until = ""
        # Most calls come with a token that came before; what is not good raises, and is not kept.
        self._check = lru_cache(MOST_TOKENS)(self._check_anew)

    def sign_access(self, claims: AccessClaims, now: datetime) -> str:
        """Makes a person's token."""
        payload = {
            "sub": claims.user_id,
            "sid": claims.session_id,
            "email": claims.email,
            "name": claims.full_name,
            "role": claims.rights.role.value,
            "verified": claims.rights.verified,
            "watch_only": claims.rights.watch_only,
            "second_factor": claims.rights.second_factor,
        }
        return self._sign(ACCESS_TYPE, payload, claims.token_id, now, claims.expires_at)

    def use(self, keyring: Keyring) -> None:
        """Signs and reads with other keys from now on: another process has renewed them."""
        self._keyring = keyring
        self._check.cache_clear()

    def end_access(self, until: str) -> None:
        """Refuses from now on people's tokens that were made before this id was."""
        if until > self._ended_until:
            self._ended_until = until
            self._check.cache_clear()

    def sign_room(self, claims: RoomClaims, now: datetime) -> str:
        """Makes a room token."""
        payload = {
            "sub": f"room:{claims.room_id}",
            "room": claims.room_id,
            "name": claims.full_name,
            "publish": claims.publish,
            "watch": claims.watch,
        }
        return self._sign(ROOM_TYPE, payload, claims.token_id, now, claims.expires_at)

    def sign_share(self, claims: ShareClaims, now: datetime) -> str:
        """Makes the token of a link to a recording."""
        payload = {
            "sub": f"recording:{claims.recording_id}",
            "recording": claims.recording_id,
            "download": claims.download,
        }
        return self._sign(SHARE_TYPE, payload, claims.token_id, now, claims.expires_at)

    def sign_service(self, claims: ServiceClaims, now: datetime) -> str:
        """Makes a service's token."""
        payload = {"sub": "service", "name": claims.name, "create": claims.create}
        return self._sign(SERVICE_TYPE, payload, claims.token_id, now, claims.expires_at)

    def read(self, token: str, now: datetime) -> AccessClaims | RoomClaims:
        """Checks signature, type, issuer, audience and time of a person's or room's token.

        Raises NotSignedIn for any token that is not good, a service's among them.
        """
        claims: AccessClaims | RoomClaims = self._read(token, now, _OF_PEOPLE)
        return claims

    def read_caller(self, token: str, now: datetime) -> AccessClaims | RoomClaims | ShareClaims:
        """The same for calls over HTTP, which links to recordings make too."""
        claims: AccessClaims | RoomClaims | ShareClaims = self._read(token, now, _OF_CALLERS)
        return claims

    def read_service(self, token: str, now: datetime) -> ServiceClaims:
        """The same for a service's token. Raises NotSignedIn for all others."""
        claims: ServiceClaims = self._read(token, now, _OF_SERVICES)
        return claims

    def _read(self, token: str, now: datetime, kinds: frozenset[str]) -> Any:
        claims = self._check(token, kinds)
        if claims.expires_at <= now:
            raise _refused("This access token has expired: refresh it or sign in again.", "token_expired")
        return claims

    def _check_anew(self, token: str, kinds: frozenset[str]) -> AnyClaims:
        """What a token of one of these kinds says, whenever it ends."""
        kind, payload = self._verify(token, kinds)
        try:
            claims = _READERS[kind](payload, datetime.fromtimestamp(payload["exp"], UTC))
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            raise _refused("This access token is malformed.") from None
        if isinstance(claims, AccessClaims) and claims.token_id < self._ended_until:
            raise _refused("This session has ended: sign in again.", "session_ended")
        return claims

    def _sign(
        self, kind: str, payload: dict[str, Any], token_id: str, now: datetime, expires_at: datetime
    ) -> str:
        key = self._keyring.current
        frame = {"iss": ISSUER, "aud": AUDIENCE, "iat": int(now.timestamp()), "jti": token_id}
        payload = payload | frame | {"exp": int(expires_at.timestamp())}
        return jwt.encode(payload, key.secret, ALGORITHM, headers={"typ": kind, "kid": key.kid})

    def _verify(self, token: str, kinds: Container[str]) -> tuple[str, dict[str, Any]]:
        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            raise _refused("This access token is malformed.")
        try:
            header = jwt.get_unverified_header(token)
            key = self._keyring.find(header.get("kid"))
            kind = str(header.get("typ"))
            if key is None or kind not in _READERS:
                raise _refused("This access token was not made by this server.")
            if kind not in kinds:
                raise _refused("This address does not take that kind of token.", "wrong_kind_of_token")
            payload: dict[str, Any] = jwt.decode(
                token,
                key.secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            raise _refused("This access token is not valid.") from None
        return kind, payload


def room_claims(
    room_id: str, *, publish: bool, watch: bool, full_name: str, now: datetime, ttl: timedelta
) -> RoomClaims:
    """Describes a new room token that ends `ttl` from now."""
    return RoomClaims(room_id, full_name, publish, watch, new_id(), now + ttl)


def service_claims(*, name: str, create: bool, now: datetime, ttl: timedelta) -> ServiceClaims:
    """Describes a new service token that ends `ttl` from now."""
    return ServiceClaims(name, create, new_id(), now + ttl)


def _read_access(payload: dict[str, Any], expires_at: datetime) -> AccessClaims:
    rights = Rights(
        Role(payload["role"]),
        payload["verified"] is True,
        payload["watch_only"] is True,
        second_factor=payload.get("second_factor") is True,
    )
    return AccessClaims(
        user_id=str(payload["sub"]),
        email=str(payload["email"]),
        full_name=str(payload["name"]),
        session_id=str(payload["sid"]),
        rights=rights,
        token_id=str(payload["jti"]),
        expires_at=expires_at,
    )


def _read_room(payload: dict[str, Any], expires_at: datetime) -> RoomClaims:
    return RoomClaims(
        room_id=str(payload["room"]),
        full_name=str(payload["name"]),
        publish=payload["publish"] is True,
        watch=payload["watch"] is True,
        token_id=str(payload["jti"]),
        expires_at=expires_at,
    )


def _read_share(payload: dict[str, Any], expires_at: datetime) -> ShareClaims:
    return ShareClaims(
        recording_id=str(payload["recording"]),
        download=payload["download"] is True,
        token_id=str(payload["jti"]),
        expires_at=expires_at,
    )


def _read_service(payload: dict[str, Any], expires_at: datetime) -> ServiceClaims:
    return ServiceClaims(
        name=str(payload["name"]),
        create=payload["create"] is True,
        token_id=str(payload["jti"]),
        expires_at=expires_at,
    )


_READERS: dict[str, Reader[AnyClaims]] = {
    ACCESS_TYPE: _read_access,
    ROOM_TYPE: _read_room,
    SHARE_TYPE: _read_share,
    SERVICE_TYPE: _read_service,
}
_OF_PEOPLE = frozenset({ACCESS_TYPE, ROOM_TYPE})
_OF_CALLERS = _OF_PEOPLE | {SHARE_TYPE}
_OF_SERVICES = frozenset({SERVICE_TYPE})


def _refused(sentence: str, code: str = "token_invalid") -> NotSignedIn:
    return NotSignedIn(sentence, code=code)
