"""A running edge: its parts, and HTTP over them."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from vtp.edge.address import PREFIXES, ROUTES
from vtp.edge.door import Door
from vtp.edge.entry import Entry
from vtp.edge.media import EdgeMedia
from vtp.edge.origin import Origin
from vtp.edge.shelf import Shelf
from vtp.errors import Forbidden, StartupError, Unavailable
from vtp.http.client import Client, ClientResolver, is_in
from vtp.http.express import Express
from vtp.http.keys import CLIENT
from vtp.http.listening import Listening, bind
from vtp.http.metrics import HttpMetrics
from vtp.http.middleware import answer_preflights, put_headers, trace
from vtp.http.runner import Runner
from vtp.http.security import BrowserGuard
from vtp.ids import new_id
from vtp.key_files import open_key
from vtp.recording.grants import Grants
from vtp.settings import Settings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

CLOSE_CONNECTIONS_S = 1.0
IDLE_CONNECTION_S = 75.0
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Edge:
    """`close()` ends it in the reverse order of its start."""

    origin: str
    listening: Listening
    stack: AsyncExitStack

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listening.http_port

    async def close(self) -> None:
        """Closes everything."""
        await self.stack.aclose()


async def start_edge(settings: Settings, origin_url: str, memory_mib: int, ca_file: str = "") -> Edge:
    """Starts an edge of the server at `origin_url`; raises StartupError with one sentence."""
    async with AsyncExitStack() as stack:
        listening = Listening()
        stack.callback(listening.close)
        listening.http = bind(settings.http.host, settings.http.port, "http.port")
        grants = Grants(await asyncio.to_thread(_read_key, settings))
        name = f"{socket.gethostname().partition('.')[0]}-{new_id()[-12:]}"
        origin = Origin(origin_url, grants, name, ca_file)
        stack.push_async_callback(origin.close)
        await _greet(origin)
        tasks = Tasks()
        stack.push_async_callback(tasks.close)
        door = Door(grants, origin.report)
        tasks.start(door.run(), "who may watch")
        shelf = Shelf(origin.fetch, memory_mib * MEBIBYTE, tasks)
        metrics = HttpMetrics()
        metrics.add_numbers("vtp_edge_shelf", "What the edge has.", shelf.numbers, ("kept_bytes",))
        metrics.add_numbers("vtp_edge", "Whom the edge answers.", door.numbers)
        entry = Entry(door, origin.admit, settings.limits.requests_per_address_per_minute, tasks)
        await _serve(settings, EdgeMedia(shelf, door, entry), metrics, listening, stack)
        return Edge(origin.url, listening, stack.pop_all())


def _read_key(settings: Settings) -> bytes:
    folder = settings.secrets_folder()
    if not (folder / "media.key").is_file():
        raise StartupError(
            f"An edge needs the key of its origin: copy secrets/media.key of the origin's data folder to "
            f"{folder / 'media.key'}."
        )
    return open_key(folder, "media.key", if_deleted="copy that of the origin")


async def _greet(origin: Origin) -> None:
    """Finds out whether the origin has the same key; it may be away at the moment."""
    try:
        await origin.report([])
    except Unavailable as error:
        logger.warning("%s: %s", origin.url, error)


async def _serve(
    settings: Settings, media: EdgeMedia, metrics: HttpMetrics, listening: Listening, stack: AsyncExitStack
) -> None:
    resolver = ClientResolver(settings.http.trusted_proxies)
    guard = BrowserGuard([])
    middlewares: list[Any] = [trace(resolver, metrics), answer_preflights(guard)]
    app = web.Application(middlewares=middlewares)
    app.on_response_prepare.append(put_headers(guard, lambda: False))
    for route in ROUTES:
        app.router.add_get(route, media.handle)
    app.router.add_get("/edge/check", media.check)
    app.router.add_get("/health", _health)
    app.router.add_get("/metrics", _metrics(settings, metrics))
    sources = dict.fromkeys(PREFIXES, media.read)
    express = Express(sources, resolver, metrics, lambda client: True, lambda: False)
    runner = Runner(
        app,
        express=express,
        access_log=None,
        shutdown_timeout=CLOSE_CONNECTIONS_S,
        keepalive_timeout=IDLE_CONNECTION_S,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for one in listening.http:
        await web.SockSite(runner, one).start()


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _metrics(
    settings: Settings, metrics: HttpMetrics
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        client: Client = request[CLIENT]
        if not is_in(client.address, settings.http.metrics_from):
            raise Forbidden("Metrics are for the networks in http.metrics_from.", code="metrics_refused")
        body, content_type = metrics.render()
        return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return answer
