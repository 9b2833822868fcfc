"""Declares HTTP routes: a declaration mounts the handler, validates its input and writes its OpenAPI page."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel

from vtp.errors import NotSignedIn
from vtp.http.bodies import stream_body
from vtp.http.etags import IF_MATCH, etag_of_model, require_match, require_version
from vtp.http.identity import Principal
from vtp.http.keys import REQUEST_ID as REQUEST_ID_KEY
from vtp.settings import Settings

Handler = Callable[["Call"], Awaitable[Any]]
T = TypeVar("T")


class Access(enum.Enum):
    """Who gets as far as the handler; finer rights are `can(...)`'s, inside the services."""

    PUBLIC = "public"  # anybody; a valid token still names the caller
    OPTIONAL = "optional"  # anybody, as far as the thing is public; a token, if there, must be good
    SIGNED_IN = "signed_in"  # any valid token
    VERIFIED = "verified"  # a valid token of a verified or approved account, or a room token
    MEDIA = "media"  # the handler checks a media grant itself; a token, if there, names the caller
    SERVICE = "service"  # a service token, in the header or in the path, or a trusted address; nobody else


class Limit(enum.Enum):
    """Which rate limit counts a call (values: `limits` in the settings)."""

    GENERAL = "general"  # every call, per account and per address
    SIGN_IN = "sign_in"  # failed calls only, per address; the route tells who need not wait (`proven`)
    CONFIRM = "confirm"  # failed calls only, per account: passwords and codes of who is signed in
    LINK = "link"  # failed calls only, per address; what is right is never refused, as nobody can guess it
    REGISTER = "register"  # per address and hour
    RECOVER = "recover"  # per address and hour: what sends mails to who is not signed in
    REFRESH = "refresh"  # per address; each session is counted by itself, too
    MEDIA = "media"  # WHIP, WHEP and signalling, per token
    CHECK = "check"  # connection checks, per address and minute
    SFU = "sfu"  # a service's calls, per token
    PLAYBACK = "playback"  # playlists and segments: a class behind one NAT, so not counted here


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route; `path` is aiohttp's form (`/rooms/{room}`)."""

    method: str
    path: str
    handler: Handler
    tag: str
    summary: str
    access: Access = Access.SIGNED_IN
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    reply: type[BaseModel] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    raw_body: tuple[str, ...] = ()
    body_required: bool = True
    streamed: bool = False  # the handler reads the body as it comes (`Call.pieces`), and bounds it
    max_body_bytes: int | None = None
    reply_types: tuple[str, ...] = ()
    limit: Limit = Limit.GENERAL
    proven: Callable[[Call], bool] | None = None
    """With `Limit.SIGN_IN`: whether a call shows that no stranger makes it; others' failures are not its."""
    idempotent: bool = False
    while_draining: bool = True
    description: str = ""
    hidden: bool = False
    if_match: bool = (
        False  # the handler passes `Call.unless_changed` on to where the thing is locked and written
    )
    also: tuple[int, ...] = ()  # what else may be answered without being a problem: 204, 206, 303, 304
    without_second_factor: bool = False  # open also to who must set theirs up before anything else
    empty: bool = False  # answers `status` without a body, also where that is 200

    @property
    def success_status(self) -> int:
        """The status of a call that went well; without a body it is 204 unless another is declared."""
        has_body = self.reply is not None or bool(self.reply_types)
        return 204 if self.status == 200 and not has_body and not self.empty else self.status

    @property
    def is_read(self) -> bool:
        """Whether it answers with an entity tag, and 304 to who has that already."""
        return self.method == "GET" and self.reply is not None and self.status == 200

    @property
    def operation_id(self) -> str:
        """A stable name for generated clients, from the handler's name."""
        return getattr(self.handler, "__name__", "call")

    @property
    def takes_body(self) -> bool:
        """Whether the call may carry a body at all."""
        return self.body is not None or bool(self.raw_body)


@dataclass(slots=True)
class Call:
    """One request to one route, with everything already validated."""

    request: web.Request
    settings: Settings
    principal_or_none: Principal | None
    path: dict[str, str]
    body: Any = None
    query: Any = None
    text: str = ""
    raw: bytes = b""
    reply_headers: dict[str, str] = field(default_factory=dict)
    reply_cookies: list[str] = field(default_factory=list)

    @property
    def principal(self) -> Principal:
        """The caller; raises NotSignedIn when there is none."""
        if self.principal_or_none is None:
            raise NotSignedIn()
        return self.principal_or_none

    @property
    def remote(self) -> str:
        """The caller's IP address, seen through trusted proxies."""
        return self.request.remote or ""

    @property
    def request_id(self) -> str:
        """The id that is in the log and in every error of this request."""
        return str(self.request.get(REQUEST_ID_KEY, ""))

    def pieces(self, most_bytes: int) -> AsyncIterator[bytes]:
        """The body of a route that is `streamed`, as it comes, its Content-Encoding undone.

        Raises TooLarge beyond so many bytes, BodyTimeout when it stalls, MalformedBody where it is cut.
        """
        return stream_body(self.request, most_bytes, self.settings.http.request_timeout_s)

    def unless_changed(self, represent: Callable[[T], BaseModel]) -> Callable[[T], None]:
        """What raises PreconditionFailed for a thing that is not as the caller's `If-Match` says.

        To be called with the thing as it is, locked, within the transaction that changes it; `represent`
        makes what reads of it answer. Without the header it refuses nothing.
        """

        def check(current: T) -> None:
            if IF_MATCH in self.request.headers:
                require_match(self.request, etag_of_model(represent(current)))

        return check

    def unless_edited(self, version_of: Callable[[T], int]) -> Callable[[T], None]:
        """The same for a thing that counts its versions (`etag_of_version`)."""

        def check(current: T) -> None:
            require_version(self.request, version_of(current))

        return check


class RouteTable:
    """The routes of one feature; `app.py` mounts the tables of all features."""

    def __init__(self, tag: str, description: str = "") -> None:
        self.tag = tag
        self.description = description
        self.routes: list[Route] = []

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a GET route (HEAD is answered too); options are the fields of `Route`."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a POST route; one that answers 201 honours `Idempotency-Key` unless `idempotent=False`."""
        options.setdefault("idempotent", options.get("status") == 201 and not options.get("raw_body"))
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a PUT route."""
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a PATCH route."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares a DELETE route."""
        return self._declare("DELETE", path, options)

    def options(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares an OPTIONS route, where it says more than CORS does (WHIP's `Accept-Post`)."""
        return self._declare("OPTIONS", path, options)

    def _declare(self, method: str, path: str, options: dict[str, Any]) -> Callable[[Handler], Handler]:
        for name in ("errors", "raw_body", "reply_types", "also"):
            value: Sequence[Any] | str = options.get(name, ())
            options[name] = (value,) if isinstance(value, str) else tuple(value)

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method=method, path=path, handler=handler, tag=self.tag, **options))
            return handler

        return register
