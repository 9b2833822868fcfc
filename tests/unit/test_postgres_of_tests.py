"""Tests that are killed leave no PostgreSQL behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.postgres import why_not
from tests.server_process import ROOT

SCRIPT = """
import sys
from tests.postgres import PostgresServer

server = PostgresServer()
server.start()
print(server.folder, (server.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
sys.stdin.read()
"""


def test_a_server_ends_with_the_tests_that_are_killed_and_takes_its_folder_along() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    tests = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert tests.stdout is not None
    folder, first = tests.stdout.readline().split()
    tests.kill()
    tests.communicate()
    give_up_s = time.monotonic() + 60
    while Path(folder).exists() or Path("/proc", first).exists():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)
