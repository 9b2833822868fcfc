"""Who speaks in a room, group by group, and whom its floors hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.live_room import open_room, person
from vtp.media.allocation import Importance
from vtp.media.audio_levels import Volume
from vtp.media.parameters import RtpParameters
from vtp.media.producer import Producer
from vtp.media.worker import Heard
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom
from vtp.rooms.participants import APP_DATA_KEY, Participant
from vtp.rooms.sources import SOURCE
from vtp.rooms.speaker_focus import SpeakerFocus
from vtp.rooms.speakers import MoverHears, Speaker, SpeakerChanged, Speakers, VolumesChanged

SPEECH, NOISE = 28, 75
LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
OPUS = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}


def microphone(live: LiveRoom, who: Participant, source: str = "microphone") -> Producer:
    """What somebody who comes with it alone sends."""
    made = live.router.create_transport({APP_DATA_KEY: who}, publishes=True)
    extensions = [{"uri": LEVEL, "id": 1}]
    sound = {"mid": "0", "codecs": [OPUS], "encodings": [{"ssrc": 7}], "headerExtensions": extensions}
    data = {PARTICIPANT_ID: who.participant_id, SOURCE: source}
    return made.produce("audio", RtpParameters.from_json(sound), app_data=data)


class Class:
    """A room with microphones, and what its speakers have told."""

    def __init__(self, live: LiveRoom) -> None:
        self.live = live
        self.speakers = live.part(Speakers)
        self.told: list[Any] = []
        self.speakers.add_listener(self.told.append)

    def microphone(self, who: Participant, source: str = "microphone") -> Producer:
        """Somebody comes and sends sound."""
        return microphone(self.live, who, source)

    def camera(self, who: Participant) -> Producer:
        """Somebody sends a picture."""
        made = self.live.router.create_transport({APP_DATA_KEY: who}, publishes=True)
        codec = {"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000}
        picture = RtpParameters.from_json({"mid": "0", "codecs": [codec], "encodings": [{"ssrc": 9}]})
        data = {PARTICIPANT_ID: who.participant_id, SOURCE: "camera"}
        return made.produce("video", picture, app_data=data)

    def hear(self, levels: dict[Producer, int], ms: int) -> None:
        """All at these levels for a while, looked at every 200 ms."""
        said = {one.handle: bytes([level] * 10) for one, level in levels.items()}
        for _ in range(ms // 200):
            self.speakers.receive({self.live.router.worker: Heard(10, said)})

    def changes(self) -> list[Speaker | None]:
        return [one.speaker for one in self.told if isinstance(one, SpeakerChanged)]

    def volumes(self) -> list[tuple[Volume, ...]]:
        return [one.volumes for one in self.told if isinstance(one, VolumesChanged)]


def speaker(who: Participant, producer: Producer) -> Speaker:
    return Speaker(who.participant_id, producer.id)


async def test_volumes_end_with_the_last_microphone() -> None:
    async with open_room() as live:
        lesson = Class(live)
        ada = lesson.microphone(person())
        lesson.hear({ada: SPEECH}, 2_000)
        assert [one.producer_id for one in lesson.volumes()[-1]] == [ada.id]
        ada.close()
        assert lesson.volumes()[-1] == ()


async def test_who_speaks_is_told_once_and_known_to_who_comes_later() -> None:
    async with open_room() as live:
        room, ada, sam = Class(live), person(), person()
        mic, _ = room.microphone(ada), room.microphone(sam)
        room.hear({mic: SPEECH}, 3_000)
        assert room.changes() == [speaker(ada, mic)]
        assert room.speakers.speaker_near("somebody new") == speaker(ada, mic)


async def test_the_pictures_of_who_speaks_come_before_those_of_others() -> None:
    async with open_room() as live:
        live.part(SpeakerFocus)
        room, ada, sam = Class(live), person(), person()
        mics = [room.microphone(ada), room.microphone(sam)]
        seen = [room.camera(ada), room.camera(sam)]
        assert [one.importance for one in seen] == [Importance.REST, Importance.REST]
        room.hear({mics[0]: SPEECH}, 2_000)
        assert [one.importance for one in seen] == [Importance.FOCUS, Importance.REST]
        assert room.camera(ada).importance is Importance.FOCUS
        room.hear({mics[1]: SPEECH}, 4_000)
        assert [one.importance for one in seen] == [Importance.REST, Importance.FOCUS]
        mics[1].close()
        assert [one.importance for one in seen] == [Importance.REST, Importance.REST]


async def test_only_ones_own_group_counts() -> None:
    async with open_room() as live:
        room, ada, sam = Class(live), person(), person()
        mics = {ada: room.microphone(ada), sam: room.microphone(sam)}
        live.groups.move(sam.participant_id, "g")
        room.hear({mics[ada]: SPEECH, mics[sam]: SPEECH - 10}, 2_000)
        assert room.speakers.speaker_near(ada.participant_id) == speaker(ada, mics[ada])
        assert room.speakers.speaker_near(sam.participant_id) == speaker(sam, mics[sam])
        assert {one.group for one in room.told} == {"", "g"}


async def test_who_goes_into_another_group_speaks_there_and_no_more_here() -> None:
    async with open_room() as live:
        room, ada, sam = Class(live), person(), person()
        mic, _ = room.microphone(ada), room.microphone(sam)
        room.hear({mic: SPEECH}, 1_000)
        live.groups.move(ada.participant_id, "g")
        assert room.changes()[-1] is None
        assert MoverHears(ada.participant_id, None) in room.told
        assert room.speakers.speaker_near(sam.participant_id) is None
        room.hear({mic: SPEECH}, 1_000)
        assert room.speakers.speaker_near(ada.participant_id) == speaker(ada, mic)


async def test_who_moves_from_silence_to_silence_is_told_nothing() -> None:
    async with open_room() as live:
        room, ada = Class(live), person()
        room.microphone(ada)
        live.groups.move(ada.participant_id, "g")
        live.groups.move(ada.participant_id, "")
        assert room.told == []


async def test_end_of_the_speaking_microphone_is_told() -> None:
    async with open_room() as live:
        room, ada = Class(live), person()
        mic = room.microphone(ada)
        room.hear({mic: SPEECH}, 1_000)
        mic.close()
        assert room.changes() == [speaker(ada, mic), None]


async def test_sound_of_a_screen_speaks_for_nobody() -> None:
    async with open_room() as live:
        room = Class(live)
        film = room.microphone(person(), "screen")
        room.hear({film: SPEECH}, 3_000)
        assert room.told == []


async def test_volumes_are_told_when_they_change_and_silence_once() -> None:
    async with open_room() as live:
        room = Class(live)
        mic = room.microphone(person())
        room.hear({mic: SPEECH}, 5_000)
        assert room.volumes() == [(Volume(mic.id, -SPEECH),)]
        room.hear({mic: SPEECH + 3}, 2_000)
        assert len(room.volumes()) == 1
        room.hear({mic: SPEECH + 10}, 2_000)
        assert len(room.volumes()) == 2
        room.hear({mic: NOISE}, 5_000)
        assert room.volumes()[2:] == [()]


async def test_microphone_that_has_ended_is_not_among_the_loud() -> None:
    async with open_room() as live:
        room = Class(live)
        gone, mic = room.microphone(person()), room.microphone(person())
        room.hear({gone: SPEECH, mic: SPEECH}, 600)
        gone.close()
        room.hear({mic: SPEECH}, 400)
        assert room.volumes() == [(Volume(mic.id, -SPEECH),)]


async def test_large_room_is_told_volumes_less_often() -> None:
    async with open_room() as live:
        room = Class(live)
        mic = room.microphone(person())
        for _ in range(150):
            live.people.hold(person())
        room.hear({mic: SPEECH}, 2_800)
        assert room.volumes() == []
        room.hear({mic: SPEECH}, 400)
        assert len(room.volumes()) == 1


async def test_microphones_share_a_floor_within_their_group_and_screens_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_room() as live:
        calls: list[tuple[str, str]] = []
        put: Callable[[Producer, str], None] = lambda one, group: calls.append((one.id, group))  # noqa: E731
        monkeypatch.setattr(live.router.floors, "put", put)
        ended: list[str] = []
        monkeypatch.setattr(live.router.floors, "remove", ended.append)
        room, ada, sam = Class(live), person(), person()
        mic, other = room.microphone(ada), room.microphone(sam)
        room.microphone(person(), "screen")
        live.groups.move(sam.participant_id, "g")
        assert calls == [(mic.id, ""), (other.id, ""), (other.id, "g")]
        assert ended == []
        live.groups.move(ada.participant_id, "g")
        assert ended == [""], "nobody is there any more"


async def test_whoever_hears_of_a_move_finds_who_speaks_after_it() -> None:
    async with open_room() as live:
        ada, sam = person(), person()
        found: list[Speaker | None] = []
        live.groups.add_listener(lambda _: found.append(live.part(Speakers).speaker_near(sam.participant_id)))
        room = Class(live)
        mic, _ = room.microphone(ada), room.microphone(sam)
        room.hear({mic: SPEECH}, 1_000)
        live.groups.move(ada.participant_id, "g")
        assert found == [None]


async def test_end_of_a_room_ends_its_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_room() as live:
        closed: list[bool] = []
        monkeypatch.setattr(live.router.floors, "close", lambda: closed.append(True))
        Class(live)
        live.close()
        assert closed == [True]


async def test_floors_of_a_router_have_as_many_places_as_it_was_given() -> None:
    async with open_room() as live:
        live.router.floors.places = 1
        room = Class(live)
        mics = [room.microphone(person()) for _ in range(3)]
        stats = [one.stats() for one in mics]
        assert [one["resting"] for one in stats] == [True] * 3, "nobody has sent anything"
        live.router.close()
