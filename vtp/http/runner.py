"""aiohttp's runner, but for what is ready and sent past it (`express`), and for its answers to what is no
HTTP: they would name its version, repeat what was sent, and have none of our header fields.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import web

from vtp.http.express import Express
from vtp.http.express_connection import ExpressConnection
from vtp.http.security import DATA_SECURITY_POLICY, FIXED_HEADERS


class Runner(web.AppRunner):
    """Runs an application whose connections are `_Connection`s."""

    def __init__(self, app: web.Application, *, express: Express | None = None, **options: Any) -> None:
        super().__init__(app, **options)
        self._express = express

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        server = _Server(made.request_handler, request_factory=made.request_factory, **made._kwargs)
        server.express = self._express
        return server


class _Server(web.Server):
    express: Express | None = None

    def __call__(self) -> ExpressConnection:
        return _Connection(self, loop=self._loop, express=self.express, **self._kwargs)


class _Connection(ExpressConnection):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, "")  # logs it
        headers: dict[str, Any] = {
            **FIXED_HEADERS,
            "Content-Security-Policy": DATA_SECURITY_POLICY,
            "Cache-Control": "no-store",
            "Server": "vtp",
        }
        response = web.Response(
            status=status,
            text=f"{status} {HTTPStatus(status).phrase}: this is no HTTP that can be read.\n",
            headers=headers,
        )
        response.force_close()
        return response
