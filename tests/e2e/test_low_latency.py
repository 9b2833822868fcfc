"""A class that is recorded is watched live in hls.js, part by part."""

from __future__ import annotations

from pathlib import Path
from statistics import quantiles

from playwright.sync_api import Page

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import assert_in_order, wait_for_numbers

HLS_JS = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
PLAY = """(url) => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  Object.assign(window, {video, errors: [], started: performance.now(), stalls: 0});
  const hls = window.hls = new Hls({enableWorker: false});
  hls.on(Hls.Events.ERROR, (_, data) => {
    window.errors.push([data.details, data.fatal, data.error?.message, data.frag?.relurl, data.part?.relurl]);
  });
  video.addEventListener('waiting', () => window.stalls++);
  hls.loadSource(url);
  hls.attachMedia(video);
  video.play();
  window.readNumbers(video);
}"""


def play(page: Page, url: str) -> None:
    page.evaluate(HLS_JS.read_text() + "\nwindow.Hls = Hls; undefined;")
    page.evaluate(PLAY, url)


def test_viewers_of_low_latency_hls_see_every_picture_shortly_after_it_was_taken(
    stack: Stack, open_page: OpenPage
) -> None:
    publisher = open_page()
    publisher.evaluate("publish", {"url": f"{stack.base}/whip/streamed", "codec": "H264", "preview": True})
    started = stack.request("POST", "/api/v1/recordings/start", {"room_id": "streamed", "title": "Live"})
    master = f"{stack.base}/api/v1/recordings/{started['recording_id']}/stream/master.m3u8"
    viewer = open_page()
    poll(viewer, f"fetch('{master}').then((answer) => answer.ok)")
    play(viewer, master)
    numbers = wait_for_numbers(viewer, 400)
    print(
        viewer.evaluate("[window.errors, window.stalls, hls.latency, hls.targetLatency, hls.lowLatencyMode]")
    )
    sent = dict(zip(publisher.evaluate("numbers"), publisher.evaluate("shownAt"), strict=False))
    seen = zip(viewer.evaluate("numbers"), viewer.evaluate("shownAt"), strict=False)
    delays = [at - sent[number] for number, at in seen if number in sent]
    print(len(delays), quantiles(delays, n=20))
    assert_in_order(numbers)
    stack.request("POST", f"/api/v1/recordings/{started['recording_id']}/stop")
    poll(viewer, "video.ended")
    print(viewer.evaluate("[window.errors, window.stalls, video.currentTime]"))
    assert 0
