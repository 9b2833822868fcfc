"""What is noted of an open room: who talks over its groups, whose cameras are on, how often that is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.live_room import open_room, person
from vtp.analytics.class_notes import ClassNotes
from vtp.http.identity import Role
from vtp.media.audio_levels import Volume
from vtp.media.parameters import RtpParameters
from vtp.media.producer import Producer
from vtp.rooms.groups import MAIN
from vtp.rooms.link_quality import Figures
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom
from vtp.rooms.participants import APP_DATA_KEY, Participant
from vtp.rooms.qualities import Qualities
from vtp.rooms.sources import SOURCE
from vtp.rooms.speakers import VolumesChanged

EIGHT = datetime(2030, 3, 4, 8, 0, tzinfo=UTC)
EIGHT_MS = int(EIGHT.timestamp() * 1000)
OPUS = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}
VP8 = {"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000}


class Class:
    """A room, its notes, and the clock of both."""

    def __init__(self, live: LiveRoom) -> None:
        self.live = live
        self.seconds = 0.0
        self.notes = ClassNotes(live, self.now)

    def now(self) -> datetime:
        return EIGHT + timedelta(seconds=self.seconds)

    def take(self) -> dict[str, Any]:
        """The rows of people and what they do, newest by kind."""
        return {one.kind: one.values for one in self.notes.take(self.now())}

    def publish(self, who: Participant, kind: str, codec: dict[str, Any], source: str) -> Producer:
        made = self.live.router.create_transport({APP_DATA_KEY: who}, publishes=True)
        ssrc = len(self.live.router.producers) + 7
        media = RtpParameters.from_json({"mid": "0", "codecs": [codec], "encodings": [{"ssrc": ssrc}]})
        data = {PARTICIPANT_ID: who.participant_id, SOURCE: source}
        return made.produce("audio" if kind == "audio" else "video", media, app_data=data)

    def camera(self, who: Participant) -> Producer:
        return self.publish(who, "video", VP8, "camera")

    def loud(self, group: str, *microphones: Producer) -> None:
        """As the speakers of the room tell it."""
        self.notes._heard(VolumesChanged(group, tuple(Volume(one.id, -30) for one in microphones)))


@pytest.fixture
async def lesson() -> AsyncIterator[Class]:
    async with open_room() as live:
        yield Class(live)


def stretch(start_s: float, end_s: float) -> list[int]:
    return [EIGHT_MS + int(start_s * 1000), EIGHT_MS + int(end_s * 1000)]


async def test_who_has_a_camera_on_is_written_every_ten_seconds(lesson: Class) -> None:
    ada = person()
    lesson.live.people.hold(ada)
    camera = lesson.camera(ada)
    written = []
    for lesson.seconds in range(0, 31, 2):
        if "activity" in lesson.take():
            written.append(lesson.seconds)
    assert written == [0, 10, 20, 30]
    lesson.seconds = 32
    camera.pause()
    assert lesson.take()["activity"]["camera"] == [stretch(0, 32)]  # what has changed is written at once
    lesson.seconds = 60
    assert lesson.take() == {}


async def test_talk_goes_on_when_who_talks_moves_into_another_group(lesson: Class) -> None:
    ada = person()
    lesson.live.people.hold(ada)
    microphone = lesson.publish(ada, "audio", OPUS, "microphone")
    lesson.loud(MAIN, microphone)
    lesson.seconds = 5
    lesson.loud("group-1", microphone)
    lesson.loud(MAIN)
    lesson.seconds = 20
    lesson.loud("group-1")
    assert lesson.take()["activity"]["talks"] == [stretch(0, 20)]


async def test_the_end_of_an_older_camera_leaves_the_newer_one_on(lesson: Class) -> None:
    ada = person()
    lesson.live.people.hold(ada)
    older = lesson.camera(ada)
    lesson.seconds = 10
    newer = lesson.camera(ada)
    lesson.seconds = 11
    older.close()
    lesson.seconds = 60
    newer.pause()
    lesson.seconds = 90
    newer.resume()
    lesson.seconds = 100
    newer.close()
    assert lesson.take()["activity"]["camera"] == [stretch(0, 60), stretch(90, 100)]


async def test_somebody_keeps_the_role_that_they_came_in(lesson: Class) -> None:
    ada = person()
    lesson.live.people.hold(ada)
    lesson.live.people.set_role(ada, Role.ASSISTANT)
    assert (ada.role, lesson.take()["participation"]["role"]) == (Role.ASSISTANT, "student")


async def test_a_connection_that_stays_bad_is_written_every_ten_seconds(lesson: Class) -> None:
    ada, ben = person(), person()
    for one in (ada, ben):
        lesson.live.people.hold(one)
    qualities = lesson.live.part(Qualities)
    written = []
    for lesson.seconds in range(0, 31, 2):
        qualities.take(ada.participant_id, Figures(loss_sending=0.2))
        qualities.take(ben.participant_id, Figures())
        notes = [one for one in lesson.notes.take(lesson.now()) if one.kind == "activity"]
        written += [(lesson.seconds, one.values["quality"]) for one in notes]
    poor = "poor/loss_sending"  # from the second reading on
    assert written == [(0, {}), (0, {}), (2, {poor: 0}), (12, {poor: 10_000}), (22, {poor: 20_000})]
    lesson.seconds = 32
    for loss in (0.05, 0.05, 0.05, 0.05):
        qualities.take(ada.participant_id, Figures(loss_sending=loss))
    lesson.seconds = 35
    assert lesson.take()["activity"]["quality"] == {poor: 30_000, "fair/loss_sending": 3000}
    lesson.live.people.let_go(ada)
    lesson.seconds = 60
    assert lesson.take()["activity"]["quality"] == {poor: 30_000, "fair/loss_sending": 3000}
