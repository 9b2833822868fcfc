"""Entity tags (RFC 9110 section 8.8.3): `If-None-Match` on reads, `If-Match` on updates when it is sent."""

from __future__ import annotations

import hashlib

from aiohttp import web

from vtp.errors import PreconditionFailed


def etag_of(content: bytes | str) -> str:
    """A strong entity tag of a representation, quotes included."""
    data = content.encode() if isinstance(content, str) else content
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def matches_none(request: web.Request, etag: str) -> bool:
    """Tells whether `If-None-Match` names `etag`, so that 304 is the answer; compares weakly."""
    header = request.headers.get("If-None-Match", "")
    return header.strip() == "*" or _opaque(etag) in {_opaque(tag) for tag in _split(header)}


def require_match(request: web.Request, etag: str) -> None:
    """Raises PreconditionFailed (412) when `If-Match` is sent and does not name `etag`; compares strongly."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return
    if etag.startswith("W/") or etag not in _split(header):
        raise PreconditionFailed("It has changed since you read it; read it again and repeat your change.")


def _split(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",") if tag.strip()]


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
