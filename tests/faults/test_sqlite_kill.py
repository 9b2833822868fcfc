"""SIGKILL amid writes to SQLite: never corrupt, no transaction by half, nothing acknowledged lost."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def kill_a_writer(file: Path, seed: int) -> list[str]:
    """Kills a writer after some commits and a random moment more; gives what it acknowledged."""
    chance = random.Random(seed)
    commits = chance.randrange(1, 120)
    command = [sys.executable, "-m", "tests.faults.database_victim", str(file), str(seed)]
    acknowledged: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None and victim.stdout.readline() == "ready\n"
        for line in victim.stdout:
            acknowledged.append(line.strip())
            if len(acknowledged) >= commits:
                break
        try:
            victim.wait(chance.random() * 0.02)
        except subprocess.TimeoutExpired:
            victim.send_signal(signal.SIGKILL)
        rest = victim.stdout.read()
        acknowledged += [line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        assert victim.wait() == -signal.SIGKILL
    return acknowledged


def assert_sound(file: Path, acknowledged: set[str]) -> None:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rooms = {row[0] for row in connection.execute("SELECT id FROM rooms")}
        logged = connection.execute("SELECT subject FROM audit_log WHERE event = 'room_created'")
        assert {subject.removeprefix("room:") for (subject,) in logged} == rooms
    assert acknowledged <= rooms


def kill_again_and_again(migrated: Path, file: Path, seeds: range) -> None:
    """All on one file, so that each starts from what the one before has left."""
    shutil.copy(migrated, file)
    acknowledged: set[str] = set()
    for seed in seeds:
        print(f"seed {seed}")
        acknowledged.update(kill_a_writer(file, seed))
        assert_sound(file, acknowledged)
    assert len(acknowledged) > len(seeds)


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path, migrated_sqlite: Path) -> None:
    kill_again_and_again(migrated_sqlite, tmp_path / "vtp.sqlite3", range(3))


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_killed_two_hundred_times(tmp_path: Path, migrated_sqlite: Path, part: int) -> None:
    kill_again_and_again(migrated_sqlite, tmp_path / "vtp.sqlite3", range(100 + 20 * part, 120 + 20 * part))
