"""hls.js, dash.js and Shaka in Chromium choose rungs by the network: down when it is narrow, and up again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, Page, TimeoutError

from tests.e2e.app_in_thread import app_in_thread
from tests.e2e.test_ladder_players import SCRIPTS, SIZES, app_of
from tests.unit.recording_material import Recorded, encoded_h264
from tests.unit.recording_rungs import feed_layers
from vtp.recording.manifest import Manifest, write_manifest
from vtp.recording.timebase import NS
from vtp.recording.units import PlainUnit
from vtp.recording.view import RecordingView

FPS, GROUP_S, SECONDS = 15, 2, 90
LARGEST = SIZES[0][0]
WIDE, NARROW = 4.0, 0.6
"""Of what the largest rung asks for: a segment that comes in no time teaches a player little."""
STEP_S = 40
PAGE = """<!doctype html><video id=v muted playsinline></video><script src=player.js></script><script>
const video = document.getElementById('v'), errors = [], widths = [], breaks = [];
if (window.Hls) {
  const hls = new Hls({
    maxBufferLength: 4, maxMaxBufferLength: 4, abrEwmaDefaultEstimate: 1e8, testBandwidth: false,
    abrEwmaFastVoD: 0.5, abrEwmaSlowVoD: 1,
  });
  hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) errors.push(data.details); });
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  hls.loadSource('stream/master.m3u8'); hls.attachMedia(video);
} else if (window.dashjs) {
  const player = dashjs.MediaPlayer().create();
  player.updateSettings({streaming: {
    abr: {
      initialBitrate: {video: 1e5},
      rules: {
        bolaRule: {active: false},  // wants a buffer of 10 s
        switchHistoryRule: {active: false},  // keeps off for long from a rung that was left once
        droppedFramesRule: {active: false},  // that is the machine's
      },
      throughput: {ewma: {throughputSlowHalfLifeSeconds: 1, throughputFastHalfLifeSeconds: 0.5}},
    },
    buffer: {bufferTimeDefault: 4, bufferTimeAtTopQuality: 4, bufferTimeAtTopQualityLongForm: 4},
  }});
  player.on('error', ({error}) => errors.push(`${error.code} ${error.message}`));
  player.initialize(video, new URL('stream/manifest.mpd', location).href, true, 0);
} else {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  player.configure({
    abr: {defaultBandwidthEstimate: 1e8, useNetworkInformation: false, switchInterval: 1},
    streaming: {bufferingGoal: 4, rebufferingGoal: 0.5},
  });
  player.addEventListener('error', ({detail}) => errors.push(`${detail.code} ${detail.data}`));
  player.attach(video).then(() => player.load(new URL('stream/manifest.mpd', location).href, 0))
    .then(() => video.play()).catch((error) => errors.push(`${error.code} ${error.data ?? error.message}`));
}
let last = 0;
const note = (_, frame) => {
  if (widths.at(-1) !== frame.width) widths.push(frame.width);
  if (Math.abs(frame.mediaTime - last) > 0.5) breaks.push(`from ${last} to ${frame.mediaTime}`);
  last = frame.mediaTime;
  video.requestVideoFrameCallback(note);
};
video.requestVideoFrameCallback(note);
video.addEventListener('waiting', () => breaks.push(`waiting at ${video.currentTime}`));
window.state = () => ({time: video.currentTime, errors, widths, breaks});
window.shows = (largest) => errors.length > 0 || (widths.at(-1) === LARGEST) === largest;
</script>""".replace("LARGEST", str(LARGEST))


@dataclass
class Playing:
    """A page with a player, and the network that it has."""

    player: str
    address: str
    page: Page
    network: CDPSession

    def emulate(self, bits_per_s: float) -> None:
        """From now on; every request takes 20 ms besides."""
        conditions = {
            "offline": False,
            "latency": 20,
            "downloadThroughput": bits_per_s / 8,
            "uploadThroughput": -1,
        }
        self.network.send("Network.emulateNetworkConditions", conditions)

    def until(self, *, largest: bool) -> dict[str, Any]:
        """Waits until the picture is, or is not, of the largest rung; the page's state."""
        with suppress(TimeoutError):  # the state tells more
            self.page.wait_for_function(f"shows({str(largest).lower()})", timeout=STEP_S * 1000)
        state: dict[str, Any] = self.page.evaluate("state()")
        assert state["errors"] == [] and (state["widths"][-1] == LARGEST) is largest, (self.player, state)
        return state


def noise(size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """Two groups of pictures whose bits are as many as their pixels."""
    dice = np.random.default_rng(1)
    width, height = size
    for _ in range(2 * GROUP_S * FPS):
        gray = dice.integers(125, 132, (height, width), np.uint8)
        colours = np.full((height // 2, width), 128, np.uint8)
        yield av.VideoFrame.from_ndarray(np.concatenate([gray, colours]), format="yuv420p")


def noisy_layers() -> list[list[PlainUnit]]:
    """The groups again and again, in all sizes."""
    layers = []
    for number, (width, height) in enumerate(SIZES):
        groups = list(
            encoded_h264(noise((width, height)), fps=FPS, gop=GROUP_S * FPS, width=width, height=height)
        )
        layers.append(
            [
                replace(
                    groups[at % len(groups)],
                    rtp_timestamp=at * 90_000 // FPS,
                    arrival_ns=at * NS // FPS,
                    ssrc=10 + number,
                )
                for at in range(SECONDS * FPS)
            ]
        )
    return layers


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RecordingView]:
    """A presenter who sends noise in three sizes."""
    directory = tmp_path_factory.mktemp("noisy")
    segmenter = Recorded(directory).segmenter()
    feed_layers(segmenter, noisy_layers())
    duration_ns = segmenter.finish()
    names = ("video", "layer-1", "layer-2")
    write_manifest(
        directory, Manifest("r", 10**18, segmenter.target_duration_s, names, duration_ns, closed=True)
    )
    return directory, RecordingView.load(directory)


@pytest.mark.e2e
def test_players_go_down_in_a_narrow_network_and_up_again_without_a_stall(
    noisy: tuple[Path, RecordingView], browser: Browser
) -> None:
    """All of them at once, each with a network of its own."""
    directory, view = noisy
    asked = max(int(found) for found in re.findall(r"[:,]BANDWIDTH=(\d+)", view.multivariant().text.decode()))
    with ExitStack() as ending:
        pages = [opened(ending, browser, player, directory, view) for player in SCRIPTS]
        for one in pages:
            one.emulate(WIDE * asked)
            one.page.goto(one.address)
        for one in pages:
            one.until(largest=True)
            one.emulate(NARROW * asked)
        narrow = []
        for one in pages:
            narrow.append(one.until(largest=False))
            one.emulate(WIDE * asked)
        for one, before in zip(pages, narrow, strict=True):
            state = one.until(largest=True)
            assert state["breaks"] == before["breaks"], (one.player, state)


def opened(ending: ExitStack, browser: Browser, player: str, directory: Path, view: RecordingView) -> Playing:
    """An empty page, and a server of what it is to play."""
    address = ending.enter_context(app_in_thread(app_of(directory, player, view, PAGE)))
    page = browser.new_page()
    ending.callback(page.close)
    return Playing(player, address, page, page.context.new_cdp_session(page))
