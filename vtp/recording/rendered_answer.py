"""Sends a text that was rendered once for all: with gzip where they take it, 304 where they have it."""

from __future__ import annotations

from aiohttp import web

from vtp.http.etags import etag_of, matches_none
from vtp.http.routing import Call
from vtp.recording.live_playlist import Rendered

NOT_KEPT = "no-store"  # people are seen and heard in it: no shared computer keeps that


def answer(call: Call, rendered: Rendered, content_type: str) -> web.Response:
    """The text as it is now."""
    etag = etag_of(rendered.text)
    headers = {"ETag": etag, "Cache-Control": NOT_KEPT, "Vary": "Accept-Encoding"}
    if matches_none(call.request, etag):
        return web.Response(status=304, headers=headers)
    zipped = "gzip" in call.request.headers.get("Accept-Encoding", "")
    if zipped:
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = content_type
    return web.Response(body=rendered.zipped if zipped else rendered.text, headers=headers)
