"""Turns declared routes into handlers: who calls, how often, with what; then the handler; then the answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel

from vtp.db.carried import carrying
from vtp.doors import Doors
from vtp.errors import CodeMissing, Forbidden, Gone, NotSignedIn, RateLimited, Unavailable, VtpError
from vtp.http.bodies import read_body
from vtp.http.client import Client
from vtp.http.etags import etag_of, json_of, matches_none
from vtp.http.idempotency import HEADER, read_key, ticket_of
from vtp.http.identity import Authenticator, Principal, second_factor_required
from vtp.http.keys import CLIENT, PRINCIPAL
from vtp.http.routing import Access, Call, Limit, Route
from vtp.http.security import BrowserGuard
from vtp.http.throttle import Throttle
from vtp.http.validation import JSON_TYPE, check_content_type, parse_body, parse_query, read_path
from vtp.http.written import WrittenPage
from vtp.settings import Settings

if TYPE_CHECKING:
    from vtp.http.idempotency import IdempotencyStore

logger = logging.getLogger(__name__)

AioHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NoteRefusal = Callable[[web.Request, str, Forbidden], Awaitable[None]]  # request, "METHOD path", why


class Dispatcher:
    """Everything that happens between the router and a route's handler."""

    def __init__(
        self,
        settings: Settings,
        authenticator: Authenticator,
        throttle: Throttle,
        guard: BrowserGuard,
        idempotency: IdempotencyStore | None,
        doors: Doors,
        note_refusal: NoteRefusal | None = None,
        services: Authenticator | None = None,
    ) -> None:
        self._settings = settings
        self._authenticator = authenticator
        self._throttle = throttle
        self._guard = guard
        self._idempotency = idempotency
        self._doors = doors
        self._note_refusal = note_refusal
        self._services = services

    def handler_of(self, route: Route) -> AioHandler:
        """The aiohttp handler of a route."""

        async def handle(request: web.Request) -> web.StreamResponse:
            client: Client = request[CLIENT]
            try:
                return await self._handle(route, request, client)
            except Forbidden as error:
                if self._note_refusal is not None:
                    await self._note_refusal(request, f"{route.method} {route.path}", error)
                raise

        return handle

    async def _handle(self, route: Route, request: web.Request, client: Client) -> web.StreamResponse:
        principal = await self._identify(route, request)
        if principal is not None:
            request[PRINCIPAL] = principal
        self._throttle.admit_address(route.limit, client.address, principal)
        if principal is None or principal.from_cookie or "Authorization" not in request.headers:
            self._guard.refuse_foreign(request, client)
        self._throttle.admit(route.limit, client.address, principal)
        _check_access(route, principal)
        if not route.while_draining:
            self._doors.check()
        call = Call(request, self._settings, principal, read_path(request))
        if route.query is not None:
            call.query = parse_query(route.query, request)
        await self._receive(route, call)
        if route.limit is Limit.SIGN_IN and not (route.proven is not None and route.proven(call)):
            self._throttle.admit_stranger(client.address)
        response = await self._answer(route, call, client)
        for cookie in call.reply_cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

    async def _identify(self, route: Route, request: web.Request) -> Principal | None:
        if route.access is Access.SERVICE:
            return await self._services.authenticate(request) if self._services is not None else None
        try:
            return await self._authenticator.authenticate(request)
        except NotSignedIn:
            if route.access in (Access.PUBLIC, Access.MEDIA):
                return None  # an expired token must not keep anybody from signing in again
            raise

    async def _receive(self, route: Route, call: Call) -> None:
        """Reads the body of a route that takes one; others leave it unread."""
        if not route.takes_body:
            return
        if route.streamed:
            check_content_type(route, call.request, has_body=True)
            return
        http = self._settings.http
        limit = route.max_body_bytes or http.max_body_bytes
        call.raw = await read_body(call.request, limit, http.request_timeout_s)
        check_content_type(route, call.request, bool(call.raw))
        if route.body is not None:
            call.body = parse_body(route.body, call.raw, route.body_required)
        else:
            call.text = call.raw.decode("utf-8", "replace")

    async def _answer(self, route: Route, call: Call, client: Client) -> web.StreamResponse:
        key = read_key(call.request) if route.idempotent else None
        if key is None or self._idempotency is None:
            return await self._ask(route, call, client)
        caller = call.principal_or_none.limit_key if call.principal_or_none else f"address:{client.address}"
        ticket = ticket_of(key, caller, f"{route.method} {route.path}", call.request.path_qs, call.raw)
        claim = await self._idempotency.begin(ticket)
        if isinstance(claim, web.Response):
            return claim
        try:
            with carrying(claim.carry):
                response = await self._ask(route, call, client)
        except BaseException as error:
            # A refusal has changed nothing; of what was broken off the database knows.
            refused = isinstance(error, VtpError) and not isinstance(error, Unavailable)
            await self._idempotency.abandon(claim, refused=refused)
            raise
        if isinstance(response, web.Response):
            try:
                await self._idempotency.finish(claim, response)
            except Unavailable as error:  # it is done: to say otherwise would have it done twice
                logger.warning("An answer could not be kept for its %s: %s", HEADER, error.detail)
        return response

    async def _ask(self, route: Route, call: Call, client: Client) -> web.StreamResponse:
        """What the handler answers. What it refuses is a failed sign-in, where it is one; what is refused
        before has tried no password, and who is asked for a code has sent the right one."""
        try:
            return _render(route, call, await route.handler(call))
        except (CodeMissing, RateLimited, Unavailable):
            raise
        except VtpError as error:
            if route.limit is not Limit.LINK or isinstance(error, Gone):
                self._throttle.note_failure(route.limit, client.address, call.principal_or_none)
            raise


def _check_access(route: Route, principal: Principal | None) -> None:
    if route.access in (Access.PUBLIC, Access.MEDIA, Access.OPTIONAL):
        return
    if principal is None:
        raise NotSignedIn()
    if principal.recording is not None:
        raise Forbidden("This link opens one recording and nothing else: sign in.", code="recording_only")
    if principal.lacks_second_factor and not route.without_second_factor:
        raise second_factor_required()
    if route.access is Access.VERIFIED and not principal.verified:
        raise Forbidden(
            "Your account is waiting for approval: confirm your address or ask an administrator.",
            code="account_not_verified",
        )


def _render(route: Route, call: Call, result: object) -> web.StreamResponse:
    """Makes the response: a response passes as it is, a model becomes JSON, None an empty body."""
    if isinstance(result, web.StreamResponse):
        if not result.prepared:
            result.headers.update(call.reply_headers)
            result.headers.setdefault("Cache-Control", _caching(route))
        return result
    if result is None:
        headers = {"Cache-Control": _caching(route), **call.reply_headers}
        return web.Response(status=route.success_status, headers=headers)
    if isinstance(result, WrittenPage):
        return _render_body(route, call, result.page, result.body())
    if not isinstance(result, BaseModel):
        raise TypeError(
            f"{route.method} {route.path} gave a {type(result).__name__}, not a model or response"
        )
    return _render_body(route, call, result, json_of(result))


def _caching(route: Route) -> str:
    """What a browser may keep: nothing that was answered to somebody (OWASP ASVS 5.0, 14.3.2)."""
    return "no-cache" if route.access is Access.PUBLIC and route.method == "GET" else "no-store"


def _render_body(route: Route, call: Call, result: BaseModel, body: bytes) -> web.Response:
    headers = {"Cache-Control": _caching(route), "Content-Type": JSON_TYPE}
    cursor = result.__dict__.get("next_cursor")  # of a page; pydantic takes its time to say that it has none
    if cursor is not None:
        link = call.request.rel_url.update_query(cursor=cursor)
        headers["Link"] = f'<{link}>; rel="next"'  # RFC 8288
    if route.is_read:
        headers["ETag"] = call.reply_headers.get("ETag") or etag_of(body)
        if matches_none(call.request, headers["ETag"]):
            headers |= call.reply_headers
            del headers["Content-Type"]
            return web.Response(status=304, headers=headers)
    headers |= call.reply_headers
    return web.Response(status=route.status, body=body, headers=headers)
