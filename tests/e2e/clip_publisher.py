"""A clip that is published from a thread, by a client that knows when it sends each picture."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from vtp.bench.driver import ClientDriver
from vtp.bench.media_source import MediaSource, probe
from vtp.bench.publisher import Publisher, Publishing
from vtp.bench.whip_client import WhipHttp


@contextmanager
def publishing(clip: Path, url: str) -> Iterator[Publishing]:
    """Connected when it begins; ends with the context, or with the clip."""
    opened: Future[Publisher] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_publish(clip, url, opened)))
    thread.start()
    try:
        publisher = opened.result(30)
        try:
            yield publisher.publishing
        finally:
            publisher.stop()
    finally:
        thread.join()


async def _publish(clip: Path, url: str, opened: Future[Publisher]) -> None:
    try:
        tracks = probe(str(clip))
        async with ClientDriver() as driver, aiohttp.ClientSession() as http:
            publisher = Publisher(driver, WhipHttp(http), url, tracks)
            await publisher.open()
            opened.set_result(publisher)
            try:
                await publisher.run(MediaSource(str(clip), tracks))
            finally:
                await publisher.close()
    except Exception as error:
        if not opened.done():
            opened.set_exception(error)
        raise


def sent_at_ms(publishing: Publishing, time_s: float) -> float:
    """When what the clip has at that time leaves the publisher, in ms since 1970, as pages have it."""
    monotonic_ns = publishing.begin_ns + round(time_s * 1e9)
    return (monotonic_ns + time.time_ns() - time.monotonic_ns()) / 1e6
