"""The program goes from one real sender (aiortc) to another and back, for viewers and the recording."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from aiortc import RTCRtpSender, RTCSessionDescription

from tests.media.test_media_recording import numbers_of, recording, until_recorded
from tests.media_server import Client, MediaServer, NumberedPicture, Tone, client, running_server
from tests.unit.live_room import person
from tests.unit.recording_material import Recorded, strengths
from vtp.media.sdp_ortc import whip_answer
from vtp.media.sdp_parse import parse_session
from vtp.recording.session import RecordingSession
from vtp.rooms.live import PARTICIPANT_ID
from vtp.rooms.participants import APP_DATA_KEY, Participant
from vtp.signalling.whip import connect

FIRST = 128  # of the student's numbers, which go on to 255 and begin again; the teacher's are below


class Marked(NumberedPicture):
    """A camera that counts to 128 and begins again, each number with `mark` added."""

    def __init__(self, mark: int) -> None:
        super().__init__()
        self._mark = mark

    def number_drawn(self) -> int:
        return self._mark + super().number_drawn() % FIRST


def add_tracks(who: Client, mark: int, codec: str, hertz: float = 440) -> None:
    who.connection.addTrack(Tone(hertz))
    who.connection.addTrack(Marked(mark))
    codecs = RTCRtpSender.getCapabilities("video").codecs
    wanted = [one for one in codecs if one.mimeType in (codec, "video/rtx")]
    who.connection.getTransceivers()[1].setCodecPreferences(wanted)


@asynccontextmanager
async def student(
    server: MediaServer, codec: str = "video/H264", hertz: float = 440
) -> AsyncIterator[tuple[Participant, Client]]:
    """Somebody who sends into the room as peers of signalling do: without claiming the program."""
    async with client(server, "student") as made:
        add_tracks(made, FIRST, codec, hertz)
        who, router = person(), server.room().router
        transport = router.create_transport({APP_DATA_KEY: who}, publishes=True)
        answer = whip_answer(
            parse_session(await made.offer()),
            router.rtp_capabilities,
            transport.ice_parameters,
            transport.dtls_parameters,
            transport.ice_candidates,
            ("H264",),
        )
        for media in answer.media:
            app_data = {PARTICIPANT_ID: who.participant_id}
            transport.produce(media.kind, media.rtp_parameters, app_data=app_data)
        connect(transport, answer.remote)
        await made.connection.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        yield who, made


async def see_until(viewer: Client, is_theirs: bool) -> list[int]:
    """Ten numbers from when those of one sender are seen: the student's (`is_theirs`) or not."""
    async with asyncio.timeout(80):
        (number,) = await viewer.see(1)
        while (number >= FIRST) != is_theirs:
            (number,) = await viewer.see(1)
        return [number, *await viewer.see(9)]


def assert_in_a_row(numbers: list[int]) -> None:
    assert all((next_ - one) % FIRST == 1 for one, next_ in pairwise(numbers)), str(numbers)


def recorded_s(session: RecordingSession) -> float:
    return session.recorder.tracks["video"].duration_s


async def test_viewers_and_the_recording_go_over_and_come_back(tmp_path: Path) -> None:
    async with running_server() as server, client(server, "alice") as alice, client(server, "bob") as bob:
        add_tracks(alice, 0, "video/H264")
        await alice.start("/whip/physics")
        await bob.watch()
        assert_in_a_row(await see_until(bob, is_theirs=False))
        async with recording(server, tmp_path) as (session, running):
            await until_recorded(session, 2)
            room = server.room()
            async with student(server) as (who, theirs):
                room.choose_presenter(who)
                assert_in_a_row(await see_until(bob, is_theirs=True))
                assert await bob.hear() > 0
                await until_recorded(session, recorded_s(session) + 2)
                assert not alice.closed.is_set(), "she goes on sending"
                await theirs.connection.close()
                assert_in_a_row(await see_until(bob, is_theirs=False))
            await until_recorded(session, recorded_s(session) + 2)
        assert running.result().failure == ""
    recorded = Recorded(tmp_path)
    numbers = [number for _, number in numbers_of(recorded)]
    turns = [at for at, (one, next_) in enumerate(pairwise(numbers), 1) if (one >= FIRST) != (next_ >= FIRST)]
    before, during, after = (numbers[a:b] for a, b in pairwise([0, *turns, len(numbers)]))
    assert before[0] < FIRST <= during[0] and after[0] < FIRST
    for part in (before, during, after):
        assert_in_a_row(list(dict.fromkeys(part)))  # a still of one may fill what lies between two
        assert len(part) > 10
    assert (after[0] - before[-1]) % FIRST > len(during), "what she sent meanwhile is not recorded later"
    gaps = sum(one.duration for one in recorded.index("video").segments if one.gap)
    assert gaps < 2 * 90_000, "the wait for key frames"


async def test_what_cannot_be_recorded_is_said_while_it_presents(tmp_path: Path) -> None:
    async with running_server() as server, client(server, "alice") as alice:
        add_tracks(alice, 0, "video/H264")
        await alice.start("/whip/physics")
        async with recording(server, tmp_path) as (session, running):
            await until_recorded(session, 1)
            room = server.room()
            async with student(server, "video/VP8") as (who, _):
                room.choose_presenter(who)
                assert "VP8" in session.message
                heard_s = session.recorder.tracks["opus"].duration_s
                await until_recorded(session, heard_s + 1, "opus")
                seen_s = recorded_s(session)
                room.choose_presenter(None)
                assert session.message == ""
                await until_recorded(session, seen_s + 1)
        assert running.result().failure == ""
    numbers = [number for _, number in numbers_of(Recorded(tmp_path))]
    assert max(numbers) < FIRST


async def test_voices_of_all_are_in_the_mix_and_one_that_is_muted_is_not(tmp_path: Path) -> None:
    async with running_server() as server, client(server, "alice") as alice:
        add_tracks(alice, 0, "video/H264")
        await alice.start("/whip/physics")
        async with recording(server, tmp_path) as (session, running):
            await until_recorded(session, 2, "opus")
            alone_s = seconds_in(session)
            async with student(server, hertz=1000) as (who, _):
                (voice,) = (
                    one for one in server.room().producers_of(who.participant_id) if one.kind == "audio"
                )
                heard = asyncio.Event()
                voice.add_listener(lambda event: heard.set() if voice.started else None)
                if voice.started:
                    heard.set()
                await asyncio.wait_for(heard.wait(), 40)
                came_s = seconds_in(session)
                await until_recorded(session, came_s + 1, "opus")
                voice.pause()
                muted_s = seconds_in(session)
                await until_recorded(session, muted_s + 2, "opus")
        assert running.result().failure == ""
    begin, sound = Recorded(tmp_path).audio("opus")
    end_s = begin / 48_000 + len(sound) / 48_000
    sound = np.concatenate([np.zeros(begin, sound.dtype), sound])
    for since_s, until_s in ((0.5, alone_s), (came_s, muted_s), (muted_s, end_s)):
        assert is_heard(strengths(sound, 440, since_s, until_s)), (since_s, until_s)
    assert strengths(sound, 1000, 0.5, alone_s).max() < 0.05
    assert is_heard(strengths(sound, 1000, came_s, muted_s))
    assert np.median(strengths(sound, 1000, muted_s + 0.5, end_s)) < 0.02


def is_heard(strengths: npt.NDArray[np.float64]) -> bool:
    """Whether a tone sounds in a third of the tenths of a second: senders have holes on a busy machine."""
    return bool(np.quantile(strengths, 2 / 3) > 0.1)


def seconds_in(session: RecordingSession) -> float:
    """How long the recording lasts by now, by its own clock."""
    return time.time() - session.recorder.manifest.origin_wall_ns / 1e9
