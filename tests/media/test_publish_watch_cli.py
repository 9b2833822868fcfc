"""The commands themselves: JSON on standard output, one sentence on standard error, a clean end on Ctrl-C."""

import asyncio
import json
import signal
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from tests.media_server import MediaServer, running_server
from tests.server_process import command
from vtp.bench.lecture_clip import ClipFormat, write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "clip.mkv"
    write_clip(path, 3.0, ClipFormat(320, 180, bitrate_bps=200_000))
    return path


async def vtp(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(*command(*arguments), stdout=PIPE, stderr=PIPE)


async def ended(process: Process) -> tuple[int, str, str]:
    out, err = await asyncio.wait_for(process.communicate(), 80)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def publishing(server: MediaServer, clip: Path) -> Process:
    """A publisher in a loop that says it has begun."""
    process = await vtp(
        "publish", str(clip), "--to", f"{server.url}/whip/physics", "--token", "alice", "--loop"
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 80)
    assert line.startswith(b"Publishing ")
    assert b"h264 as it is, opus as it is" in line
    return process


async def test_watch_prints_what_arrived_as_json_and_publish_ends_its_session_on_ctrl_c(clip: Path) -> None:
    async with running_server() as server:
        publisher = await publishing(server, clip)
        watcher = await vtp(
            "watch", f"{server.url}/whep/physics", "--token", "watcher", "--seconds", "2", "--clients", "3",
            "--json",
        )  # fmt: skip
        code, out, err = await ended(watcher)
        assert (code, err) == (0, "")
        found: dict[str, Any] = json.loads(out)
        publisher.send_signal(signal.SIGINT)
        code, _, err = await ended(publisher)
        assert (code, err) == (0, "")
        assert server.room().program.producers == {}, "the publisher's session was deleted"
    assert len(found["clients"]) == 3
    assert found["total"]["lost"] == 0
    assert found["total"]["frames"] > 100
    assert found["total"]["delay_source"] == "one-way"
    assert {stream["kind"] for stream in found["clients"][0]["streams"]} == {"audio", "video"}


async def test_watch_prints_a_table_for_people(clip: Path) -> None:
    async with running_server() as server:
        publisher = await publishing(server, clip)
        watcher = await vtp("watch", f"{server.url}/whep/physics", "--token", "bob", "--seconds", "1")
        code, out, _ = await ended(watcher)
        publisher.send_signal(signal.SIGTERM)
        assert (await ended(publisher))[0] == 0
    assert code == 0
    assert "first ms" in out
    assert "total" in out


async def test_a_refused_token_ends_watch_with_one_sentence() -> None:
    async with running_server() as server:
        code, _, err = await ended(
            await vtp("watch", f"{server.url}/whep/physics", "--seconds", "1", "--json")
        )
    assert code == 1
    assert err.startswith("vtp: The server answered 401: ")
    assert err.count("\n") == 1


async def test_a_file_that_is_not_there_ends_publish_with_one_sentence() -> None:
    code, _, err = await ended(await vtp("publish", "gone.mp4", "--to", "http://127.0.0.1:9/whip/x"))
    assert (code, err) == (1, "vtp: gone.mp4 cannot be read: No such file or directory.\n")


async def test_a_server_that_is_not_there_ends_publish_with_one_sentence(clip: Path) -> None:
    code, _, err = await ended(await vtp("publish", str(clip), "--to", "http://127.0.0.1:9/whip/x"))
    assert code == 1
    assert err.startswith("vtp: No answer from http://127.0.0.1:9/whip/x: ")
    assert err.count("\n") == 1
