"""Every codec in every player: a class is followed live, looked back into, and watched when it is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.test_ladder_players import SCRIPTS
from tests.e2e.test_live_codecs import CODECS, RECORDED_AS

LAST_S = 0.5
TAKEN_S = 12
"""So much has been recorded before players come: there is something to look back to, though some stay two
segments behind."""
SOURCES = [
    ("hls.js", "master.m3u8"),
    ("dash.js", "manifest.mpd"),
    ("shaka", "master.m3u8"),
    ("shaka", "manifest.mpd"),
]
PLAY = """({source, start}) => {
  window.video?.remove();
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const errors = [], shown = [];
  Object.assign(window, {video, errors, shown});
  const note = (_, frame) => {
    shown.push(frame.mediaTime);
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  window.range = () => [video.seekable.start(0), video.seekable.end(video.seekable.length - 1)];
  if (window.Hls) {
    const hls = new Hls({enableWorker: false, ...(start === null ? {} : {startPosition: start})});
    hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) errors.push(data.details); });
    hls.loadSource(source);
    hls.attachMedia(video);
    video.play();
    window.goLive = () => { video.currentTime = hls.liveSyncPosition; };
    window.leave = () => hls.destroy();
  } else if (window.dashjs) {
    const player = dashjs.MediaPlayer().create();
    player.on('error', ({error}) => errors.push(`${error.code} ${error.message}`));
    player.initialize(video, source, true, ...(start === null ? [] : [start]));
    window.goLive = () => player.seekToOriginalLive();
    window.leave = () => player.destroy();
  } else {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.addEventListener('error', ({detail}) => errors.push(`${detail.code} ${detail.data}`));
    player.attach(video).then(() => player.load(source, start)).then(() => video.play())
      .catch((error) => errors.push(`${error.code} ${error.data ?? error.message}`));
    window.range = () => [player.seekRange().start, player.seekRange().end];
    window.goLive = () => player.goToLive();
    window.leave = () => player.destroy();
  }
}"""


def until(page: Page, condition: str) -> None:
    """Waits for it, or for an error of the player's."""
    try:
        poll(page, f"errors.length > 0 || ({condition})", 60)
    finally:
        state: dict[str, Any] = page.evaluate(
            "({errors, shown: shown.slice(-3), time: video.currentTime, end: video.ended})"
        )
        print(condition, state)
    assert state["errors"] == [], state


def follow(page: Page, source: str) -> None:
    """Live, then back to the beginning, then live again."""
    page.evaluate(PLAY, {"source": source, "start": None})
    until(page, "shown.length > 10")
    begin, _ = page.evaluate("range()")
    assert begin < 1, "one can look back to where it began"
    live = page.evaluate("shown.at(-1)")
    assert live > begin + 3, "a player begins where the class is"
    back = begin + 1
    page.evaluate(f"video.currentTime = {back}; shown.length = 0;")
    until(page, f"shown.filter((time) => time >= {back} - 0.5 && time < {back} + 3).length > 10")
    page.evaluate("goLive(); shown.length = 0;")
    until(page, f"shown.filter((time) => time > {live}).length > 10")
    page.evaluate("leave()")


def watch(page: Page, source: str, seconds: float) -> None:
    """The whole, to its last pictures: whether a player then says at once that it has ended is its own."""
    page.evaluate(PLAY, {"source": source, "start": 0})
    until(page, "shown.length > 0")
    page.evaluate("video.playbackRate = 2")
    until(page, f"video.ended || Math.max(...shown) > video.duration - {LAST_S}")
    duration, moving = page.evaluate("[video.duration, new Set(shown.map(Math.floor)).size]")
    assert abs(duration - seconds) < 1
    assert moving >= seconds - 2, "pictures in every second"
    page.evaluate("leave()")


@pytest.mark.drawn(1)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("player", "name"), SOURCES)
def test_a_class_is_followed_looked_back_into_and_watched_afterwards(
    stack: Stack, open_page: OpenPage, player: str, name: str, codec: str
) -> None:
    room = f"{player.partition('.')[0]}-{name.partition('.')[0]}-{codec.lower()}"
    publisher = open_page()
    publisher.evaluate("publish", {"url": f"{stack.base}/whip/{room}", "codec": codec})
    started = stack.request("POST", "/api/v1/recordings/start", {"room_id": room, "title": codec})
    path = f"/api/v1/recordings/{started['recording_id']}"
    page = open_page()
    read = "(await answer.json()).tracks?.find(({track}) => track === 'video')?.duration_seconds"
    poll(page, f"fetch('{stack.base}{path}/info').then(async (answer) => {read} > {TAKEN_S})")
    page.evaluate(Path(SCRIPTS[player]).read_text() + "\nundefined;")
    follow(page, f"{stack.base}{path}/stream/{name}")
    stack.request("POST", f"{path}/stop")
    info = stack.request("GET", f"{path}/info")
    video = next(one for one in info["tracks"] if one["track"] == "video")
    assert video["codecs"].startswith(RECORDED_AS[codec])
    watch(page, f"{stack.base}{path}/stream/{name}", video["duration_seconds"])
    publisher.evaluate("fetch(resource, {method: 'DELETE'})")
