"""A class that is recorded is watched live in hls.js, part by part."""

from __future__ import annotations

from pathlib import Path
from statistics import median, quantiles

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.clip_publisher import publishing, sent_at_ms
from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import SMOOTH_LOOP, assert_follows_live, steps, wait_for_numbers
from vtp.bench.lecture_clip import ClipFormat, write_clip

HLS_JS = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
PICTURES = 150
CLIP_S, CLIP_FPS = 40, 25
FOLLOWS_MS = 10_000
"""Within this of the class is who follows it by its parts, even on a busy machine."""
PLAY = """(url) => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  Object.assign(window, {video, errors: [], started: performance.now()});
  const hls = window.hls = new Hls({enableWorker: false});
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.fatal || data.details === Hls.ErrorDetails.BUFFER_APPEND_ERROR) window.errors.push(data.details);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  video.play();
  window.readNumbers(video);
}"""


@pytest.fixture(scope="module")
def browser(smooth_browser: Browser) -> Browser:
    """What is looked at is how smoothly pictures come."""
    return smooth_browser


def play(page: Page, url: str) -> None:
    page.evaluate(HLS_JS.read_text() + "\nwindow.Hls = Hls; undefined;")
    page.evaluate(PLAY, url)


def test_hls_js_follows_a_class_by_its_parts_to_the_end(stack: Stack, open_page: OpenPage) -> None:
    """The delay is printed, not judged: it is the machine's too."""
    publisher = open_page()
    publisher.evaluate("publish", {"url": f"{stack.base}/whip/streamed", "codec": "H264", "preview": True})
    started = stack.request("POST", "/api/v1/recordings/start", {"room_id": "streamed", "title": "Live"})
    master = f"{stack.base}/api/v1/recordings/{started['recording_id']}/stream/master.m3u8"
    viewer = open_page()
    poll(viewer, f"fetch('{master}').then((answer) => answer.ok)")
    play(viewer, master)
    numbers = wait_for_numbers(viewer, PICTURES)
    assert viewer.evaluate("hls.latestLevelDetails.partList.length > 0 && hls.lowLatencyMode")
    assert viewer.evaluate("hls.latestLevelDetails.partHoldBack < 3")  # its own delay grows with each stall
    assert sum(0 < step < SMOOTH_LOOP // 2 for step in steps(numbers, SMOOTH_LOOP)) >= PICTURES - 10, numbers
    sent = dict(zip(publisher.evaluate("numbers"), publisher.evaluate("shownAt"), strict=False))
    seen = zip(viewer.evaluate("numbers"), viewer.evaluate("shownAt"), strict=False)
    delays_ms = [at - sent[number] for number, at in seen if number in sent]
    print(
        f"from the camera to the picture in hls.js: {median(delays_ms):.0f} ms (median of {len(delays_ms)})"
    )
    stack.request("POST", f"/api/v1/recordings/{started['recording_id']}/stop")
    publisher.evaluate("fetch(resource, {method: 'DELETE'})")
    poll(viewer, "video.ended")
    assert viewer.evaluate("errors") == []


def test_pictures_are_in_hls_js_soon_after_they_left_the_publisher(
    stack: Stack, open_page: OpenPage, tmp_path: Path
) -> None:
    """What camera and encoder take is not in it: the clip is encoded before. Printed, as above."""
    clip = tmp_path / "lecture.mkv"
    write_clip(clip, CLIP_S, ClipFormat(640, 360, CLIP_FPS, bitrate_bps=600_000))
    viewer = open_page()
    with publishing(clip, f"{stack.base}/whip/numbered") as sending:
        started = stack.request("POST", "/api/v1/recordings/start", {"room_id": "numbered", "title": "Live"})
        master = f"{stack.base}/api/v1/recordings/{started['recording_id']}/stream/master.m3u8"
        poll(viewer, f"fetch('{master}').then((answer) => answer.ok)")
        play(viewer, master)
        numbers = wait_for_numbers(viewer, PICTURES)
        sent_ms = [sent_at_ms(sending, number / CLIP_FPS) for number in numbers]
    stack.request("POST", f"/api/v1/recordings/{started['recording_id']}/stop")
    assert_follows_live(numbers, 1 << 22)  # the clip is played once
    shown_ms = viewer.evaluate("shownAt")
    delays_ms = [shown - sent for sent, shown in zip(sent_ms, shown_ms, strict=False)]
    p50, p95 = median(delays_ms), quantiles(delays_ms, n=20)[-1]
    print(f"from the publisher's socket to the picture in hls.js: p50 {p50:.0f}, p95 {p95:.0f} ms")
    assert p50 < FOLLOWS_MS, delays_ms  # one who sends too late begins anew: what went before seems later
