"""The web application's files from web/dist: hashed assets for ever, index.html for every page address."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from vtp.http.errors import respond_with_status

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

# Vite's names: `index-4f3a9c1b.js`, `inter-latin-BqPFSrZ9.woff2`.
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
# Under these nothing is a page: a wrong address there is a problem for a program.
RESERVED = ("/api/", "/whip/", "/whep/", "/live/", "/media/", "/socket.io/", "/sfu/", "/problems/")

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")


class Pages:
    """Serves the built pages; says how to build them when they are not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def middleware(self) -> Middleware:
        """Answers GETs that no route takes; runs after routing, so an API address always wins."""

        @web.middleware
        async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
            unrouted = isinstance(request.match_info.http_exception, web.HTTPNotFound)
            if not unrouted or request.method not in ("GET", "HEAD") or request.path.startswith(RESERVED):
                return await handler(request)
            return await self.respond(request) or await handler(request)

        return handle

    async def respond(self, request: web.Request) -> web.StreamResponse | None:
        """The file of this address, else the application for a browser, else None."""
        found = await asyncio.to_thread(self._find, request.path)
        if found is not None:
            return self._send(request, found, immutable=bool(_HASHED.search(found.name)))
        if request.path != "/" and "text/html" not in request.headers.get("Accept", ""):
            return None
        index = self._folder / "index.html"
        if not await asyncio.to_thread(index.is_file):
            return respond_with_status(
                request, 503, "The web pages are not built yet; run `make build`.", code="pages_not_built"
            )
        return self._send(request, index, immutable=False)

    def _find(self, path: str) -> Path | None:
        if "\x00" in path:
            return None
        try:
            candidate = (self._folder / path.lstrip("/")).resolve()
            if not candidate.is_relative_to(self._folder) or candidate.suffix in (".map", ".br", ".gz"):
                return None
            return candidate if candidate.is_file() else None
        except OSError:  # a name longer than any file's
            return None

    def _send(self, request: web.Request, path: Path, *, immutable: bool) -> web.FileResponse:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        cache = "public, max-age=31536000, immutable" if immutable else "no-cache"
        if kind.startswith("text/") and "charset" not in kind:
            kind += "; charset=utf-8"
        # FileResponse answers ranges and conditional requests, and sends `file.js.br` where it exists.
        return web.FileResponse(path, headers={"Content-Type": kind, "Cache-Control": cache})
