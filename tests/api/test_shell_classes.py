"""The end of a server in which classes run: a recording is finalized, a drain lets the class end first."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server_process import ROOT, Running, command, environment, run_vtp, running_server
from vtp.bench.lecture_clip import ClipFormat, write_clip

CREATE = "/api/v1/signalling/room/create"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    write_clip(path, 3, ClipFormat(320, 180, bitrate_bps=300_000, key_frame_s=1.0))
    return path


async def call(server: Running, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{server.url}{path}", json=body) as answer,
    ):
        return answer.status, await answer.json()


@contextmanager
def publishing(server: Running, clip: Path, room: str) -> Iterator[subprocess.Popen[bytes]]:
    """`vtp publish` into a room, over and over."""
    publisher = subprocess.Popen(
        command("publish", str(clip), "--to", f"{server.url}/whip/{room}", "--loop"),
        cwd=ROOT,
        env=environment(server.data_dir, {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield publisher
    finally:
        publisher.kill()
        publisher.wait()


async def until(server: Running, path: str, found: Any) -> Any:
    """Asks until `found(body)` holds."""
    async with asyncio.timeout(30):
        while True:
            status, body = await call(server, "GET", path)
            assert status == 200, body
            if found(body):
                return body
            await asyncio.sleep(0.2)


async def test_signal_during_a_recording_leaves_a_ready_recording(tmp_path: Path, clip: Path) -> None:
    with running_server(tmp_path / "data", "--open-rooms") as server:
        assert (await call(server, "POST", CREATE, {"room_id": "physics", "room_name": "Physics"}))[0] == 201
        with publishing(server, clip, "physics"):
            await until(server, "/api/v1/rooms/physics", lambda room: room["live"])
            wish = {"room_id": "physics", "title": "Waves"}
            status, started = await call(server, "POST", "/api/v1/recordings/start", wish)
            assert status in (200, 201), started
            path = f"/api/v1/recordings/{started['recording_id']}"
            await until(server, path, lambda recording: (recording["duration_seconds"] or 0) > 2)
            code, took_s = await asyncio.to_thread(server.end)
        assert code == 0, server.errors.read_text()
        assert took_s < 5.0
    with running_server(tmp_path / "data", "--open-rooms") as server:
        status, recording = await call(server, "GET", path)
        assert (status, recording["status"]) == (200, "ready"), recording
        assert recording["duration_seconds"] > 2


async def test_drain_lets_the_class_end_and_refuses_new_ones(tmp_path: Path, clip: Path) -> None:
    with running_server(tmp_path / "data", "--open-rooms") as server:
        assert (await call(server, "POST", CREATE, {"room_id": "physics", "room_name": "Physics"}))[0] == 201
        assert (await call(server, "POST", CREATE, {"room_id": "later", "room_name": "Later"}))[0] == 201
        with publishing(server, clip, "physics") as publisher:
            await until(server, "/api/v1/rooms/physics", lambda room: room["live"])
            drain = await asyncio.create_subprocess_exec(
                *command("admin", "drain"),
                cwd=ROOT,
                env=environment(server.data_dir, {}),
                stdout=asyncio.subprocess.PIPE,
            )
            assert drain.stdout
            assert b"1 class is running; new ones are refused" in await drain.stdout.readline()
            status, problem = await call(server, "POST", CREATE, {"room_id": "new", "room_name": "New"})
            assert (status, problem["code"]) == (503, "draining")
            status, ready = await call(server, "GET", "/ready")
            assert (status, "doors" in ready["checks"]) == (503, True)
            assert server.process.poll() is None
            publisher.terminate()
            rest, _ = await asyncio.wait_for(drain.communicate(), 60)
        assert b"The server has ended." in rest
        assert await asyncio.to_thread(server.process.wait, 10) == 0


def test_drain_of_an_idle_server_ends_it(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        ended = run_vtp(tmp_path / "data", "admin", "drain")
        assert (ended.code, "The server has ended." in ended.output) == (0, True), ended
        assert server.process.wait(10) == 0


def test_drain_without_a_server_says_so(tmp_path: Path) -> None:
    ended = run_vtp(tmp_path / "data", "admin", "drain")
    assert ended.code == 1
    assert "No vtp server runs on the data folder" in ended.errors
    assert "Traceback" not in ended.errors
    assert json.dumps(ended.output) == '""'
