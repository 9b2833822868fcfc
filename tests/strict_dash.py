"""mpd-parser (npm): a second opinion on every DASH manifest that we write."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.strict_hls import NODE, WEB

SCRIPT = """
import { parse } from 'mpd-parser';
let text = '';
for await (const chunk of process.stdin) text += chunk;
const warnings = [];
const eventHandler = ({ type, message }) => { if (type === 'warn') warnings.push(message); };
const found = parse(text, { manifestUri: 'http://host/stream/manifest.mpd', eventHandler });
const tracks = {};
let endList = true;  // the manifest's own is true in any case
const note = (playlist) => {
  endList &&= playlist.endList;
  tracks[playlist.attributes.NAME] = {
    codecs: playlist.attributes.CODECS,
    bandwidth: playlist.attributes.BANDWIDTH,
    segments: playlist.segments.map((one) => ({
      uri: one.resolvedUri, map: one.map.resolvedUri, duration: one.duration,
      time: one.presentationTime, discontinuity: Boolean(one.discontinuity),
    })),
  };
};
found.playlists.forEach(note);
for (const group of Object.values(found.mediaGroups.AUDIO.audio ?? {})) group.playlists.forEach(note);
const { duration, minimumUpdatePeriod } = found;
console.log(JSON.stringify({ endList, duration, minimumUpdatePeriod, tracks, warnings }));
"""

needs_mpd_parser = pytest.mark.skipif(
    NODE is None or not (WEB / "node_modules" / "mpd-parser").exists(),
    reason="the web toolchain is not installed: make build",
)


def parse_mpd(text: bytes) -> dict[str, Any]:
    """What the parser makes of it; fails with its complaint, and with any warning."""
    command = [str(NODE), "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, cwd=WEB, input=text, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr.decode() + text.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    assert not found["warnings"], found["warnings"]
    return found
