"""The composition root: starts the parts in order, wires HTTP over the services, ends in reverse."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from aiohttp import web

from vtp.accounts.refusals import note_refusals
from vtp.atomic_files import remove_old_drafts
from vtp.control import ControlServer
from vtp.data_folder import DataFolder, open_data_folder
from vtp.drain import Drain
from vtp.faces import build_sockets, build_sources, build_tables
from vtp.http.acme.challenges import Challenges
from vtp.http.acme.folder import AcmeFolder
from vtp.http.acme.keeper import NUMBERS_STANDING, CertificateKeeper
from vtp.http.acme.wish import wish_of
from vtp.http.application import HttpParts, build_application, build_express
from vtp.http.dispatch import Dispatcher
from vtp.http.express import Express
from vtp.http.idempotency import IdempotencyStore
from vtp.http.listening import Listening, bind, reaches_beyond_this_machine
from vtp.http.own_urls import url_for_links
from vtp.http.pages import Pages
from vtp.http.runner import Runner
from vtp.http.security import BrowserGuard
from vtp.http.throttle import Throttle
from vtp.http.tls import ACME_FOLDER, TLS_FOLDER, ServerTls, open_tls, own_names
from vtp.operator_facts import OperatorFacts
from vtp.services import Services, build_services
from vtp.settings import Settings
from vtp.trust_files import check_trust_files

WEB_DIST = Path(__file__).resolve().parent.parent / "web" / "dist"
CLOSE_CONNECTIONS_S = 1.0  # of the 5 s that SIGTERM gives; the rest is for finalizing recordings
IDLE_CONNECTION_S = 75.0  # between requests, and for a request's head to arrive at all
OPEN_ROOMS_HOST = "localhost"


class Server:
    """A running vtp. Made by `start_server`; `close()` ends it in the reverse order of its start."""

    def __init__(
        self,
        services: Services,
        listening: Listening,
        tls: ServerTls | None,
        setup_token: str | None,
        application: web.Application,
        stopping: asyncio.Event,
        stack: AsyncExitStack,
    ) -> None:
        self.services = services
        self.application = application
        self.listening = listening
        self.tls = tls
        self.setup_token = setup_token
        self._stopping = stopping
        self._stack = stack

    async def wait(self) -> None:
        """Returns when a drain has asked for the end."""
        await self._stopping.wait()

    async def close(self) -> None:
        """Closes everything; a part that fails to close does not keep the others open."""
        await self._stack.aclose()


async def start_server(settings: Settings) -> Server:
    """Starts everything in order; raises StartupError with one sentence, with nothing left open."""
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(check_trust_files, settings)
        folder = await asyncio.to_thread(open_data_folder, settings.data_dir)
        stack.callback(folder.close)
        await asyncio.to_thread(_remove_drafts, settings)
        listening, tls = await asyncio.to_thread(_open_sockets, settings, stack)
        services = await build_services(settings, stack)
        services.accounts.links.settle(url_for_links(settings, listening))
        setup_token = None if settings.rooms.open else await services.accounts.administration.open_setup()
        application = await _open_http(services, listening, tls, stack)
        stopping = asyncio.Event()
        await _open_control(services, listening, folder, stopping, stack)
        folder.describe_server(_facts(settings, listening))
        return Server(services, listening, tls, setup_token, application, stopping, stack.pop_all())


def _remove_drafts(settings: Settings) -> None:
    """Of keys and certificates, by a process that was killed; what cannot be removed does no harm."""
    data = settings.data_dir
    for folder in (settings.secrets_folder(), data / TLS_FOLDER, data / ACME_FOLDER):
        with suppress(OSError):
            remove_old_drafts(folder)


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


def build_http(
    services: Services, listening: Listening, tls: ServerTls | None, challenges: Challenges | None
) -> tuple[web.Application, Express]:
    """The HTTP application over built services, and what answers past it."""
    settings = services.settings
    guard = BrowserGuard(settings.http.cors_origins, settings.http.public_url)
    dispatcher = Dispatcher(
        settings,
        services.authenticator,
        Throttle(settings.limits),
        guard,
        IdempotencyStore(services.database, services.accounts.sealer),
        services.doors,
        note_refusals(services.accounts.audit),
        services.service_authenticator,
    )
    parts = HttpParts(
        settings=settings,
        dispatcher=dispatcher,
        guard=guard,
        metrics=services.metrics,
        pages=Pages(WEB_DIST),
        https_port=lambda: listening.https_port,
        lasting_tls=lambda: _has_lasting_tls(settings, tls),
        challenge_tokens=challenges.tokens if challenges is not None else {},
    )
    application = build_application(parts, build_tables(services))
    return application, build_express(parts, build_sources(services))


def _has_lasting_tls(settings: Settings, tls: ServerTls | None) -> bool:
    """Whether browsers accept the certificate, ours or that of a proxy which people come by."""
    if tls is not None:
        return tls.lasting
    return settings.http.public_url.startswith("https://")


async def _open_http(
    services: Services, listening: Listening, tls: ServerTls | None, stack: AsyncExitStack
) -> web.Application:
    """Serves on the bound sockets, until the runner is cleaned up."""
    acme = tls is not None and services.settings.http.tls == "acme"
    challenges = Challenges(tls.context) if tls is not None and acme else None
    application, express = build_http(services, listening, tls, challenges)
    sockets = build_sockets(services)
    sockets.attach(application)
    runner = Runner(
        application,
        express=express,
        access_log=None,
        shutdown_timeout=CLOSE_CONNECTIONS_S,
        keepalive_timeout=IDLE_CONNECTION_S,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    stack.push_async_callback(sockets.close)
    for one in listening.http:
        await web.SockSite(runner, one).start()
    for one in listening.https:
        await web.SockSite(runner, one, ssl_context=tls.context if tls else None).start()
    services.tasks.start(services.metrics.watch_loop(), "event loop watch")
    if tls is not None:
        services.metrics.add_numbers("vtp_tls", "TLS.", tls.numbers)
        services.tasks.start(tls.watch(), "TLS files watch")
    if tls is not None and challenges is not None:
        _keep_certificate(services, tls, challenges)
    return application


def _keep_certificate(services: Services, tls: ServerTls, challenges: Challenges) -> None:
    """Begins once HTTP answers, which the validation of our name needs."""
    settings = services.settings
    folder = AcmeFolder(settings.data_dir / ACME_FOLDER)
    keeper = CertificateKeeper(wish_of(settings.http), folder, tls, challenges)
    services.metrics.add_numbers("vtp_acme", "Certificates by ACME.", keeper.numbers, NUMBERS_STANDING)
    services.tasks.start(keeper.run(), "certificate keeper")


async def _open_control(
    services: Services,
    listening: Listening,
    folder: DataFolder,
    stopping: asyncio.Event,
    stack: AsyncExitStack,
) -> None:
    timeout_s = services.settings.drain_timeout_s
    drain = Drain(services.doors.close, services.count_classes, stopping.set, timeout_s)
    facts = OperatorFacts(services.settings, listening, services.media, services.checks)
    control = await ControlServer.open(folder.path, {"drain": drain.run, "facts": facts.tell})
    stack.push_async_callback(control.close)


def _facts(settings: Settings, listening: Listening) -> dict[str, str | int]:
    return {
        "http_port": listening.http_port,
        "https_port": listening.https_port,
        "host": OPEN_ROOMS_HOST if settings.rooms.open else settings.http.host,
    }
