"""Entity tags (RFC 9110 section 8.8.3): `If-None-Match` on reads, `If-Match` on changes."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from aiohttp import web
from pydantic import BaseModel

from vtp.errors import PreconditionFailed

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"


def etag_of(content: bytes | str) -> str:
    """A strong entity tag of a representation, quotes included."""
    data = content.encode() if isinstance(content, str) else content
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


class Twinned(BaseModel):
    """A reply with a list under today's name and under another that older clients know.

    The list is written once, for a page of it is most of what an answer costs.
    """

    TWINS: ClassVar[tuple[str, str]]


def json_of(model: BaseModel) -> bytes:
    """The representation of a model, as every answer has it."""
    if not isinstance(model, Twinned):
        return model.model_dump_json(by_alias=True).encode()
    name, older = model.TWINS
    rest = model.model_dump_json(by_alias=True, exclude={name, older}).encode()
    listed = model.model_dump_json(by_alias=True, include={name})[:-1].encode()
    values = listed[len(f'{{"{name}":') :]
    return b'%s,"%s":%s,%s' % (listed, older.encode(), values, rest[1:])


def etag_of_model(model: BaseModel) -> str:
    """The entity tag that a read answers which gives this model."""
    return etag_of(json_of(model))


def matches_none(request: web.Request, etag: str) -> bool:
    """Tells whether `If-None-Match` names `etag`, so that 304 is the answer; compares weakly."""
    header = request.headers.get(IF_NONE_MATCH, "")
    return header.strip() == "*" or _opaque(etag) in {_opaque(tag) for tag in _split(header)}


def is_current(request: web.Request, etag: str) -> bool:
    """Tells whether `If-Match`, where the request has one, names `etag`; strongly (RFC 9110, 13.1.1)."""
    header = request.headers.get(IF_MATCH)
    return header is None or header.strip() == "*" or etag in _split(header)


def require_match(request: web.Request, etag: str) -> None:
    """Raises PreconditionFailed when `If-Match` is sent and does not name `etag`."""
    if not is_current(request, etag):
        raise PreconditionFailed("It has changed since you read it; read it again and repeat your change.")


def etag_of_version(version: int | str, model: BaseModel) -> str:
    """The entity tag of a thing whose answer also says what others do with it, such as how many have come.

    `require_version` looks at the version alone, which only editing counts up.
    """
    return f'"{version}-{etag_of_model(model)[1:]}'


def require_version(request: web.Request, version: int | str) -> None:
    """Raises PreconditionFailed when `If-Match` is sent and names no answer of this version."""
    header = request.headers.get(IF_MATCH, "*").strip()
    if header != "*" and not any(tag.startswith(f'"{version}-') for tag in _split(header)):
        raise PreconditionFailed("It has changed since you read it; read it again and repeat your change.")


def _split(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",") if tag.strip()]


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
