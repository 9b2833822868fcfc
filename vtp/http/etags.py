"""Entity tags (RFC 9110 section 8.8.3): `If-None-Match` on reads, `If-Match` on changes."""

from __future__ import annotations

import hashlib

from aiohttp import web


def etag_of(content: bytes | str) -> str:
    """A strong entity tag of a representation, quotes included."""
    data = content.encode() if isinstance(content, str) else content
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def matches_none(request: web.Request, etag: str) -> bool:
    """Tells whether `If-None-Match` names `etag`, so that 304 is the answer; compares weakly."""
    header = request.headers.get("If-None-Match", "")
    return header.strip() == "*" or _opaque(etag) in {_opaque(tag) for tag in _split(header)}


def is_current(request: web.Request, etag: str) -> bool:
    """Tells whether `If-Match`, where the request has one, names `etag`; strongly (RFC 9110, 13.1.1)."""
    header = request.headers.get("If-Match")
    return header is None or header.strip() == "*" or etag in _split(header)


def _split(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",") if tag.strip()]


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
