"""Who is calling: the principal that authentication puts on a request, and the contract of authentication."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Protocol

from aiohttp import web

from vtp.errors import Forbidden


class Role(enum.StrEnum):
    """Roles of an account or a token; what each may do is decided by `accounts.permissions.can` alone."""

    ADMIN = "admin"
    TEACHER = "teacher"
    ASSISTANT = "assistant"
    STUDENT = "student"
    GUEST = "guest"

    @property
    def rank(self) -> int:
        """How far up it stands: nobody moderates a higher one."""
        return _RANKS.index(self)


_RANKS = (Role.GUEST, Role.STUDENT, Role.ASSISTANT, Role.TEACHER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request, as its token says it.

    `room` is set for a room token, which opens that room only; `publish` and `watch` are its rights and None
    elsewhere (the role decides). `user_id` is None for room tokens and for callers of `--open-rooms`.
    `from_cookie` is True when nothing but a cookie, or the open door itself, vouches for the caller: unsafe
    methods are then refused to foreign web pages (CSRF). `expires_at_s` (Unix time): when a room token ends,
    and with it whatever it was given; None for accounts, whose sessions outlive their access tokens.
    `lacks_second_factor`: the role demands one, and until it is set up nothing else is allowed.
    `recording` is set for a link to one recording, which opens that alone; `download`: to take home too.
    """

    user_id: str | None
    email: str
    full_name: str
    role: Role
    verified: bool
    room: str | None
    publish: bool | None
    watch: bool | None
    token_id: str
    session_id: str | None
    open_rooms: bool = False
    from_cookie: bool = False
    expires_at_s: float | None = None
    lacks_second_factor: bool = False
    recording: str | None = None
    download: bool = False

    @property
    def limit_key(self) -> str:
        """What rate limits count by: the account when there is one, else the token."""
        return f"user:{self.user_id}" if self.user_id else f"token:{self.token_id}"


WITHOUT_ACCOUNT = Principal(
    user_id=None,
    email="",
    full_name="",
    role=Role.GUEST,
    verified=True,
    room=None,
    publish=None,
    watch=None,
    token_id="",
    session_id=None,
)  # who comes by a link is this with what their token says


class Authenticator(Protocol):
    """Turns a request's credentials into a principal."""

    async def authenticate(self, request: web.Request) -> Principal | None:
        """Gives the caller, or None when the request carries no credentials at all.

        Raises NotSignedIn when it carries credentials that are not valid (expired, revoked, forged).
        """


class OpenDoor:
    """The authenticator of `--open-rooms`: who brings no token is a guest who may do what a teacher may."""

    def __init__(self, inner: Authenticator) -> None:
        self._inner = inner

    async def authenticate(self, request: web.Request) -> Principal | None:
        """The token's principal, or the guest."""
        return await self._inner.authenticate(request) or guest_of_open_rooms()


def guest_of_open_rooms() -> Principal:
    """The principal of a caller without a token while the server runs with `--open-rooms`."""
    return replace(
        WITHOUT_ACCOUNT,
        full_name="Guest",
        role=Role.TEACHER,
        token_id="open-rooms",
        open_rooms=True,
        from_cookie=True,
    )


def anybody() -> Principal:
    """Who calls without a token: they see what is public."""
    return replace(WITHOUT_ACCOUNT, token_id="anybody", from_cookie=True)


def second_factor_required() -> Forbidden:
    """What somebody is told whose role demands a second factor, until there is one."""
    return Forbidden(
        "Your role demands a second factor: set one up in your profile, then go on.",
        code="second_factor_required",
    )
