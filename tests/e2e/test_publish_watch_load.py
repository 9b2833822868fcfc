"""`vtp publish` of a file to a room with twenty `vtp watch` clients: nothing lost, nothing stands still."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Stack
from vtp.bench.lecture_clip import ClipFormat, write_clip

CLIENTS = 20
FPS = 25
SPARE_S = 8
"""How much longer the clip is than the watching: joining takes some of it."""


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.long)])
def test_twenty_viewers_lose_no_packet_of_a_published_file(
    stack: Stack, tmp_path: Path, seconds: int
) -> None:
    clip = tmp_path / "lecture.mkv"
    write_clip(clip, seconds + SPARE_S, ClipFormat(640, 360, FPS, bitrate_bps=600_000))
    room = f"load-{seconds}"
    publisher = stack.vtp("publish", str(clip), "--to", f"{stack.base}/whip/{room}", "--json")
    try:
        stack.wait_for_program(room)
        found = watch(stack, room, seconds)
        sent = json.loads(publisher.communicate(timeout=seconds + 30)[0])
    finally:
        publisher.kill()
        print(publisher.communicate()[1])
    assert sent["failure"] is None or sent["failure"] == ""
    assert_nothing_lost(found, seconds)


def watch(stack: Stack, room: str, seconds: int) -> dict[str, Any]:
    """What `vtp watch` reports."""
    viewers = stack.vtp(
        "watch", f"{stack.base}/whep/{room}", "--clients", str(CLIENTS), "--seconds", str(seconds), "--json"
    )
    try:
        out, errors = viewers.communicate(timeout=seconds + 40)
    finally:
        viewers.kill()
    assert viewers.returncode == 0, errors
    report: dict[str, Any] = json.loads(out)
    return report


def assert_nothing_lost(found: dict[str, Any], seconds: int) -> None:
    total = found["total"]
    print({key: value for key, value in total.items() if key != "streams"})
    assert (total["clients"], total["failed"], total["without_media"]) == (CLIENTS, 0, 0)
    for client in found["clients"]:
        assert client["lost"] == client["missing"] == client["late"] == 0, client
        assert client["frames_broken"] == client["unprotect_failed"] == client["freezes"] == 0, client
        assert client["frames"] >= (seconds - 1) * FPS, client
