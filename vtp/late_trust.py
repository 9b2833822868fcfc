"""The authorities whose certificates the system trusts, read beside the start instead of in it.

aiohttp makes two contexts as it is imported, one for servers that it verifies and one for others, and has
OpenSSL read all authorities for each, which is a twentieth of a start.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from threading import Lock
from typing import Any

READER = "set_default_verify_paths"


def import_aiohttp() -> Callable[[], None]:
    """Unless it is imported already. What this gives reads authorities; else a first connection does."""
    readers: list[Callable[[], None]] = []

    def put_off(context: ssl.SSLContext) -> None:
        if context.verify_mode is not ssl.CERT_NONE:
            readers.append(_read_before_use(context))

    setattr(ssl.SSLContext, READER, put_off)
    try:
        import aiohttp  # noqa: F401
    finally:
        delattr(ssl.SSLContext, READER)

    def read_all() -> None:
        for read in readers:
            read()

    return read_all


def _read_before_use(context: ssl.SSLContext) -> Callable[[], None]:
    """Gives what reads a context's authorities, once and from any thread."""
    lock = Lock()

    def read() -> None:
        with lock:
            if "wrap_bio" in vars(context):
                context.set_default_verify_paths()
                del vars(context)["wrap_bio"]

    def wrap_bio(*values: Any, **named: Any) -> ssl.SSLObject:
        read()
        return context.wrap_bio(*values, **named)

    vars(context)["wrap_bio"] = wrap_bio  # by which asyncio and uvloop begin each connection
    return read
