"""Answers that are ready are sent past aiohttp's request handling, on the same connections: a thousand
players that follow a class ask for thousands of small files a second, which memory holds.

Taken are GETs whose head has come at once and asks for nothing that changes the answer: no condition, range,
token, origin, or body. What is not taken, or has no answer ready, goes to aiohttp, which answers the same.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from itertools import count
from typing import TypeAlias

from vtp.http.client import Client, ClientResolver
from vtp.http.encodings import takes_gzip
from vtp.http.metrics import HttpMetrics
from vtp.http.security import DATA_SECURITY_POLICY, FIXED_HEADERS, HSTS, OPEN_TO_ALL
from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.ids import new_id

MAX_HEAD_BYTES = 8190
_LINE = re.compile(rb"GET (/[\w./~!-]*)(?:\?([\w=&.-]*))? HTTP/1\.1(?=\r\n)")
_FIELD = rb"[\w!#$%&'*+.^`|~-]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n"
_FIELDS = re.compile(rb"\r\n(?:" + _FIELD + rb")+\r\n")
_NAMES = re.compile(rb"\n([^:\r\n]+):")
_CHANGES = re.compile(
    rb"\n(?:(?:content-length|transfer-encoding|expect|upgrade|te|trailer|range|if-[\w-]+|authorization|origin"
    rb"|x-request-id|idempotency-key|forwarded):|connection:[^\r]*(?:close|upgrade))",
    re.IGNORECASE,
)
_COOKIE = re.compile(rb"\ncookie:([^\r]*)\r", re.IGNORECASE)
_HOST = re.compile(rb"\nhost:([^\r]*)\r", re.IGNORECASE)
_ENCODING = re.compile(rb"\naccept-encoding:([^\r]*)\r", re.IGNORECASE)
_FORWARDED = re.compile(rb"\nx-forwarded-(for|proto|host):[ \t]*([^\r]*)\r", re.IGNORECASE)
MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and how: what the fields of a request's head say."""

    client: Client
    cookies: str
    zipped: bool
    """Whether gzip is taken."""


@dataclass(slots=True)
class Line:
    """One connection: the other end's address as the socket has it, whether it speaks TLS, and what the
    fields of its last request said: players send the same ones again and again.
    """

    address: str
    secure: bool
    fields: bytes = b""
    asker: Asker | None = None


@dataclass(frozen=True, slots=True)
class ExpressRequest:
    """A GET that nothing but its path, query and `asker` bear on."""

    path: str
    query: str
    asker: Asker


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer of 200: the `fields` that are its own, as lines, and the body; `route` as it is declared."""

    route: str
    fields: bytes
    body: bytes


Answer: TypeAlias = Ready | asyncio.Future[bool] | None
"""What is ready; or what tells that it may be, to be asked again then; or None: aiohttp answers."""

Source = Callable[[ExpressRequest], Answer]


class Express:
    """Reads heads, asks the sources, writes answers. `admits`: whom the middleware would let through."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        resolver: ClientResolver,
        metrics: HttpMetrics,
        admits: Callable[[Client], bool],
        lasting_tls: Callable[[], bool],
    ) -> None:
        """`sources` by the path that theirs begin with."""
        self._sources = tuple(sources.items())
        self._prefixes = tuple(prefix.encode() for prefix in sources)
        self._resolver = resolver
        self._metrics = metrics
        self._admits = admits
        self._lasting_tls = lasting_tls
        self._ids = count(1)
        self._process = new_id()
        fixed = {**FIXED_HEADERS, "Content-Security-Policy": DATA_SECURITY_POLICY}
        self._fixed, self._fixed_open = _lines(fixed), _lines({**fixed, **OPEN_TO_ALL})
        self._date = (0, b"")

    def read(self, data: bytes, line: Line) -> ExpressRequest | None:
        """The request that these bytes are, when they are one of those that are taken, and nothing else."""
        first = _LINE.match(data) if len(data) <= MAX_HEAD_BYTES else None
        if first is None or not first[1].startswith(self._prefixes):
            return None
        fields = data[first.end() :]
        if fields != line.fields:
            line.fields, line.asker = fields, self._asker(fields, line)
        if line.asker is None:
            return None
        return ExpressRequest(first[1].decode(), (first[2] or b"").decode(), line.asker)

    def _asker(self, fields: bytes, line: Line) -> Asker | None:
        """None where the fields say more, or are not whole, or come from whom the middleware refuses."""
        if not _FIELDS.fullmatch(fields) or _CHANGES.search(fields):
            return None
        names = [name.lower() for name in _NAMES.findall(fields)]
        single = [name for name in names if not name.startswith(b"x-forwarded-")]
        host = _HOST.search(fields)
        if host is None or len(names) > MOST_FIELDS or len(set(single)) < len(single):
            return None
        client = self._client(fields, line, host[1].decode("latin-1").strip(" \t"))
        if not self._admits(client):
            return None
        return Asker(client, _said(_COOKIE, fields), takes_gzip(_said(_ENCODING, fields)))

    def _client(self, fields: bytes, line: Line, host: str) -> Client:
        forwarded: dict[bytes, list[str]] = {b"for": [], b"proto": [], b"host": []}
        for name, value in _FORWARDED.findall(fields):
            forwarded[name.lower()].append(value.decode("latin-1"))
        return self._resolver.resolve_fields(
            line.address,
            "https" if line.secure else "http",
            host,
            forwarded_for=",".join(forwarded[b"for"]) if forwarded[b"for"] else None,
            forwarded_proto=next(iter(forwarded[b"proto"]), ""),
            forwarded_host=next(iter(forwarded[b"host"]), ""),
        )

    def answer(self, request: ExpressRequest) -> Answer:
        """What a source has for it."""
        for prefix, source in self._sources:
            if request.path.startswith(prefix):
                return source(request)
        return None

    def render(self, request: ExpressRequest, ready: Ready, begun_s: float) -> bytes:
        """The answer's bytes; counted as given. `begun_s`: time.perf_counter when the request had come."""
        self._metrics.observe("GET", ready.route, 200, time.perf_counter() - begun_s)
        lasting = request.asker.client.secure and self._lasting_tls()
        return b"".join(
            (
                b"HTTP/1.1 200 OK\r\n",
                ready.fields,
                self._fixed_open if request.path.startswith(MEDIA_BY_PATH) else self._fixed,
                f"Strict-Transport-Security: {HSTS}\r\n".encode() if lasting else b"",
                b"X-Request-ID: %s.%x\r\nDate: " % (self._process.encode(), next(self._ids)),
                self._now(),
                b"\r\nContent-Length: %d\r\n\r\n" % len(ready.body),
                ready.body,
            )
        )

    def _now(self) -> bytes:
        second = int(time.time())
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True).encode())
        return self._date[1]


def _lines(fields: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()


def _said(field: re.Pattern[bytes], fields: bytes) -> str:
    found = field.search(fields)
    return found[1].decode("latin-1").strip(" \t") if found else ""
