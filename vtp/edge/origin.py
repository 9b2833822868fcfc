"""The server that an edge answers for: what is fetched of it, and what it is told and asked."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from vtp.errors import (
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotSignedIn,
    RateLimited,
    StartupError,
    Unavailable,
    VtpError,
)
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, Grants, Scope
from vtp.recording.holders import holder_of_edge
from vtp.streaming.edge_schemas import EDGES, EdgeEntry, EdgeGrant, EdgeReport, EdgeVerdict, Watcher

T = TypeVar("T", bound=BaseModel)

LONGEST_WAIT_S = 60.0  # a playlist is waited for, three target durations at most
REPORT_TIMEOUT_S = 5.0
PASS_TTL_S = 60
ENTRIES_AT_A_TIME = 16
CONNECTIONS = 1024  # a playlist that is waited for is one
PASSED_ON = (
    "Content-Type",
    "Content-Encoding",
    "Cache-Control",
    "ETag",
    "Accept-Ranges",
    "Vary",
    "Retry-After",
)
_ERRORS: dict[int, type[VtpError]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    410: Gone,
    422: Invalid,
}
AWAY = "The server that has this does not answer; try again in a moment."


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of the origin, as it came."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def zipped(self) -> bool:
        """Whether the body is compressed."""
        return ("Content-Encoding", "gzip") in self.fields


class Origin:
    """`name` is what the origin knows this edge by; its grants are made here, with the key of both."""

    def __init__(self, url: str, grants: Grants, name: str, ca_file: str = "") -> None:
        self.url = url.rstrip("/")
        self._grants = grants
        self._holder = holder_of_edge(name)
        self._cookie = SECURE_NAME if url.startswith("https:") else PLAIN_NAME
        trusted = ssl.create_default_context(cafile=ca_file or None)
        self._media = _session(CONNECTIONS, trusted, LONGEST_WAIT_S)
        self._reports = _session(1, trusted, REPORT_TIMEOUT_S)  # of its own: it waits for no media
        self._entries = _session(ENTRIES_AT_A_TIME, trusted, REPORT_TIMEOUT_S)

    async def close(self) -> None:
        """Closes all connections."""
        await self._media.close()
        await self._reports.close()
        await self._entries.close()

    async def fetch(self, media_id: str, path: str, query: str) -> Fetched:
        """What the origin answers. Raises Unavailable when it does not."""
        grant = self._grants.make(media_id, Scope.PLAY, self._holder, PASS_TTL_S)
        headers = {"Cookie": f"{self._cookie}={grant}", "Accept-Encoding": "gzip"}
        url = f"{self.url}{path}" + (f"?{query}" if query else "")
        try:
            async with self._media.get(url, headers=headers, allow_redirects=False) as response:
                body = await response.read()
                found = response.headers
                fields = tuple((name, found[name]) for name in PASSED_ON if name in found)
                return Fetched(response.status, fields, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(AWAY, retry_after_s=1, code="origin_away") from error

    async def report(self, watchers: Sequence[Watcher]) -> EdgeVerdict:
        """Tells whom this edge answers; hears who must not go on. Raises Unavailable, StartupError when the
        origin has another key.
        """
        status, body = await self._post(
            self._reports, "report", EdgeReport(edge=self._pass(), watchers=list(watchers))
        )
        if status == 401:
            raise StartupError(
                f"The server at {self.url} has another media.key: copy secrets/media.key of its data folder "
                "into this edge's."
            )
        return self._read(EdgeVerdict, status, body)

    async def admit(self, media_id: str, authorization: str, address: str, before: str) -> str:
        """The grant that somebody gets who comes with a token, or with nothing; `before`: the one that it is
        to follow. Raises what the origin says, and Unavailable.
        """
        entry = EdgeEntry(edge=self._pass(), media_id=media_id, address=address, before=before)
        status, body = await self._post(self._entries, "grants", entry, authorization)
        if status == 200:
            return self._read(EdgeGrant, status, body).grant
        problem = self._read(_Problem, status, body)
        raise error_of(status, problem.code, problem.detail)

    def _pass(self) -> str:
        return self._grants.make(EDGES, Scope.PLAY, self._holder, PASS_TTL_S)

    async def _post(
        self, session: aiohttp.ClientSession, name: str, told: BaseModel, authorization: str = ""
    ) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if authorization:
            headers["Authorization"] = authorization
        url = f"{self.url}/api/v1/edges/{name}"
        try:
            body = told.model_dump_json().encode()
            async with session.post(url, data=body, headers=headers) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(AWAY, retry_after_s=1, code="origin_away") from error

    def _read(self, kind: type[T], status: int, body: bytes) -> T:
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            text = f"The server at {self.url} answers {status} to an edge: is it vtp, and as new?"
            raise Unavailable(text, retry_after_s=1, code="origin_strange") from error


def error_of(status: int, code: str, detail: str, retry_after_s: float | None = None) -> VtpError:
    """What the origin has said, to be said here."""
    if status in (429, 503):
        kind = RateLimited if status == 429 else Unavailable
        return kind(detail, retry_after_s=retry_after_s or 1, code=code)
    return _ERRORS.get(status, Forbidden)(detail, code=code)


class _Problem(BaseModel):
    """What is read of a refusal."""

    code: str
    detail: str


def _session(connections: int, trusted: ssl.SSLContext, timeout_s: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, ssl=trusted),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=timeout_s),
    )
