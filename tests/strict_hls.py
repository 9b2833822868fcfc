"""hls-parser (npm) in strict mode: a second opinion on every playlist that we write."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import pytest

WEB = Path(__file__).resolve().parents[1] / "web"
BESIDE_PYTHON = Path(sys.executable).parent / "node"
NODE = str(BESIDE_PYTHON) if BESIDE_PYTHON.exists() else shutil.which("node")
SCRIPT = """
import { createInterface } from 'node:readline';
import HLS from 'hls-parser';
HLS.setOptions({ strictMode: true });
function count(text) {
  const playlist = HLS.parse(text);
  for (const segment of playlist.segments ?? []) {
    if (Math.round(segment.duration) > playlist.targetDuration) throw new Error(`too long: ${segment.uri}`);
  }
  return playlist.isMasterPlaylist ? playlist.variants.length : playlist.segments.length;
}
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { count: count(JSON.parse(line)) };
  } catch (error) {
    answer = { complaint: String(error) };
  }
  console.log(JSON.stringify(answer));
}
"""

needs_strict_parser = pytest.mark.skipif(
    NODE is None or not (WEB / "node_modules" / "hls-parser").exists(),
    reason="the web toolchain is not installed: make build",
)


class _Parser:
    """One process for all playlists: to start it takes longer than to parse."""

    def __init__(self) -> None:
        command = [str(NODE), "--input-type=module", "-e", SCRIPT]
        self._process = subprocess.Popen(
            command, cwd=WEB, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._lock = threading.Lock()
        atexit.register(self.close)

    def ask(self, text: str) -> dict[str, int | str]:
        ask, hear = self._pipes
        with self._lock:
            ask.write(json.dumps(text) + "\n")
            ask.flush()
            line = hear.readline()
        assert line, f"the parser has ended: {self._process.wait(10)}"
        answer: dict[str, int | str] = json.loads(line)
        return answer

    @property
    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        self._process.wait(10)


_parser = functools.cache(_Parser)


def parse(text: bytes) -> int:
    """How many variants or segments the parser finds; fails with its complaint."""
    answer = _parser().ask(text.decode())
    assert "complaint" not in answer, f"{answer['complaint']}\n{text.decode()}"
    return int(answer["count"])
