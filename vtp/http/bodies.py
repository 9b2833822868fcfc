"""Reads the bodies of requests: whole, or as they come; bounded either way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError

from vtp.errors import TooLarge
from vtp.http.errors import BodyTimeout, MalformedBody

_CUT: Final = "The body ended before it was complete; send it again."


async def read_body(request: web.Request, limit: int, timeout_s: float) -> bytes:
    """Reads the whole body; raises TooLarge beyond `limit` bytes, BodyTimeout when it stalls, MalformedBody
    where the connection or the encoding ends before it."""
    _refuse_declared(request, limit)
    chunks: list[bytes] = []
    size = 0
    try:
        if request.content.is_eof():  # it has come with the head: nothing is waited for
            whole: bytes = request.content.read_nowait()
            if len(whole) > limit:
                raise _too_large(limit)
            return whole
        async with asyncio.timeout(timeout_s):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        raise BodyTimeout(f"The body did not arrive within {timeout_s:g} s; send it again.") from None
    except (HttpProcessingError, web.RequestPayloadError):
        raise MalformedBody("The body is not what its Content-Encoding or Transfer-Encoding says.") from None
    except ConnectionError:
        raise MalformedBody(_CUT) from None
    return b"".join(chunks)


async def stream_body(request: web.Request, limit: int, stall_s: float) -> AsyncIterator[bytes]:
    """The body as it comes; raises TooLarge beyond `limit` bytes, BodyTimeout after `stall_s` without any,
    MalformedBody where the connection or the encoding ends before it."""
    _refuse_declared(request, limit)
    size = 0
    try:
        while True:
            async with asyncio.timeout(stall_s):
                chunk = await request.content.readany()
            if not chunk:
                return
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            yield chunk
    except TimeoutError:
        raise BodyTimeout(f"Nothing of the body arrived for {stall_s:g} s; send it again.") from None
    except (HttpProcessingError, web.RequestPayloadError, ConnectionError):
        raise MalformedBody(_CUT) from None


def _refuse_declared(request: web.Request, limit: int) -> None:
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {limit} bytes that this address takes.")
