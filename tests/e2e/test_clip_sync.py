"""A clip with flash and beep from `vtp publish`, recorded: every frame is there, sound with it."""

import select
import time
import urllib.error
from dataclasses import dataclass
from itertools import pairwise

import pytest

from tests.e2e.conftest import Stack
from tests.e2e.recorded_media import Picture, fetch, pictures, rendition, rendition_urls, sound
from tests.strict_hls import needs_strict_parser, parse
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.lecture_sound import beep_starts_s

FPS = 25
CLIP_SECONDS = 10
LIMIT_S = 0.040
TRACKS = {"video", "opus", "aac"}
LIVE_SEGMENTS = 2


@dataclass(frozen=True)
class Recorded:
    """The recording as it was served: playlists while it ran and afterwards, tracks in one piece."""

    live: dict[str, bytes]
    ended: dict[str, bytes]
    tracks: dict[str, bytes]


@pytest.fixture(scope="module")
def recorded(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A recording of the clip, from the moment somebody presents to the clip's end."""
    clip = tmp_path_factory.mktemp("clip") / "lecture.mkv"
    write_clip(clip, CLIP_SECONDS, ClipFormat(640, 360, FPS, bitrate_bps=600_000))
    room = "sync"
    stack.request("POST", "/api/v1/signalling/room/create", {"room_id": room, "room_name": "Sync"})
    publisher = stack.vtp("publish", str(clip), "--to", f"{stack.base}/whip/{room}")
    try:
        stack.wait_for_program(room)
        recording = stack.request("POST", "/api/v1/recordings/start", {"room_id": room, "title": "Sync"})
        path = f"/api/v1/recordings/{recording['recording_id']}"
        live = live_playlists(f"{stack.base}{path}/stream/master.m3u8")
        out, errors = publisher.communicate(timeout=CLIP_SECONDS + 20)
    finally:
        publisher.kill()
    assert publisher.returncode == 0, out + errors
    stack.request("POST", f"{path}/stop")
    master = stack.base + stack.request("GET", path)["playback_url"]
    found = rendition_urls(master)
    assert set(found) == TRACKS
    ended = {"master": fetch(master)} | {name: fetch(url) for name, url in found.items()}
    return Recorded(live, ended, {name: rendition(url) for name, url in found.items()})


def live_playlists(master: str) -> dict[str, bytes]:
    """All playlists while the recording grows, once every track has LIVE_SEGMENTS."""
    deadline = time.monotonic() + CLIP_SECONDS
    while time.monotonic() < deadline:
        try:
            found = {"master": fetch(master)}
            found |= {name: fetch(url) for name, url in rendition_urls(master).items()}
        except urllib.error.HTTPError as error:
            assert error.code in (404, 503), error  # nothing to play yet
            found = {}
        counts = [found[name].count(b"#EXTINF") for name in TRACKS if name in found]
        if len(counts) == len(TRACKS) and min(counts) >= LIVE_SEGMENTS:
            return found
        select.select([], [], [], 0.2)
    raise AssertionError(f"{master} never had {LIVE_SEGMENTS} segments in every track")


@pytest.fixture(scope="module")
def shown(recorded: Recorded) -> list[Picture]:
    return list(pictures(recorded.tracks["video"]))


def test_every_frame_of_the_clip_is_recorded_with_its_time(shown: list[Picture]) -> None:
    numbers = [picture.number for picture in shown]
    first = numbers[0]
    assert first is not None and first <= 3 * FPS, "the recording began late"
    assert numbers == list(range(first, CLIP_SECONDS * FPS))
    distances = [after.time_s - before.time_s for before, after in pairwise(shown)]
    assert all(abs(distance - 1 / FPS) < 0.010 for distance in distances), distances


@pytest.mark.parametrize("codec", ["opus", "aac"])
def test_sound_and_picture_are_within_40_ms(shown: list[Picture], recorded: Recorded, codec: str) -> None:
    flashes = [after.time_s for before, after in pairwise(shown) if after.flash and not before.flash]
    begin_s, samples = sound(recorded.tracks[codec])
    beeps = [begin_s + at for at in beep_starts_s(samples)]
    assert len(flashes) >= CLIP_SECONDS - 4
    offsets_ms = [round(1000 * (min(beeps, key=lambda b: abs(b - flash)) - flash), 1) for flash in flashes]
    print(codec, "sound after picture, ms:", offsets_ms)
    assert all(abs(offset_ms) <= LIMIT_S * 1000 for offset_ms in offsets_ms), offsets_ms


@needs_strict_parser
def test_a_strict_parser_accepts_every_playlist_as_it_is_served(recorded: Recorded) -> None:
    for playlists in (recorded.live, recorded.ended):
        key_frames = playlists["master"].count(b"#EXT-X-I-FRAME-STREAM-INF")  # offered once they are known
        assert key_frames <= (playlists is recorded.ended)
        assert parse(playlists["master"]) == 2 + key_frames  # the picture with either sound
        for name in TRACKS:
            working = parse(playlists[name]) - playlists[name].count(b"#EXTINF")
            # Of a live one the parser counts the segment in work too, of which parts are listed.
            assert working in ((0, 1) if playlists is recorded.live else (0,)), name
    assert b"#EXT-X-ENDLIST" not in recorded.live["video"]
    assert b"#EXT-X-PLAYLIST-TYPE:EVENT" in recorded.live["video"]
