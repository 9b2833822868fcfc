"""Players follow a class in layers that is recorded: on a narrow network a smaller one, and up again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import CDPSession, Page, TimeoutError

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.test_ladder_players import SCRIPTS

LAYERS = "90:150,180:400,360:1500"  # heights, and kbit/s
LARGEST = 360
WIDE_BPS, NARROW_BPS = 8_000_000, 600_000
FPS, SECONDS = 15, 10
STEP_MS = 60_000
BEHIND_LIMIT_S = 20.0  # what a buffer of the larger picture costs while it comes through
PLAY = """(base) => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const heights = [], errors = [];
  Object.assign(window, {video, heights, errors});
  const note = (_, frame) => {
    if (heights.at(-1) !== frame.height) heights.push(frame.height);
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  if (window.Hls) {
    const hls = new Hls({
      enableWorker: false, abrEwmaFastLive: 1, abrEwmaSlowLive: 3, abrEwmaDefaultEstimate: 2e6,
    });
    hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) errors.push(data.details); });
    hls.loadSource(`${base}/master.m3u8`);
    hls.attachMedia(video);
    video.play();
    window.behind = () => hls.latency;
  } else if (window.dashjs) {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({streaming: {abr: {
      initialBitrate: {video: 2000},
      rules: {
        bolaRule: {active: false}, switchHistoryRule: {active: false}, droppedFramesRule: {active: false},
      },
      throughput: {ewma: {throughputSlowHalfLifeSeconds: 1, throughputFastHalfLifeSeconds: 0.5}},
    }}});
    player.on('error', ({error}) => errors.push(`${error.code} ${error.message}`));
    player.initialize(video, `${base}/manifest.mpd`, true);
    window.behind = () => player.getCurrentLiveLatency();
  } else {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.configure({abr: {
      defaultBandwidthEstimate: 2e6, useNetworkInformation: false, switchInterval: 1,
      advanced: {minBytes: 2e3, minTotalBytes: 2e4},  // else it learns nothing from parts of small pictures
    }});
    player.addEventListener('error', ({detail}) => errors.push(`${detail.code} ${detail.data}`));
    player.attach(video).then(() => player.load(`${base}/master.m3u8`)).then(() => video.play())
      .catch((error) => errors.push(`${error.code} ${error.data ?? error.message}`));
    window.behind = () => player.seekRange().end - video.currentTime;
  }
}"""


def write_noise(path: Path) -> None:
    """Pictures that take every bit that an encoder may spend."""
    dice = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS, width=640, height=LARGEST, pix_fmt="yuv420p")
        stream.bit_rate = 8_000_000
        for _ in range(SECONDS * FPS):
            small = dice.integers(60, 190, (LARGEST // 4, 640 // 4), np.uint8)
            gray = np.kron(small, np.ones((4, 4), np.uint8))
            colours = np.full((LARGEST // 2, 640), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.concatenate([gray, colours]), format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@contextmanager
def published(stack: Stack, clip: Path, room: str) -> Iterator[None]:
    """In three sizes, over and over."""
    words = ("publish", str(clip), "--to", f"{stack.base}/whip/{room}", "--simulcast", "--layers", LAYERS)
    process = stack.vtp(*words, "--codec", "h264", "--loop")
    try:
        stack.wait_for_program(room)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


def emulate(network: CDPSession, bits_per_s: int) -> None:
    conditions = {"offline": False, "latency": 20, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", {**conditions, "downloadThroughput": bits_per_s / 8})


def until_shown(page: Page, condition: str) -> list[int]:
    """Waits for a condition on `height`; the heights that were shown."""
    with suppress(TimeoutError):  # the state tells more
        asked = f"errors.length > 0 || (height => {condition})(heights.at(-1))"
        page.wait_for_function(asked, timeout=STEP_MS)
    now = f"(height => {condition})(heights.at(-1))"
    state = page.evaluate(f"({{errors, heights, shown: {now}, time: video.currentTime}})")
    assert state["errors"] == [] and state["shown"], (condition, state)
    heights: list[int] = state["heights"]
    return heights


LONG = pytest.mark.long


@pytest.mark.parametrize(
    "player", ["hls.js", pytest.param("shaka", marks=LONG), pytest.param("dash.js", marks=LONG)]
)
def test_a_player_follows_a_class_on_a_narrow_network_with_a_smaller_picture(
    stack: Stack, open_page: OpenPage, tmp_path: Path, player: str
) -> None:
    clip, room = tmp_path / "lecture.mkv", f"narrow-{player.partition('.')[0]}"
    write_noise(clip)
    with published(stack, clip, room):
        started = stack.request("POST", "/api/v1/recordings/start", {"room_id": room, "title": "Live"})
        base = f"{stack.base}/api/v1/recordings/{started['recording_id']}/stream"
        page = open_page()
        poll(page, f"fetch('{base}/master.m3u8').then(async (answer) => /=160x90/.test(await answer.text()))")
        page.evaluate(Path(SCRIPTS[player]).read_text() + "\nundefined;")
        network = page.context.new_cdp_session(page)
        emulate(network, WIDE_BPS)
        page.evaluate(PLAY, base)
        until_shown(page, f"height === {LARGEST}")
        emulate(network, NARROW_BPS)
        until_shown(page, f"height < {LARGEST}")
        assert page.evaluate("behind()") < BEHIND_LIMIT_S
        emulate(network, WIDE_BPS)
        heights = until_shown(page, f"height === {LARGEST}")
        print(f"{player}: {heights}, {page.evaluate('behind()'):.1f} s behind")
    stack.request("POST", f"/api/v1/recordings/{started['recording_id']}/stop")
