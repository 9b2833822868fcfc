"""A clip with flash and beep from `vtp publish`, recorded: every frame is there, sound with it."""

from itertools import pairwise

import pytest

from tests.e2e.conftest import Stack
from tests.e2e.recorded_media import Picture, pictures, rendition, rendition_urls, sound
from vtp.bench.lecture_clip import ClipFormat, write_clip
from vtp.bench.lecture_sound import beep_starts_s

FPS = 25
CLIP_SECONDS = 14
LIMIT_S = 0.040
TRACKS = {"video", "opus", "aac"}


@pytest.fixture(scope="module")
def tracks(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tracks of a recording of the clip, from the moment somebody presents to the clip's end."""
    clip = tmp_path_factory.mktemp("clip") / "lecture.mkv"
    write_clip(clip, CLIP_SECONDS, ClipFormat(640, 360, FPS, bitrate_bps=600_000))
    room = "sync"
    stack.request("POST", "/api/v1/signalling/room/create", {"room_id": room, "room_name": "Sync"})
    publisher = stack.vtp("publish", str(clip), "--to", f"{stack.base}/whip/{room}")
    try:
        stack.wait_for_program(room)
        started = stack.request("POST", "/api/v1/recordings/start", {"room_id": room, "title": "Sync"})
        out, errors = publisher.communicate(timeout=CLIP_SECONDS + 20)
    finally:
        publisher.kill()
    assert publisher.returncode == 0, out + errors
    recording = stack.request("POST", f"/api/v1/recordings/{started['recording_id']}/stop")
    playback = stack.request("GET", f"/api/v1/recordings/{recording['recording_id']}")["playback_url"]
    found = rendition_urls(stack.base + playback)
    assert set(found) == TRACKS
    return {name: rendition(url) for name, url in found.items()}


@pytest.fixture(scope="module")
def shown(tracks: dict[str, bytes]) -> list[Picture]:
    return list(pictures(tracks["video"]))


def test_every_frame_of_the_clip_is_recorded_with_its_time(shown: list[Picture]) -> None:
    numbers = [picture.number for picture in shown]
    first = numbers[0]
    assert first is not None and first <= 3 * FPS, "the recording began late"
    assert numbers == list(range(first, CLIP_SECONDS * FPS))
    distances = [after.time_s - before.time_s for before, after in pairwise(shown)]
    assert all(abs(distance - 1 / FPS) < 0.010 for distance in distances), distances


@pytest.mark.parametrize("codec", ["opus", "aac"])
def test_sound_and_picture_are_within_40_ms(
    shown: list[Picture], tracks: dict[str, bytes], codec: str
) -> None:
    flashes = [after.time_s for before, after in pairwise(shown) if after.flash and not before.flash]
    begin_s, samples = sound(tracks[codec])
    beeps = [begin_s + at for at in beep_starts_s(samples)]
    assert len(flashes) >= CLIP_SECONDS - 4
    offsets_ms = [round(1000 * (min(beeps, key=lambda b: abs(b - flash)) - flash), 1) for flash in flashes]
    print(codec, "sound after picture, ms:", offsets_ms)
    assert all(abs(offset_ms) <= LIMIT_S * 1000 for offset_ms in offsets_ms), offsets_ms
