"""Answers that are ready are sent past aiohttp's request handling, on the same connections: a thousand
players that follow a class ask for thousands of small files a second, which memory holds.

Taken are GETs whose head has come at once and asks for nothing that changes the answer: no condition, range,
token, origin, or body. What is not taken, or has no answer ready, goes to aiohttp, which answers the same.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from typing import Any, TypeAlias

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
TARGETS_KEPT = 4096
MOST_KEPT_LINE_BYTES = 1024
_CRLF = b"\r\n"


@dataclass(slots=True)
class Asker:
    """Who asks, and how: what the fields of a request's head say."""

    client: Client
    cookies: str
    zipped: bool
    """Whether gzip is taken."""
    memory: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What a source has found out about them, by keys of its own; it goes with them."""


@dataclass(slots=True)
class Line:
    """One connection: the other end's address as the socket has it, whether it speaks TLS, and what the
    fields of its last request said: players send the same ones again and again.
    """

    address: str
    secure: bool
    fields: bytes = b""
    asker: Asker | None = None


class Ready:
    """An answer of 200: the `fields` that are its own, as lines, and the body; `route` as it is declared.

    It is made ready once for all whom it is sent to. `size`: of the body, in bytes.
    """

    __slots__ = ("fields", "heads", "route", "size", "tail")

    def __init__(self, route: str, fields: bytes, body: bytes) -> None:
        self.route = route
        self.fields = fields
        self.size = len(body)
        self.tail = b"".join((b"\r\nContent-Length: %d\r\n\r\n" % len(body), body))
        self.heads: dict[tuple[bool, bool], bytes] = {}


Answer: TypeAlias = Ready | asyncio.Future[bool] | None
"""What is ready; or what tells that it may be, to be asked again then; or None: aiohttp answers."""

Ask: TypeAlias = Callable[[Asker], Answer]
Source: TypeAlias = Callable[[str, str], Ask | None]
"""Reads a path and a query, for all who come with them: what answers each of them; None: aiohttp does."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for, by whomever."""

    path: str
    ask: Ask
    open_to_all: bool
    """Whether pages of other origins may read it."""


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
        self._targets: OrderedDict[bytes, Target | None] = OrderedDict()
        self._ids = count(1)
        self._process = new_id()
        fixed = {**FIXED_HEADERS, "Content-Security-Policy": DATA_SECURITY_POLICY}
        self._fixed, self._fixed_open = _lines(fixed), _lines({**fixed, **OPEN_TO_ALL})
        self._second, self._date = 0, b""

    def read(self, data: bytes, line: Line) -> Target | None:
        """What these bytes ask for, when they are a request that is taken, and nothing else; `line.asker` is
        then who asks.
        """
        end = data.find(_CRLF)
        first = data[:end]
        target = self._targets[first] if first in self._targets else self._read_target(data, first)
        if target is None or len(data) > MAX_HEAD_BYTES:
            return None
        fields = data[end:]
        if fields != line.fields:
            line.fields, line.asker = fields, self._asker(fields, line)
        return target if line.asker is not None else None

    def _read_target(self, data: bytes, first: bytes) -> Target | None:
        """Many ask for the same; what may have to be read again is forgotten by age."""
        found = _LINE.match(data) if len(data) <= MAX_HEAD_BYTES else None
        if found is None or not found[1].startswith(self._prefixes):
            return None
        path = found[1].decode()
        ask = self._source(path)(path, (found[2] or b"").decode())
        target = None if ask is None else Target(path, ask, path.startswith(MEDIA_BY_PATH))
        if len(first) <= MOST_KEPT_LINE_BYTES:
            self._targets[first] = target
            if len(self._targets) > TARGETS_KEPT:
                self._targets.popitem(last=False)
        return target

    def _source(self, path: str) -> Source:
        return next(source for prefix, source in self._sources if path.startswith(prefix))

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

    def render(self, target: Target, ready: Ready, asker: Asker, begun_s: float) -> bytes:
        """The answer's bytes; counted as given. `begun_s`: time.perf_counter when the request had come."""
        self._metrics.observe("GET", ready.route, 200, time.perf_counter() - begun_s)
        kind = target.open_to_all, asker.client.secure and self._lasting_tls()
        head = ready.heads.get(kind) or self._head(ready, *kind)
        return b"".join((head, b"%x" % next(self._ids), self._now(), ready.tail))

    def _head(self, ready: Ready, open_to_all: bool, lasting_tls: bool) -> bytes:
        """All that is before the request's number."""
        made = ready.heads[open_to_all, lasting_tls] = b"".join(
            (
                b"HTTP/1.1 200 OK\r\n",
                ready.fields,
                self._fixed_open if open_to_all else self._fixed,
                f"Strict-Transport-Security: {HSTS}\r\n".encode() if lasting_tls else b"",
                f"X-Request-ID: {self._process}.".encode(),
            )
        )
        return made

    def _now(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._date = b"\r\nDate: " + formatdate(second, usegmt=True).encode()
        return self._date


def _lines(fields: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()


def _said(field: re.Pattern[bytes], fields: bytes) -> str:
    found = field.search(fields)
    return found[1].decode("latin-1").strip(" \t") if found else ""
