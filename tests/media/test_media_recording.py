"""A room's program recorded while a real publisher (aiortc) sends it: every number, in order, with sound."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import numpy as np

from tests.media_server import MediaServer, client, presenter_of, read_number, running_server
from tests.unit.recording_material import Recorded
from vtp.recording.outcome import Outcome
from vtp.recording.recorder import Recorder
from vtp.recording.session import RecordingSession
from vtp.recording.transcoder import TranscodeSlots
from vtp.rooms.groups import MAIN
from vtp.tasks import Tasks

FPS = 15
Running = tuple[RecordingSession, asyncio.Task[Outcome]]


@asynccontextmanager
async def recording(
    server: MediaServer, directory: Path, slots: TranscodeSlots | None = None
) -> AsyncIterator[tuple[RecordingSession, asyncio.Task[Outcome]]]:
    """Records the room `physics` until the block ends."""
    room = await server.live_rooms.open(server.rooms.rooms["physics"])
    recorder = Recorder(directory, "r")
    tasks = Tasks()
    session = RecordingSession(room, recorder, tasks, slots=slots)
    recorder.on_key_frame_wanted(session.want_key_frame)
    running = asyncio.create_task(session.run())
    yield session, running
    recorder.stop()
    await running
    await tasks.close()


def numbers_of(recorded: Recorded) -> Iterator[tuple[float, int]]:
    """(seconds, number) of every recorded picture."""
    index = recorded.index("video")
    for line in index.maps:
        with av.open(str(write_media(recorded, line.map))) as container:
            for frame in container.decode(video=0):
                yield (frame.pts or 0) / 90_000, read_number(frame)


def write_media(recorded: Recorded, map_number: int) -> Path:
    path = recorded.directory / f"joined-{map_number}.mp4"
    path.write_bytes(recorded.media("video", map_number))
    return path


async def until_recorded(session: RecordingSession, seconds: float, track: str = "video") -> None:
    """Waits until a track's index holds this much."""

    def holds() -> bool:
        index = session.recorder.tracks.get(track)
        return index is not None and bool(index.segments) and index.duration_s >= seconds

    loop, grown = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        loop.call_soon_threadsafe(grown.set)

    session.recorder.on_growth(tell)
    async with asyncio.timeout(60):
        while not holds():
            await grown.wait()
            grown.clear()
    session.recorder.on_growth(lambda: None)


async def test_what_an_h264_publisher_sends_is_recorded_number_by_number(tmp_path: Path) -> None:
    async with running_server() as server, client(server, "alice") as alice:
        async with recording(server, tmp_path) as (session, running):
            await alice.publish(codec="video/H264")
            await until_recorded(session, 6)
            assert server.room().recording
        assert running.result().failure == ""
        assert not server.room().recording
    recorded = Recorded(tmp_path)
    found = list(numbers_of(recorded))
    numbers = [number for _, number in found]
    assert len(numbers) >= 6 * FPS - 2
    assert numbers == [(numbers[0] + n) % 256 for n in range(len(numbers))]
    index = recorded.index("video")
    assert all(1.5 < s.duration / 90_000 < 3 for s in index.segments[:-1])
    assert not any(s.gap for s in index.segments)
    for track in ("opus", "aac"):
        _, sound = recorded.audio(track)
        wave = sound[48_000 : 48_000 * 3]
        spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
        assert abs(float(np.argmax(spectrum)) * 48_000 / len(wave) - 440) < 3, track


async def test_recording_begun_later_starts_at_the_last_key_frame(tmp_path: Path) -> None:
    async with running_server() as server, client(server, "alice") as alice, client(server, "bob") as bob:
        await alice.publish(codec="video/H264")
        await bob.watch()
        await bob.see(20)
        async with recording(server, tmp_path) as (session, _):
            await until_recorded(session, 2)
    numbers = [number for _, number in numbers_of(Recorded(tmp_path))]
    assert numbers == [(numbers[0] + n) % 256 for n in range(len(numbers))]


async def test_vp8_publisher_is_recorded_as_sound_with_the_reason(tmp_path: Path) -> None:
    async with running_server() as server, client(server, "alice") as alice:
        await alice.publish(codec="video/VP8")
        async with recording(server, tmp_path) as (session, running):
            assert "VP8" in session.message
            await until_recorded(session, 1, "opus")
        assert running.result().failure == ""
        assert "VP8" in session.recorder.manifest.message
    recorded = Recorded(tmp_path)
    assert recorded.index("opus").has_media
    assert not (tmp_path / "video").exists()


async def test_vp8_publisher_is_recorded_as_h264_while_a_slot_for_it_is_free(tmp_path: Path) -> None:
    slots = TranscodeSlots(1)
    async with running_server() as server, client(server, "alice") as alice:
        async with recording(server, tmp_path, slots) as (session, running):
            await alice.publish(codec="video/VP8")
            await until_recorded(session, 3)
            assert (session.message, slots.take()) == ("", False)
            async with await alice.call("DELETE") as response:
                assert response.status == 200
            assert slots.take(), "free again with the presenter's end"
        assert running.result().failure == ""
        assert not slots.take(), "given back once"
    recorded = Recorded(tmp_path)
    assert [line.codecs[:4] for line in recorded.index("video").maps] == ["avc1"]
    numbers = [number for _, number in numbers_of(recorded)]
    assert len(numbers) >= 3 * FPS - 2
    assert numbers == [(numbers[0] + n) % 256 for n in range(len(numbers))]


async def test_vp8_publisher_is_recorded_from_when_another_recording_gives_its_slot_back(
    tmp_path: Path,
) -> None:
    slots = TranscodeSlots(1)
    assert slots.take(), "another recording's"
    async with running_server() as server, client(server, "alice") as alice:
        async with recording(server, tmp_path, slots) as (session, running):
            await alice.publish(codec="video/VP8")
            await until_recorded(session, 1, "opus")
            assert "VP8" in session.message
            slots.give_back()
            await until_recorded(session, session.recorder.tracks["opus"].duration_s + 4)
            assert (session.message, slots.take()) == ("", False)
        assert running.result().failure == ""
        assert slots.take() and not slots.take()
    recorded = Recorded(tmp_path)
    assert [line.codecs[:4] for line in recorded.index("video").maps] == ["avc1"]
    assert len(list(numbers_of(recorded))) > FPS


async def test_slot_that_goes_from_presenter_to_presenter_is_not_offered_to_others_between() -> None:
    slots, offered = TranscodeSlots(1), asyncio.Event()
    assert slots.take()
    slots.wait(offered.set)
    slots.give_back()
    assert slots.take(), "the next presenter of the same program"
    for _ in range(3):
        await asyncio.sleep(0)
    assert not offered.is_set()
    slots.give_back()
    await offered.wait()
    stop = slots.wait(offered.clear)
    stop()
    slots.give_back()
    await asyncio.sleep(0)
    assert offered.is_set(), "who waits no more is not asked"


async def test_publisher_who_comes_back_leaves_a_gap_between(tmp_path: Path) -> None:
    async with running_server() as server, recording(server, tmp_path) as (session, _):
        async with client(server, "alice") as alice:
            await alice.publish(codec="video/H264")
            await until_recorded(session, 2)
            async with await alice.call("DELETE") as response:
                assert response.status == 200
        await asyncio.sleep(1.5)  # the gap itself, in real time
        async with client(server, "alice") as again:
            await again.publish(codec="video/H264", first=100)
            await until_recorded(session, 7)
    index = Recorded(tmp_path).index("video")
    assert any(segment.gap for segment in index.segments)
    gap_s = next(segment.start for segment in index.segments if segment.gap) / 90_000
    found = list(numbers_of(Recorded(tmp_path)))
    before = [number for time, number in found if time < gap_s]
    # Sound that returns first is seen with a still of what was there before.
    after = [number for time, number in found if time > gap_s and number >= 100]
    assert before == [before[0] + n for n in range(len(before))]
    assert after == [after[0] + n for n in range(len(after))] and len(after) > 30


async def test_what_a_presenter_does_in_a_breakout_room_is_not_recorded(tmp_path: Path) -> None:
    async with running_server() as server, client(server, "alice") as alice:
        async with recording(server, tmp_path) as (session, running):
            await alice.publish(codec="video/H264")
            await until_recorded(session, 2)
            groups, one = server.room().groups, presenter_of(server).participant_id
            groups.move(one, "a breakout room")
            await asyncio.sleep(2)  # what is not to be recorded, in real time
            groups.move(one, MAIN)
            await until_recorded(session, 7)
        assert running.result().failure == ""
    recorded = Recorded(tmp_path)
    shown = sorted({int(number) for _, number in numbers_of(recorded)})
    steps = [later - number for number, later in itertools.pairwise(shown)]
    pause = steps.index(max(steps))
    assert steps[pause] > 2 * FPS - 5, "the pictures of the group are missing"
    assert {*steps[:pause], *steps[pause + 1 :]} == {1}, "and no others"
    assert pause > FPS and len(steps) - pause > 2 * FPS
