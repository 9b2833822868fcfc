"""Routes that belong to no feature: health, readiness, metrics, what server this is, its documentation."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from vtp import __version__
from vtp.doors import Doors
from vtp.errors import Forbidden, NotFound, Unavailable, VtpError
from vtp.http.client import Client, is_in, is_loopback_host
from vtp.http.errors import SENTENCES, problem_of, problem_response
from vtp.http.etags import etag_of, matches_none
from vtp.http.identity import Role
from vtp.http.keys import CLIENT
from vtp.http.metrics import HttpMetrics
from vtp.http.openapi import build_document
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.settings import Settings

Check = Callable[[], Awaitable[None]]
DOCS = Path(__file__).parent / "docs"
CHECK_TIMEOUT_S = 3.0
_DOC_TYPES = {"docs.html": "text/html", "docs.css": "text/css", "docs.js": "text/javascript"}


class Health(BaseModel):
    """The process runs and its event loop answers."""

    status: Literal["ok"] = "ok"
    version: str = __version__


class Ready(BaseModel):
    """Everything that classes need works."""

    status: Literal["ready"] = "ready"
    checks: dict[str, str]


class ServerInfo(BaseModel):
    """What the pages must know before anybody signs in."""

    name: str
    version: str
    open_rooms: bool
    registration: bool
    mail: Annotated[bool, Field(description="Mails are sent; without, administrators pass links on.")]
    approval: Annotated[
        Literal["mail", "admin"], Field(description="What lets a new account in: a mail, or an admin.")
    ]
    password_min_length: int
    public_url: Annotated[
        str, Field(description="What links begin with, as `http.public_url` says; empty where it is not set.")
    ]


@dataclass(frozen=True, slots=True)
class SystemParts:
    """What the system routes look at."""

    settings: Settings
    doors: Doors
    metrics: HttpMetrics
    checks: Mapping[str, Check]


def build_routes(parts: SystemParts) -> RouteTable:
    """Health, readiness, metrics and `/api/v1/server`."""
    table = RouteTable("system", "How the server is.")
    _add_health(table, parts)
    _add_metrics(table, parts)
    info = ServerInfo(
        name="vtp",
        version=__version__,
        open_rooms=parts.settings.rooms.open,
        registration=parts.settings.accounts.registration == "open",
        mail=parts.settings.mail.sends,
        approval=parts.settings.accounts.approval,
        password_min_length=parts.settings.accounts.password_min_length,
        public_url=parts.settings.http.public_url,
    )

    @table.get("/api/v1/server", access=Access.PUBLIC, reply=ServerInfo, summary="What server this is")
    async def get_server(call: Call) -> ServerInfo:
        return info

    return table


def _add_health(table: RouteTable, parts: SystemParts) -> None:
    options = {"access": Access.PUBLIC, "limit": Limit.PLAYBACK}  # asked often, by machines

    @table.get("/health", reply=Health, summary="Whether the process answers", **options)
    async def get_health(call: Call) -> Health:
        return Health()

    @table.get("/ready", reply=Ready, errors=(503,), summary="Whether classes can be held", **options)
    async def get_ready(call: Call) -> Ready | web.StreamResponse:
        results = await run_checks(parts.checks)
        if parts.doors.closed:
            results["doors"] = "The server is draining and starts no new classes."
        failed = {name: reason for name, reason in results.items() if reason != "ok"}
        if not failed:
            return Ready(checks=results)
        detail = " ".join(failed.values())
        problem = problem_of(503, detail, code="not_ready", instance="/ready", request_id=call.request_id)
        return problem_response(problem | {"checks": results}, {"Retry-After": "5"})


async def run_checks(checks: Mapping[str, Check]) -> dict[str, str]:
    """What each says: `ok`, or a sentence."""
    return dict(zip(checks, await asyncio.gather(*map(_run, checks.values())), strict=True))


async def _run(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except VtpError as error:
        return error.detail
    except TimeoutError:
        return f"It did not answer within {CHECK_TIMEOUT_S:g} s."
    return "ok"


def _add_metrics(table: RouteTable, parts: SystemParts) -> None:
    networks = parts.settings.http.metrics_from

    @table.get(
        "/metrics",
        access=Access.MEDIA,
        limit=Limit.PLAYBACK,
        reply_types=("text/plain",),
        errors=(403,),
        summary="Prometheus metrics, for `http.metrics_from` and admins",
    )
    async def get_metrics(call: Call) -> web.Response:
        client: Client = call.request[CLIENT]
        caller = call.principal_or_none
        by_network = is_in(client.address, networks) and (
            client.local or not is_loopback_host(client.address)
        )
        if not by_network and not (caller and caller.role is Role.ADMIN):
            raise Forbidden("Metrics are for http.metrics_from and admins.", code="metrics_refused")
        body, content_type = parts.metrics.render()
        return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def build_documentation(tables: Sequence[RouteTable], *, open_rooms: bool = False) -> RouteTable:
    """The OpenAPI document of `tables` and of itself, and the page that shows it."""
    table = RouteTable("documentation", "This API, described.")
    described = [*tables, table]
    rendered: list[bytes] = []

    @table.get(
        "/api/openapi.json",
        access=Access.PUBLIC,
        reply_types=("application/json",),
        also=(304,),
        summary="This document (OpenAPI 3.1)",
    )
    async def get_openapi(call: Call) -> web.Response:
        if not rendered:
            document = await asyncio.to_thread(build_document, described, open_rooms=open_rooms)
            rendered.append(json.dumps(document, ensure_ascii=False).encode())
        headers = {"Cache-Control": "no-cache", "ETag": etag_of(rendered[0])}
        if matches_none(call.request, headers["ETag"]):
            return web.Response(status=304, headers=headers)
        return web.Response(body=rendered[0], content_type="application/json", headers=headers)

    @table.get("/api/docs", access=Access.PUBLIC, summary="The readable page", hidden=True)
    async def get_docs(call: Call) -> web.Response:
        return await _send_doc("docs.html")

    @table.get("/api/docs/{name}", access=Access.PUBLIC, summary="An asset of the page", hidden=True)
    async def get_docs_asset(call: Call) -> web.Response:
        return await _send_doc(call.path["name"])

    @table.get("/problems/{slug}", access=Access.PUBLIC, summary="What a problem means", hidden=True)
    async def get_problem(call: Call) -> web.Response:
        return web.Response(text=_explain(call.path["slug"]), headers={"Cache-Control": "max-age=3600"})

    return table


async def _send_doc(name: str) -> web.Response:
    if name not in _DOC_TYPES:
        raise NotFound("There is no such file of the documentation.")
    body = await asyncio.to_thread((DOCS / name).read_bytes)
    headers = {"Cache-Control": "no-cache"}
    return web.Response(body=body, content_type=_DOC_TYPES[name], charset="utf-8", headers=headers)


def _explain(slug: str) -> str:
    sentences = {problem_of(status, "")["type"]: sentence for status, sentence in SENTENCES.items()}
    general = (
        "The `detail` of the problem says what happened and what to do; `errors` names the fields at fault."
    )
    return f"{sentences.get(f'/problems/{slug}', general)}\n\nAll errors are described at /api/docs.\n"


def check_disk(folder: Path, min_free_bytes: int) -> Check:
    """A check that the data folder is there and its disk has room left."""

    async def check() -> None:
        try:
            free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
        except OSError as error:
            raise Unavailable(f"The data folder cannot be read: {error.strerror}.") from error
        if free < min_free_bytes:
            raise Unavailable(
                f"Only {free // 1_000_000} MB are free on the disk of the data folder; free some space."
            )

    return check
