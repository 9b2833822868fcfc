"""The `vtp bench` command itself: files, one sentence for an error, a clean end on Ctrl-C."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from tests.readable import is_readable
from vtp.bench.accounting import with_children

PACKETS_PER_S = 300  # 25 frames of 10 packets and 50 of sound


async def bench(*arguments: str) -> Process:
    """Started as from a terminal: a shell's background jobs, and so these tests among them, ignore SIGINT."""
    command = ("env", "--default-signal=INT,HUP", sys.executable, "-m", "vtp", "bench", *arguments)
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)


async def test_forward_measures_a_real_server_and_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "forward.json"
    process = await bench(
        "forward", "--subscribers", "5", "--runs", "1", "--seconds", "2", "--no-memory", "--json", str(file)
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    assert b"CPU per packet" in out
    found: dict[str, Any] = json.loads(file.read_text())
    vtp = found["vtp"]
    assert abs(vtp["packets_per_s"] / (5 * PACKETS_PER_S) - 1) < 0.3
    assert vtp["loss_pct"] == vtp["reordered"] == vtp["duplicated"] == vtp["authentication_failed"] == 0
    assert vtp["authenticated"] > 0
    assert vtp["cpu_us_per_packet"] > 0 < vtp["load"]["cpu_us_per_packet"]
    assert 0 < vtp["delay_ms"]["p50"] <= vtp["delay_ms"]["p95"] <= vtp["delay_ms"]["p99"]
    assert found["series"][0]["vtp"] == vtp == found["runs"][0]["figures"]


async def test_revocations_are_told_by_kind_of_a_second_process(tmp_path: Path) -> None:
    file = tmp_path / "revocations.json"
    process = await bench(
        "revocations", "--count", "4", "--rate", "0", "--database", "sqlite", "--json", str(file)
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, err.decode()
    assert b"then disconnected, longest" in out
    vtp = json.loads(file.read_text())["vtp"]
    kinds = {"all", "session ended", "role changed", "account disabled", "password changed"}
    for figures in (vtp["made_ms"], vtp["refused_ms"], vtp["cut_ms"]):
        assert set(figures) == kinds
    assert vtp["cut_ms"]["all"]["max"] > 0


@pytest.mark.drawn(1)
@pytest.mark.from_disk
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
async def test_ctrl_c_and_its_like_end_the_server_and_leave_no_folder(
    number: signal.Signals, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = await bench("forward", "--subscribers", "2", "--runs", "1", "--seconds", "60", "--no-memory")
    started = await _with_server(process.pid)
    process.send_signal(number)
    await asyncio.wait_for(process.communicate(), 80)
    assert process.returncode == code
    assert not list(tmp_path.iterdir())
    assert all(_ends(pid) for pid in started)


async def _with_server(pid: int) -> list[int]:
    """The benchmark and all it has started, once `vtp serve` is among that."""
    async with asyncio.timeout(40):
        while True:
            found = with_children(pid)
            if any(b"\0serve\0" in _command(one) for one in found):
                return found
            await asyncio.sleep(0.05)


def _ends(pid: int) -> bool:
    """Within a moment: one that was just being started is ended by the kernel, with its parent."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return is_readable(descriptor, 5)
    finally:
        os.close(descriptor)


def _command(pid: int) -> bytes:
    """Its words, each with a zero behind; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def test_a_load_that_is_none_is_refused_with_one_sentence() -> None:
    process = await bench("forward", "--subscribers", "many")
    _, err = await asyncio.wait_for(process.communicate(), 80)
    assert process.returncode == 1
    assert err.decode().startswith("vtp: --subscribers takes numbers ")
