"""The server that an edge answers for: what is fetched of it, and what it is told and asked."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from pydantic import ValidationError

from vtp.errors import StartupError, Unavailable
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, Grants, Scope
from vtp.recording.holders import holder_of_edge
from vtp.streaming.edge_schemas import EDGES, EdgeReport, EdgeVerdict, Watcher

LONGEST_WAIT_S = 60.0  # a playlist is waited for, three target durations at most
REPORT_TIMEOUT_S = 5.0
PASS_TTL_S = 60
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

    async def close(self) -> None:
        """Closes all connections."""
        await self._media.close()
        await self._reports.close()

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
        pass_ = self._grants.make(EDGES, Scope.PLAY, self._holder, PASS_TTL_S)
        report = EdgeReport(edge=pass_, watchers=list(watchers))
        try:
            async with self._reports.post(
                f"{self.url}/api/v1/edges/report",
                data=report.model_dump_json().encode(),
                headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(AWAY, retry_after_s=1, code="origin_away") from error
        if response.status == 401:
            raise StartupError(
                f"The server at {self.url} has another media.key: copy secrets/media.key of its data folder "
                "into this edge's."
            )
        try:
            return EdgeVerdict.model_validate_json(body)
        except ValidationError as error:
            text = f"The server at {self.url} answers {response.status} to an edge: is it vtp, and as new?"
            raise Unavailable(text, retry_after_s=1, code="origin_strange") from error


def _session(connections: int, trusted: ssl.SSLContext, timeout_s: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, ssl=trusted),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=timeout_s),
    )
