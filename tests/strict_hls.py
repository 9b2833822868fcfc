"""hls-parser (npm) in strict mode: a second opinion on every playlist that we write."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[1] / "web"
BESIDE_PYTHON = Path(sys.executable).parent / "node"
NODE = str(BESIDE_PYTHON) if BESIDE_PYTHON.exists() else shutil.which("node")
SCRIPT = """
import HLS from 'hls-parser';
let text = '';
for await (const chunk of process.stdin) text += chunk;
HLS.setOptions({ strictMode: true });
const playlist = HLS.parse(text);
for (const segment of playlist.segments ?? []) {
  if (Math.round(segment.duration) > playlist.targetDuration) throw new Error(`too long: ${segment.uri}`);
}
console.log(playlist.isMasterPlaylist ? playlist.variants.length : playlist.segments.length);
"""

needs_strict_parser = pytest.mark.skipif(
    NODE is None or not (WEB / "node_modules" / "hls-parser").exists(),
    reason="the web toolchain is not installed: make build",
)


def parse(text: bytes) -> int:
    """How many variants or segments the parser finds; fails with its complaint."""
    command = [str(NODE), "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, cwd=WEB, input=text, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr.decode() + text.decode()
    return int(done.stdout)
