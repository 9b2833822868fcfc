"""What every request passes, declared route or not: id, log line, errors, TLS, CORS, headers."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from vtp.errors import VtpError
from vtp.http.client import Client, ClientResolver
from vtp.http.errors import respond_to_error, respond_with_status
from vtp.http.keys import CLIENT
from vtp.http.keys import REQUEST_ID as REQUEST_ID_KEY
from vtp.http.metrics import HttpMetrics
from vtp.http.security import HSTS, BrowserGuard
from vtp.http.shown_path import shown_path
from vtp.ids import new_id
from vtp.logs import REQUEST_ID

logger = logging.getLogger("vtp.http")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
SLOW_S = 5.0
REFUSALS = frozenset({400, 401, 403, 408, 413, 415, 422, 429})
"""Of credentials, rights, limits and input: logged, for who looks for attacks (OWASP ASVS 5.0, 16.3.3)."""
PROGRAMS = ("/api/", "/whip/", "/whep/", "/sfu/", "/socket.io/", "/metrics", "/media/")
PAGES_AMONG_THEM = ("/api/docs", "/problems/")
WAITING_ROUTES = frozenset({"/socket.io/"})
"""Answered when there is news, or when a WebSocket ends: that is no slowness."""


def trace(resolver: ClientResolver, metrics: HttpMetrics) -> Middleware:
    """The outermost: gives the request its id and client, turns errors into problems, logs and counts."""

    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Request-ID", "")
        request[REQUEST_ID_KEY] = given if given and _REQUEST_ID.fullmatch(given) else new_id()
        request[CLIENT] = resolver.resolve(request)
        token = REQUEST_ID.set(request[REQUEST_ID_KEY])
        started_s = time.perf_counter()
        try:
            response = await _guarded(request, handler)
            _log(request, response, time.perf_counter() - started_s, metrics)
            return response
        finally:
            REQUEST_ID.reset(token)

    return handle


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except VtpError as error:
        return respond_to_error(request, error)
    except web.HTTPException as error:
        return _respond_to_aiohttp(request, error)
    except (asyncio.CancelledError, ConnectionResetError):
        raise
    except Exception:
        logger.exception("%s %s failed.", request.method, shown_path(request))
        return respond_with_status(request, 500, code="internal_error")


def _respond_to_aiohttp(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:
        return web.Response(status=error.status, headers={"Location": error.headers["Location"]})
    if not isinstance(error, web.HTTPMethodNotAllowed):
        return respond_with_status(request, error.status)
    allowed = {"Allow": ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))}
    if request.method == "OPTIONS":  # RFC 9110 section 9.3.7: what may be done there
        return web.Response(status=204, headers=allowed)
    return respond_with_status(request, error.status, headers=allowed)


def _log(request: web.Request, response: web.StreamResponse, took_s: float, metrics: HttpMetrics) -> None:
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "unmatched"
    waits = route in WAITING_ROUTES and response.status < 400
    if not waits:
        metrics.observe(request.method, route, response.status, took_s)
    level = logging.DEBUG if response.status < 500 and (waits or took_s < SLOW_S) else logging.WARNING
    if response.status in REFUSALS:
        level = logging.INFO
    if not logger.isEnabledFor(level):
        return
    client: Client = request[CLIENT]
    logger.log(
        level,
        "%s %s from %s: %d %s in %.0f ms",
        request.method,
        shown_path(request),
        client.address,
        response.status,
        response.reason or "",
        took_s * 1000,
    )


def comes_safely(client: Client) -> bool:
    """By TLS, or from this machine."""
    return client.secure or client.local


def calls_local_host(client: Client) -> bool:
    """Whether the server was called by a name of the machine itself."""
    name = client.host_name.lower()
    return name in ("localhost", "127.0.0.1", "[::1]") or name.endswith(".localhost")


def require_tls(https_port: Callable[[], int]) -> Middleware:
    """For every `tls` but off: plain HTTP serves this machine; pages from elsewhere go to the TLS port.

    Other calls from elsewhere are refused, not redirected: their tokens have already crossed the network in
    clear, and a client that is silently redirected would go on doing so. `/health`, `/ready` hold no secret.
    """

    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        client: Client = request[CLIENT]
        if comes_safely(client) or request.path in ("/health", "/ready"):
            return await handler(request)
        target = f"https://{client.host_name}:{https_port()}"
        if is_page(request):
            raise web.HTTPTemporaryRedirect(f"{target}{request.path_qs}")
        return respond_with_status(
            request, 403, f"Plain HTTP serves this machine only; call {target} instead.", code="tls_required"
        )

    return handle


def is_page(request: web.Request) -> bool:
    """Tells what people open in a browser from what programs call (OWASP ASVS 5.0, 4.1.2)."""
    path = request.path
    if path.startswith(PROGRAMS) and not path.startswith(PAGES_AMONG_THEM):
        return False
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")


def require_local_host() -> Middleware:
    """For `--open-rooms`: refuses foreign host names, so that no web page reaches it by DNS rebinding."""

    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        client: Client = request[CLIENT]
        if calls_local_host(client):
            return await handler(request)
        return respond_with_status(
            request, 421, "With open rooms this server answers as localhost only.", code="not_localhost"
        )

    return handle


def answer_preflights(guard: BrowserGuard) -> Middleware:
    """Answers CORS preflights before any route sees them."""

    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        if guard.is_preflight(request):
            return guard.answer_preflight(request)
        return await handler(request)

    return handle


def put_headers(
    guard: BrowserGuard, lasting_tls: Callable[[], bool]
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Makes the signal handler that puts request id, security and CORS headers on every response.

    `lasting_tls` tells whether the certificate is one that browsers accept, so that HSTS may bind them to it.
    """

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Request-ID"] = request.get(REQUEST_ID_KEY, "")
        client: Client | None = request.get(CLIENT)
        if client is None:
            return
        guard.add_headers(request, response.headers)
        if client.secure and lasting_tls():
            response.headers["Strict-Transport-Security"] = HSTS
        response.headers.popall("Server", None)

    return prepare
