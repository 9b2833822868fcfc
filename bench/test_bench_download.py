"""The MP4 of an hour's class over HTTP: the time until its first byte, and what the whole of it takes.

The server is the application's own code in a thread; the client stands beside it in the same process, so
that the processor time is that of both.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from bench.recorded_hour import record_hour
from tests.e2e.app_in_thread import app_in_thread
from vtp.recording.download_routes import MP4_TYPE, send
from vtp.recording.downloads import WHOLE, Clip, Downloads
from vtp.recording.sample_table import TABLE_NAME
from vtp.recording.view import RecordingView
from vtp.tasks import Tasks

ROUNDS = 20
CLIP = Clip(1800.5, 1860.0)
MB = 1 << 20


@dataclass
class Hour:
    """A recording, and a server of it."""

    directory: Path
    view: RecordingView
    downloads: Downloads
    address: str

    def first_byte(self, path: str = "/download") -> int:
        """Asks, waits for the first byte, and goes; gives how many there would have been."""
        connection = http.client.HTTPConnection(str(urlsplit(self.address).netloc), timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read(1) == b"\0"
        connection.close()
        return int(answer.headers["Content-Length"])


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hour]:
    directory = tmp_path_factory.mktemp("hour")
    found = Hour(directory, record_hour(directory), Downloads(Tasks()), "")

    async def may_go_on() -> None:
        """Nobody takes it away."""

    async def download(request: web.Request) -> web.StreamResponse:
        clip = CLIP if request.query else WHOLE
        file = await found.downloads.file("hour", directory, found.view, clip)
        return await send(
            request,
            file,
            {"Content-Type": MP4_TYPE},
            may_go_on,
            lambda start, size: asyncio.to_thread(file.read, start, size),
        )

    app = web.Application()
    app.router.add_get("/download", download)
    gc.collect()
    gc.freeze()  # as `vtp serve` does
    with app_in_thread(app) as found.address:
        yield found
    gc.unfreeze()
    found.downloads.close()


@pytest.mark.parametrize("path", ["/download", "/download?clip"], ids=["whole", "clip"])
def test_first_byte(benchmark: Any, hour: Hour, path: str) -> None:
    """Nothing of it in memory; its samples are in the side file, as after every recording's end."""
    size = hour.first_byte(path)
    used_s: list[float] = []

    def forget() -> None:
        hour.downloads.forget("hour")
        used_s.append(time.process_time())

    begin_kb = resident_kb()
    benchmark.pedantic(hour.first_byte, (path,), setup=forget, rounds=ROUNDS)
    spent_ms = (time.process_time() - used_s[0]) * 1000 / ROUNDS
    benchmark.extra_info["note"] = (
        f"of {size / MB:,.0f} MB: {spent_ms:.0f} ms of a processor, "
        f"{(resident_kb() - begin_kb) / 1024:+.0f} MB of memory"
    )


def test_first_byte_without_samples(benchmark: Any, hour: Hour) -> None:
    """As with a recording of an older version: all fragments are read first."""

    def forget() -> None:
        hour.downloads.forget("hour")
        for path in hour.directory.rglob(TABLE_NAME):
            path.unlink()

    benchmark.pedantic(hour.first_byte, setup=forget, rounds=5)


def test_whole_hour(benchmark: Any, hour: Hour) -> None:
    """All of it, thrown away by the client; memory is looked at meanwhile."""
    hour.first_byte()
    notes: list[tuple[float, int]] = []

    def fetch() -> None:
        begin_s, begin_kb, most_kb = time.process_time(), resident_kb(), 0
        connection = http.client.HTTPConnection(str(urlsplit(hour.address).netloc), timeout=60)
        connection.request("GET", "/download")
        answer = connection.getresponse()
        while data := answer.read(4 * MB):
            most_kb = max(most_kb, resident_kb())
            del data
        connection.close()
        notes.append((time.process_time() - begin_s, most_kb - begin_kb))

    benchmark.pedantic(fetch, rounds=3)
    spent_s = sorted(spent for spent, _ in notes)[len(notes) // 2]
    most_mb = max(more for _, more in notes) / 1024
    benchmark.extra_info["note"] = f"{spent_s:.1f} s of a processor, {most_mb:+.0f} MB at most"


def resident_kb() -> int:
    """What this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
