"""Sends a text that was rendered once for all: with gzip where they take it, 304 where they have it."""

from __future__ import annotations

from aiohttp import web

from vtp.http.encodings import takes_gzip
from vtp.http.etags import etag_of, matches_none
from vtp.http.routing import Call
from vtp.recording.live_playlist import Rendered

NOT_KEPT = "no-store"  # people are seen and heard in it: no shared computer keeps that


def fields_of(rendered: Rendered, zipped: bool, content_type: str) -> dict[str, str]:
    """The header fields of an answer with it."""
    encoding = {"Content-Encoding": "gzip"} if zipped else {}
    tag = {"ETag": etag_of(rendered.text), "Cache-Control": NOT_KEPT, "Vary": "Accept-Encoding"}
    return {**tag, **encoding, "Content-Type": content_type}


def answer(call: Call, rendered: Rendered, content_type: str) -> web.Response:
    """The text as it is now."""
    zipped = takes_gzip(",".join(call.request.headers.getall("Accept-Encoding", ())))
    headers = fields_of(rendered, zipped, content_type)
    if matches_none(call.request, headers["ETag"]):
        kept = {name: headers[name] for name in ("ETag", "Cache-Control", "Vary")}
        return web.Response(status=304, headers=kept)
    return web.Response(body=rendered.zipped if zipped else rendered.text, headers=headers)
