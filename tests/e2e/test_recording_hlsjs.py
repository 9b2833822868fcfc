"""Recordings of every shape play to their end in hls.js in Chromium: stills, gaps, other sizes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, TimeoutError

from tests.e2e.conftest import ROOT, bundle
from tests.unit.coded_pictures import coded_units, pictures_of
from tests.unit.recording_material import Recorded, feed, h264_units, opus_units, placed, shifted, show
from vtp.recording.index import segment_name
from vtp.recording.manifest import Manifest
from vtp.recording.recovery import recover
from vtp.recording.segmenter import Segmenter
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView

FRAMES_PER_S = 30
TRACKS = ("video", "opus", "aac")
LOST_MSN = 1
HLS_JS = ROOT / "web" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
PAGE = """<!doctype html><video id=v muted playsinline></video><script src=hls.min.js></script>
<script src=page.js></script><script>
const video = document.getElementById('v'), errors = [];
const hls = new Hls({startPosition: 0});
hls.on(Hls.Events.MANIFEST_PARSED, () => keepOneSound(hls));
// What the browser refuses counts even when hls.js gets over it: somebody sees a stall.
const {BUFFER_APPEND_ERROR, MEDIA_SOURCE_REQUIRES_RESET} = Hls.ErrorDetails;
hls.on(Hls.Events.ERROR, (_, data) => {
  if (!data.fatal && ![BUFFER_APPEND_ERROR, MEDIA_SOURCE_REQUIRES_RESET].includes(data.details)) return;
  const parts = [data.details, data.sourceBufferName, data.frag?.relurl, data.error, video.error?.message];
  errors.push(parts.filter(Boolean).join(', '));
});
hls.loadSource('master.m3u8'); hls.attachMedia(video); goOnBehindGaps(video);
video.playbackRate = 2; video.play();
const shown = {};  // pictures by the second of the recording that they belong to
const note = (_, frame) => {
  const second = Math.floor(frame.mediaTime);
  shown[second] = (shown[second] || 0) + 1;
  video.requestVideoFrameCallback(note);
};
video.requestVideoFrameCallback(note);
window.state = () => ({
  time: video.currentTime, duration: video.duration, ended: video.ended, errors,
  moving: Object.values(shown).filter((count) => count >= 3).length, shown,
  audio: video.webkitAudioDecodedByteCount, width: video.videoWidth,
});
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  as the base class has it
        ".m3u8": "application/vnd.apple.mpegurl",
        ".m4s": "video/iso.segment",
        "": "video/mp4",
        ".html": "text/html",
        ".js": "text/javascript",
    }

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server of the recording's folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def page_script() -> str:
    """What the player does to hls.js."""
    return bundle("hls_page")


def plain(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(240), opus_units(400))


def other_size(segmenter: Segmenter) -> None:
    large = shifted(h264_units(120, width=640, height=360), 100 * NS // 30)
    feed(segmenter, [*h264_units(100), *large], opus_units(360))


def stalled_picture(segmenter: Segmenter) -> None:
    units = h264_units(300)
    feed(segmenter, [*units[:90], *shifted(units[240:], NS)], opus_units(550))


def publisher_returns(segmenter: Segmenter) -> None:
    feed(segmenter, h264_units(120), opus_units(200))
    segmenter.stop_sending()
    show(segmenter, placed([replace(unit, ssrc=2) for unit in shifted(h264_units(120), 7 * NS)]))
    for audio in shifted(opus_units(200), 7 * NS):
        segmenter.add_audio(audio.data, audio.arrival_ns)


def vp9(segmenter: Segmenter) -> None:
    feed(segmenter, pictures_of("vp9", coded_units("vp9", 180)), opus_units(300))


def av1(segmenter: Segmenter) -> None:
    feed(segmenter, pictures_of("av1", coded_units("av1", 180)), opus_units(300))


def codec_changes(segmenter: Segmenter) -> None:
    """From H.264 to VP9 to AV1 and back, every 2 s."""
    pictures = [
        one._replace(time_ns=one.time_ns + 2 * NS * turn)
        for turn, codec in enumerate(("h264", "vp9", "av1", "h264"))
        for one in pictures_of(codec, coded_units(codec, 60))
    ]
    feed(segmenter, pictures, opus_units(400))


def sound_alone(segmenter: Segmenter) -> None:
    feed(segmenter, [], opus_units(300))


def picture_comes_later(segmenter: Segmenter) -> None:
    feed(segmenter, shifted(h264_units(120), 5 * NS), opus_units(450))


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("content", "frames", "seconds"),
    [
        (plain, 240, 8),
        (other_size, 220, 7.33),
        (stalled_picture, 150, 11),
        (publisher_returns, 240, 11),
        (vp9, 180, 6),
        (av1, 180, 6),
        (codec_changes, 240, 8),
        (sound_alone, 0, 6),
        (picture_comes_later, 120, 9),
    ],
)
def test_recording_plays_to_its_end(
    tmp_path: Path,
    browser: Browser,
    address: str,
    page_script: str,
    content: Callable[[Segmenter], None],
    frames: int,
    seconds: float,
) -> None:
    write_recording(tmp_path, content)
    (tmp_path / "page.js").write_text(page_script)
    page = browser.new_page()
    page.goto(f"{address}/index.html")
    try:
        page.wait_for_function("state().ended || state().errors.length > 0", timeout=90_000, polling=50)
    finally:
        state = page.evaluate("state()")
        page.close()
    assert state["errors"] == [] and state["ended"], state
    assert abs(state["duration"] - seconds) < 0.2, state
    assert state["audio"] > 0, state
    # A busy machine skips pictures at double speed, but none of the seconds that have any.
    assert state["moving"] >= frames // FRAMES_PER_S - 1, state


@pytest.mark.drawn(1)
@pytest.mark.e2e
@pytest.mark.parametrize("lost", TRACKS)
def test_recovered_recording_plays_over_a_lost_segment(
    tmp_path: Path, browser: Browser, address: str, page_script: str, lost: str
) -> None:
    view = recovered_without(tmp_path, lost)
    write_page(tmp_path, view)
    (tmp_path / "page.js").write_text(page_script)
    page = browser.new_page()
    page.goto(f"{address}/index.html")
    try:
        with suppress(TimeoutError):  # the state tells more
            page.wait_for_function("state().ended || state().errors.length > 0", timeout=60_000, polling=50)
    finally:
        state = page.evaluate("state()")
        page.close()
    assert_played_over_the_gap(view, state)


def recovered_without(directory: Path, lost: str) -> RecordingView:
    """What is recovered of a recording whose process was killed after ten seconds at least, one segment of a
    track, which others follow, being lost."""
    command = [sys.executable, "-m", "tests.faults.recording_victim", str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        written = dict.fromkeys(TRACKS, 0)
        for line in victim.stdout:
            track, msn, _, _ = line.split()
            written[track] = int(msn)
            if min(written.values()) >= LOST_MSN + 3:
                break
        victim.send_signal(signal.SIGKILL)
    (directory / lost / segment_name(LOST_MSN)).unlink()
    recovered = recover(directory)
    gaps = [
        (track, one.msn) for track, index in recovered.tracks.items() for one in index.segments if one.gap
    ]
    assert gaps == [(lost, LOST_MSN)]
    return RecordingView(recovered.manifest, recovered.tracks, ended=True)


def assert_played_over_the_gap(view: RecordingView, state: dict[str, Any]) -> None:
    """To the end, without an error, and with pictures before the gap and in all that comes behind it."""
    seconds = view.manifest.duration_ns / NS
    [gap] = [one for index in view.tracks.values() for one in index.segments if one.gap]
    end_s = next(gap.end / index.timescale for index in view.tracks.values() if gap in index.segments)
    assert state["errors"] == [] and state["ended"], state
    assert abs(state["duration"] - seconds) < 0.2 and abs(state["time"] - seconds) < 0.2, (seconds, state)
    assert state["audio"] > 0, state
    with_pictures = {int(second) for second in state["shown"]}
    assert {0, 1, *range(round(end_s), int(seconds))} <= with_pictures, (seconds, state)


def write_recording(directory: Path, content: Callable[[Segmenter], None]) -> None:
    """The recording's folder, its playlists as files, and a page with hls.js."""
    recorded = Recorded(directory)
    segmenter = recorded.segmenter()
    content(segmenter)
    segmenter.finish()
    names = [name for name in TRACKS if (directory / name).exists()]
    manifest = Manifest("r", 10**18, segmenter.target_duration_s, tuple(names))
    write_page(directory, RecordingView(manifest, {name: recorded.index(name) for name in names}, ended=True))


def write_page(directory: Path, view: RecordingView) -> None:
    """The playlists of a recording's folder as files, and a page with hls.js."""
    (directory / "master.m3u8").write_bytes(view.multivariant().text)
    for name in view.tracks:
        (directory / name / "playlist.m3u8").write_bytes(view.media(name).text)
    (directory / "hls.min.js").write_bytes(HLS_JS.read_bytes())
    (directory / "index.html").write_text(PAGE)
