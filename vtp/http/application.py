"""Builds the aiohttp application from route tables: middleware in its order, routes, pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from vtp.http.acme.challenges import answer_challenges
from vtp.http.client import Client, ClientResolver
from vtp.http.dispatch import Dispatcher
from vtp.http.express import Express, Source
from vtp.http.metrics import HttpMetrics
from vtp.http.middleware import (
    answer_preflights,
    calls_local_host,
    comes_safely,
    put_headers,
    require_local_host,
    require_tls,
    trace,
)
from vtp.http.pages import Pages
from vtp.http.route_tree import RouteTree
from vtp.http.routing import Access, RouteTable
from vtp.http.security import BrowserGuard
from vtp.http.shown_path import path_with_token
from vtp.settings import Settings


@dataclass(frozen=True, slots=True)
class HttpParts:
    """What the application is made of; `https_port` gives 0 while plain HTTP serves everybody.

    `challenge_tokens`: what an authority that validates our name may read, by token (`http.tls = "acme"`).
    """

    settings: Settings
    dispatcher: Dispatcher
    guard: BrowserGuard
    metrics: HttpMetrics
    pages: Pages
    https_port: Callable[[], int]
    lasting_tls: Callable[[], bool]
    challenge_tokens: Mapping[str, str] = field(default_factory=dict)


def build_application(parts: HttpParts, tables: Sequence[RouteTable]) -> web.Application:
    """Mounts every route of every table; raises ValueError for two routes of the same method and path."""
    app = web.Application(middlewares=_middlewares(parts))
    app.on_response_prepare.append(put_headers(parts.guard, parts.lasting_tls))
    tree = RouteTree()
    for table in tables:
        for route in table.routes:
            handler = parts.dispatcher.handler_of(route)
            paths = [route.path]
            if route.access is Access.SERVICE:
                paths.append(path_with_token(route.path))
            for path in paths:
                tree.add(route.method, path, handler)
                if route.method == "GET":
                    tree.add("HEAD", path, handler)
    app.router.register_resource(tree)
    return app


def build_express(parts: HttpParts, sources: Mapping[str, Source]) -> Express:
    """What answers past the application, for those whom its middleware would let through."""
    http = parts.settings.http
    admits = calls_local_host if parts.settings.rooms.open else _admits_all
    if not parts.settings.rooms.open and http.tls != "off" and parts.https_port():
        admits = comes_safely
    return Express(sources, ClientResolver(http.trusted_proxies), parts.metrics, admits, parts.lasting_tls)


def _admits_all(client: Client) -> bool:
    return True


def _middlewares(parts: HttpParts) -> list[Any]:
    http = parts.settings.http
    chain: list[Any] = [trace(ClientResolver(http.trusted_proxies), parts.metrics)]
    if http.tls == "acme":
        chain.append(answer_challenges(parts.challenge_tokens))
    if parts.settings.rooms.open:
        chain.append(require_local_host())
    elif http.tls != "off" and parts.https_port():
        chain.append(require_tls(parts.https_port))
    chain += [answer_preflights(parts.guard), parts.pages.middleware()]
    return chain
