"""A real `vtp serve` in a process of its own, as people start it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fresh_database import begin_fresh

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 90.0
EPHEMERAL = {"VTP_HTTP__PORT": "0", "VTP_HTTP__TLS_PORT": "0", "VTP_MEDIA__UDP_PORT": "0"}


@dataclass(frozen=True)
class Ended:
    """How a process that should not run ended."""

    code: int
    output: str
    errors: str


@dataclass
class Running:
    """A server that answers."""

    process: subprocess.Popen[str]
    data_dir: Path
    greeting: str
    errors: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What it says of itself in its data folder."""
        facts: dict[str, Any] = json.loads((self.data_dir / "run" / "server.json").read_text())
        return facts

    @property
    def url(self) -> str:
        """Plain HTTP on this machine."""
        return f"http://localhost:{self.facts['http_port']}"

    @property
    def setup_token(self) -> str:
        """The token of the printed setup link."""
        found = re.search(r"/setup\?token=(\S+)", self.greeting)
        assert found, self.greeting
        return found[1]

    def cpu_seconds(self) -> float:
        """Processor time that the process has used so far, user and system (proc(5))."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Sends a signal; gives the exit code and the seconds that the end took."""
        begun_s = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - begun_s


def environment(data_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without its VTP_* variables, and these settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VTP_")}
    return {**clean, **EPHEMERAL, "VTP_DATA_DIR": str(data_dir), **settings}


def command(*words: str) -> list[str]:
    """The `vtp` command of this source tree."""
    return [sys.executable, "-m", "vtp", *words]


def run_vtp(data_dir: Path, *words: str, settings: Mapping[str, str] | None = None) -> Ended:
    """Runs a command to its end."""
    ended = subprocess.run(
        command(*words),
        cwd=ROOT,
        env=environment(data_dir, settings or {}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def running_server(
    data_dir: Path, *words: str, settings: Mapping[str, str] | None = None, on_nothing: bool = False
) -> Iterator[Running]:
    """Starts `vtp serve` and waits for its greeting; kills it at the end if it still runs.

    Its folder has a database that is migrated already, unless it is to begin `on_nothing`.
    """
    if not on_nothing and "VTP_DATABASE__URL" not in (settings or {}):
        begin_fresh(data_dir)
    errors = data_dir.with_name(data_dir.name + ".log")
    with errors.open("w") as log:
        process = subprocess.Popen(
            command("serve", *words),
            cwd=ROOT,
            env=environment(data_dir, settings or {}),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        greeting = _read_greeting(process, errors)
        yield Running(process, data_dir, greeting, errors)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _read_greeting(process: subprocess.Popen[str], errors: Path) -> str:
    lines: list[str] = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if "Ctrl+C" in line:
            return "".join(lines)
    raise AssertionError(f"vtp serve ended before it greeted:\n{errors.read_text()}")
