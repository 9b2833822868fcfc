"""The way of pages and signalling: a secure origin, WebSockets through whatever stands before, the clock."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.probes import one_line
from vtp.http.client import is_loopback_host
from vtp.http.listening import reaches_beyond_this_machine
from vtp.settings import HttpSettings

LIMIT_S = 4.0
SKEW_S = 5.0
BAD_SKEW_S = 60.0
CHECKS = "/api/v1/connection-checks"
_SOCKET = "/socket.io/?EIO=4&transport="


def judge_origin(http: HttpSettings, *, open_rooms: bool) -> Finding:
    """Browsers give camera and microphone to https pages and to localhost only (W3C Secure Contexts)."""
    shown = "Secure origin"
    if http.public_url.startswith("http://") and not is_loopback_host(
        urlsplit(http.public_url).hostname or ""
    ):
        return Finding(
            Topic.WEB,
            shown,
            State.WRONG,
            f"{http.public_url} is not https, and browsers give camera and microphone to https pages only.",
            "VTP_HTTP__PUBLIC_URL=https://… with http.tls = auto or files, or a proxy with TLS before it",
        )
    if open_rooms or not reaches_beyond_this_machine(http.host):
        meaning = "Pages are for this machine only (localhost), which browsers treat as secure."
        if http.public_url:
            meaning = f"A proxy is expected to bring people from {http.public_url} to this machine."
        return Finding(Topic.WEB, shown, State.GOOD, meaning)
    if http.tls == "off" and not http.public_url:
        return Finding(
            Topic.WEB,
            shown,
            State.WRONG,
            "Pages go out by plain http, where browsers give neither camera nor microphone.",
            "VTP_HTTP__TLS=auto, or a proxy with TLS and VTP_HTTP__PUBLIC_URL=https://<name>",
        )
    return Finding(
        Topic.WEB, shown, State.GOOD, "People open pages by https, so cameras and microphones work."
    )


@dataclass(frozen=True, slots=True)
class WebTried:
    """What came of opening the page's connections at `url`; a failure is a sentence's middle."""

    url: str
    socket_failure: str = ""
    polling: bool = False
    page_failure: str = ""
    date: dt.datetime | None = None
    server: Mapping[str, Any] | None = None


async def try_web(url: str) -> WebTried:
    """Asks what server it is, opens a WebSocket as Socket.IO does, and polls; takes any certificate."""
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(base_url=url, timeout=timeout, connector=connector) as session:
        page, date, server = await _ask_server(session)
        if page:
            return WebTried(url, page_failure=page)
        failure, polling = await asyncio.gather(_open_socket(session), _poll(session))
        return WebTried(url, failure, polling, "", date, server)


async def _ask_server(
    session: aiohttp.ClientSession,
) -> tuple[str, dt.datetime | None, Mapping[str, Any] | None]:
    try:
        async with session.get("/api/v1/server") as answer:
            if answer.status != 200 or "json" not in answer.content_type:
                return f"it answers with status {answer.status}, which is not vtp", None, None
            date = answer.headers.get("Date")
            return "", parsedate_to_datetime(date) if date else None, await answer.json()
    except TimeoutError:
        return "no answer in time", None, None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return one_line(error), None, None


async def _open_socket(session: aiohttp.ClientSession) -> str:
    try:
        async with session.ws_connect(f"{_SOCKET}websocket") as socket:
            first = await socket.receive_str(timeout=LIMIT_S)
    except aiohttp.WSServerHandshakeError as error:
        return f"status {error.status}"
    except TimeoutError:
        return "no answer in time"
    except (aiohttp.ClientError, OSError, TypeError) as error:
        return one_line(error)
    return "" if first.startswith("0") else "an answer that is not vtp's"


async def _poll(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get(f"{_SOCKET}polling") as answer:
            return answer.status == 200 and (await answer.text()).startswith("0")
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


def judge_web(tried: WebTried) -> list[Finding]:
    """Page and WebSocket at one address."""
    shown = f"Pages at {tried.url}"
    if tried.page_failure:
        return [
            Finding(
                Topic.WEB,
                shown,
                State.WRONG,
                f"vtp does not answer there ({tried.page_failure}).",
                "Start vtp (systemctl start vtp), open the TCP port, and look whether the proxy passes on to "
                "http.port",
            )
        ]
    version = (tried.server or {}).get("version", "")
    found = [Finding(Topic.WEB, shown, State.GOOD, f"vtp {version} answers there.")]
    socket = f"WebSocket at {tried.url}"
    if not tried.socket_failure:
        return [*found, Finding(Topic.WEB, socket, State.GOOD, "What happens in a class arrives at once.")]
    slow = (
        " Classes go on by polling, slower and at more cost."
        if tried.polling
        else " Classes cannot be entered."
    )
    return [
        *found,
        Finding(
            Topic.WEB,
            socket,
            State.NOTE if tried.polling else State.WRONG,
            f"The way to the server lets no WebSocket through ({tried.socket_failure}).{slow}",
            "In nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header "
            'Connection "upgrade";',
        ),
    ]


async def try_ready(url: str) -> Mapping[str, str]:
    """The checks of `/ready` by name; each is `ok` or a sentence. Raises OSError when there is no answer."""
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    async with aiohttp.ClientSession(base_url=url, timeout=timeout) as session:
        try:
            async with session.get("/ready") as answer:
                checks: Mapping[str, str] = (await answer.json(content_type=None))["checks"]
                return checks
        except (aiohttp.ClientError, KeyError, TypeError, ValueError) as error:
            raise OSError(one_line(error)) from error


def judge_ready(checks: Mapping[str, str]) -> Finding:
    """Whether the running server would hold a class now."""
    failed = [reason for reason in checks.values() if reason != "ok"]
    if not failed:
        return Finding(Topic.SERVER, "Readiness", State.GOOD, "It is ready for classes.")
    return Finding(
        Topic.SERVER,
        "Readiness",
        State.WRONG,
        f"It holds no new classes: {' '.join(failed)}",
        "journalctl -u vtp says more; once that is cured it is ready by itself",
    )


def judge_skew(theirs: dt.datetime | None, ours: dt.datetime) -> list[Finding]:
    """The difference between a server's clock and this machine's."""
    if theirs is None:
        return []
    skew_s = abs((theirs - ours).total_seconds())
    if skew_s <= SKEW_S:
        return [Finding(Topic.WEB, "Clocks of server and this machine", State.GOOD, "They agree.")]
    return [
        Finding(
            Topic.WEB,
            "Clocks of server and this machine",
            State.WRONG if skew_s > BAD_SKEW_S else State.NOTE,
            f"They are {skew_s:.0f} s apart, so sign-ins and links may end too early or too late.",
            "timedatectl set-ntp true (on the one that is wrong)",
        )
    ]


async def ask_for_check(url: str) -> Mapping[str, Any]:
    """A transport of that server to knock at. Raises OSError or ValueError when it gives none."""
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(base_url=url, timeout=timeout, connector=connector) as session:
        try:
            async with session.post(CHECKS, json={}) as answer:
                body: Mapping[str, Any] = await answer.json()
                if answer.status != 201:
                    raise ValueError(f"status {answer.status}: {body.get('detail', '')}")
                return body
        except aiohttp.ClientError as error:
            raise OSError(one_line(error)) from error
