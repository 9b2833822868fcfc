"""The composition root: builds every service once, wires the routes, starts, and closes in reverse order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from vtp.accounts.build import Accounts
from vtp.accounts.routes import build_routes as account_routes
from vtp.accounts.user_routes import build_routes as user_routes
from vtp.control import ControlServer, Drain
from vtp.data_folder import open_data_folder
from vtp.db import Database
from vtp.doors import Doors
from vtp.http.application import HttpParts, build_application
from vtp.http.dispatch import Dispatcher
from vtp.http.idempotency import IdempotencyStore
from vtp.http.identity import Authenticator, OpenDoor
from vtp.http.listening import Listening, bind, reaches_beyond_this_machine
from vtp.http.metrics import HttpMetrics
from vtp.http.pages import Pages
from vtp.http.routing import RouteTable
from vtp.http.security import BrowserGuard
from vtp.http.system import Check, SystemParts, build_documentation, check_disk
from vtp.http.system import build_routes as system_routes
from vtp.http.throttle import Throttle
from vtp.http.tls import ServerTls, open_tls, own_names
from vtp.settings import Settings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

WEB_DIST = Path(__file__).resolve().parent.parent / "web" / "dist"
CLOSE_CONNECTIONS_S = 1.0  # of the 5 s that SIGTERM gives; the rest is for finalizing recordings
OPEN_ROOMS_HOST = "localhost"


@dataclass(slots=True)
class Services:
    """Every service of the process, as the routes and tests need them."""

    settings: Settings
    database: Database
    accounts: Accounts
    doors: Doors
    metrics: HttpMetrics
    tasks: Tasks
    checks: dict[str, Check]
    tables: list[RouteTable]
    authenticator: Authenticator
    active_rooms: Callable[[], int]


class Server:
    """A running vtp. Made by `start_server`; `close()` ends it in the reverse order of its start."""

    def __init__(
        self, services: Services, listening: Listening, tls: ServerTls | None, setup_token: str | None
    ) -> None:
        self.services = services
        self.listening = listening
        self.tls = tls
        self.setup_token = setup_token
        self.stopping = asyncio.Event()
        self._stack = AsyncExitStack()

    def keep(self, stack: AsyncExitStack) -> None:
        """Takes over what must be closed."""
        self._stack = stack

    def stop(self) -> None:
        """Asks for the end; `wait()` returns."""
        self.stopping.set()

    async def wait(self) -> None:
        """Returns when somebody asked for the end: a signal, a drain."""
        await self.stopping.wait()

    async def close(self) -> None:
        """Closes everything; a part that fails to close does not keep the others open."""
        await self._stack.aclose()


async def start_server(settings: Settings) -> Server:
    """Starts everything in order; raises StartupError with one sentence, with nothing left open."""
    async with AsyncExitStack() as stack:
        folder = await asyncio.to_thread(open_data_folder, settings.data_dir)
        stack.callback(folder.close)
        listening, tls = _open_sockets(settings, stack)
        services = await _build_services(settings, stack)
        runner = await _serve(services, listening, tls, stack)
        setup_token = None if settings.rooms.open else await services.accounts.administration.open_setup()
        server = Server(services, listening, tls, setup_token)
        drain = Drain(services.doors.close, services.active_rooms, server.stop, settings.drain_timeout_s)
        control = await ControlServer.open(folder.path, {"drain": drain.run})
        stack.push_async_callback(control.close)
        folder.describe_server(
            {"http_port": listening.http_port, "https_port": listening.https_port, "host": settings.http.host}
        )
        stack.push_async_callback(_stop_listening, runner)
        server.keep(stack.pop_all())
    return server


def _open_sockets(settings: Settings, stack: AsyncExitStack) -> tuple[Listening, ServerTls | None]:
    """Binds the ports and reads the certificate before anything slow is begun."""
    http = settings.http
    host = OPEN_ROOMS_HOST if settings.rooms.open else http.host
    listening = Listening()
    stack.callback(listening.close)
    listening.http = bind(host, http.port, "http.port")
    with_tls = http.tls != "off" and not settings.rooms.open
    if not with_tls or (http.tls == "auto" and not reaches_beyond_this_machine(host)):
        return listening, None
    tls = open_tls(settings, own_names(http.public_url))
    listening.https = bind(host, http.tls_port, "http.tls_port")
    return listening, tls


async def _build_services(settings: Settings, stack: AsyncExitStack) -> Services:
    """Opens the database and builds the services on it, in the order they need each other."""
    tasks = Tasks()
    doors = Doors()
    metrics = HttpMetrics()
    database = await Database.open(settings.database_url())
    stack.push_async_callback(database.close)
    accounts = await asyncio.to_thread(Accounts.build, database, settings, rotate_keys=True)
    stack.callback(accounts.close)
    await accounts.start()
    stack.push_async_callback(tasks.close)
    authenticator: Authenticator = accounts.authenticator
    if settings.rooms.open:
        authenticator = OpenDoor(authenticator)
    checks: dict[str, Check] = {
        "database": database.check,
        "disk": check_disk(settings.data_dir, settings.recording.min_free_bytes),
    }
    tables = [
        account_routes(accounts.service, accounts.administration),
        user_routes(accounts.administration),
    ]
    return Services(
        settings=settings,
        database=database,
        accounts=accounts,
        doors=doors,
        metrics=metrics,
        tasks=tasks,
        checks=checks,
        tables=tables,
        authenticator=authenticator,
        active_rooms=lambda: 0,
    )


async def _serve(
    services: Services, listening: Listening, tls: ServerTls | None, stack: AsyncExitStack
) -> web.AppRunner:
    """Mounts the routes and opens the doors."""
    settings = services.settings
    application = build_http(services, lambda: listening.https_port, tls)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_CONNECTIONS_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for one in listening.http:
        await web.SockSite(runner, one).start()
    for one in listening.https:
        await web.SockSite(runner, one, ssl_context=tls.context if tls else None).start()
    services.tasks.start(services.metrics.watch_loop(), "event loop watch")
    if tls is not None:
        services.tasks.start(tls.watch(), "TLS files watch")
    logger.debug("Serving %s.", settings.data_dir)
    return runner


def build_http(services: Services, https_port: Callable[[], int], tls: ServerTls | None) -> web.Application:
    """The HTTP application over built services; also what the route-walking test looks at."""
    settings = services.settings
    guard = BrowserGuard(settings.http.cors_origins, settings.http.public_url)
    dispatcher = Dispatcher(
        settings,
        services.authenticator,
        Throttle(settings.limits),
        guard,
        IdempotencyStore(services.database),
        services.doors,
    )
    parts = HttpParts(
        settings=settings,
        dispatcher=dispatcher,
        guard=guard,
        metrics=services.metrics,
        pages=Pages(WEB_DIST),
        https_port=https_port,
        lasting_tls=tls is not None and not tls.files.self_made,
    )
    return build_application(parts, all_tables(services))


def all_tables(services: Services) -> list[RouteTable]:
    """Every route table of the process, the documentation of the others last."""
    system = system_routes(SystemParts(services.settings, services.doors, services.metrics, services.checks))
    tables = [system, *services.tables]
    return [*tables, build_documentation(tables)]


async def _stop_listening(runner: web.AppRunner) -> None:
    for site in list(runner.sites):
        await site.stop()
