"""Handing the program over: to whom staff choose, back to who claimed it; nobody's transport is closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.live_room import open_room, person
from vtp.errors import Conflict, NotFound
from vtp.http.identity import Role
from vtp.media.consumer import Consumer
from vtp.media.parameters import RtpParameters
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import APP_DATA_KEY, Participant
from vtp.rooms.pin import Pin, Pinned
from vtp.rooms.program import Presenter, PresenterChanged, ProducerAdded, ProducerRemoved, ProgramEvent

MIMES = {"video": ("video/H264", 90_000), "audio": ("audio/opus", 48_000)}


@pytest.fixture
async def live() -> AsyncIterator[LiveRoom]:
    async with open_room() as made:
        yield made


def parameters(kind: str, ssrc: int) -> RtpParameters:
    mime, clock = MIMES[kind]
    more: dict[str, Any] = {"channels": 2} if kind == "audio" else {}
    profile = {"packetization-mode": 1, "profile-level-id": "42e01f"} if kind == "video" else {}
    codec = {"mimeType": mime, "payloadType": 96, "clockRate": clock, "parameters": profile, **more}
    return RtpParameters.from_json(
        {"codecs": [codec], "encodings": [{"ssrc": ssrc}], "mid": str(ssrc), "rtcp": {"cname": "c"}}
    )


class Sender:
    """Somebody who is here, with transports and what they send."""

    def __init__(self, live: LiveRoom, role: Role = Role.STUDENT) -> None:
        self._live = live
        self._ssrc = 1000
        self.who: Participant = person(role)
        self.id = self.who.participant_id
        live.people.hold(self.who)

    def transport(self) -> WebRtcTransport:
        return self._live.router.create_transport({APP_DATA_KEY: self.who}, publishes=True)

    def send(self, kind: Any, transport: WebRtcTransport | None = None) -> Producer:
        self._ssrc += 1
        return (transport or self.transport()).produce(kind, parameters(kind, self._ssrc))

    def claim(self) -> WebRtcTransport:
        transport = self.transport()
        self._live.program.present(Presenter(self.id, self.id, "Name", transport))
        return transport

    def leave(self) -> None:
        for transport in list(self._live.router.transports.values()):
            if transport.app_data.get(APP_DATA_KEY) is self.who:
                transport.close()
        self._live.people.let_go(self.who)


def viewer(live: LiveRoom, kind: Any = "video") -> Consumer:
    transport = live.router.create_transport()
    consumer = transport.consume_any(kind, parameters(kind, transport.allocate_ssrc()))
    live.program.follow(consumer)
    return consumer


def hear(live: LiveRoom) -> list[PresenterChanged]:
    told: list[PresenterChanged] = []
    live.program.add_presenter_listener(told.append)
    return told


async def test_the_chosen_ones_newest_picture_and_sound_take_the_program_and_nothing_is_closed(
    live: LiveRoom,
) -> None:
    teacher, student = Sender(live, Role.TEACHER), Sender(live)
    picture, sound = viewer(live), viewer(live, "audio")
    claimed = teacher.claim()
    shown, heard = teacher.send("video", claimed), teacher.send("audio", claimed)
    student.send("video")
    newest, voice = student.send("video"), student.send("audio")
    events: list[ProgramEvent] = []
    live.program.add_listener(events.append)
    told = hear(live)
    live.choose_presenter(student.who)
    assert live.program.producers == {"video": newest, "audio": voice}
    assert (picture.producer, sound.producer) == (newest, voice)
    assert set(events[:2]) == {ProducerRemoved(shown), ProducerRemoved(heard)}, "the old ones first"
    assert set(events[2:]) == {ProducerAdded(newest), ProducerAdded(voice)}
    assert told == [PresenterChanged(student.id)]
    assert not claimed.closed and not shown.closed


async def test_a_chosen_one_who_sends_nothing_presents_as_soon_as_they_do(live: LiveRoom) -> None:
    teacher, student = Sender(live, Role.TEACHER), Sender(live)
    shown = teacher.send("video", teacher.claim())
    picture, told = viewer(live), hear(live)
    live.choose_presenter(student.who)
    assert picture.producer is shown, "the program does not go dark meanwhile"
    theirs = student.send("video")
    assert picture.producer is theirs
    assert told == [PresenterChanged(student.id, waiting=True), PresenterChanged(student.id)]
    later = student.send("audio", student.transport())
    assert live.program.producers == {"video": theirs, "audio": later}


async def test_what_the_chosen_one_does_not_send_is_not_the_old_ones(live: LiveRoom) -> None:
    teacher, student = Sender(live, Role.TEACHER), Sender(live)
    teacher.send("video", teacher.claim())
    picture = viewer(live)
    voice = student.send("audio")
    live.choose_presenter(student.who)
    assert live.program.producers == {"audio": voice} and picture.producer is None


async def test_their_camera_is_shown_again_after_their_screen(live: LiveRoom) -> None:
    student = Sender(live)
    live.choose_presenter(student.who)
    camera = student.send("video")
    screen = student.send("video")
    picture = viewer(live)
    assert picture.producer is screen
    screen.close()
    assert picture.producer is camera


@pytest.mark.parametrize("leaves", [True, False])
async def test_after_the_chosen_one_who_claimed_it_presents_again(live: LiveRoom, leaves: bool) -> None:
    teacher, student = Sender(live, Role.TEACHER), Sender(live)
    shown = teacher.send("video", teacher.claim())
    picture = viewer(live)
    sent = [student.send("video"), student.send("audio")]
    live.choose_presenter(student.who)
    told = hear(live)
    if leaves:
        student.leave()
    else:
        sent[0].close()
        assert picture.producer is None and live.program.is_live, "they are heard yet"
        sent[1].close()
    assert picture.producer is shown and live.program.producers == {"video": shown}
    assert told == [PresenterChanged(teacher.id)]
    student.send("video") if not leaves else None
    assert picture.producer is shown, "the choice has ended"


async def test_after_the_chosen_one_nobody_presents_when_nobody_claims_it(live: LiveRoom) -> None:
    teacher, student = Sender(live, Role.TEACHER), Sender(live)
    claimed = teacher.claim()
    teacher.send("video", claimed)
    student.send("video")
    live.choose_presenter(student.who)
    claimed.close()
    assert live.program.presenter is live.program.choice, "the old one leaves, the new one stays"
    told = hear(live)
    student.leave()
    assert live.program.presenter is None and live.program.producers == {}
    assert told == [PresenterChanged(None)]


async def test_who_leaves_before_they_send_is_chosen_no_more(live: LiveRoom) -> None:
    student = Sender(live)
    told = hear(live)
    live.choose_presenter(student.who)
    student.leave()
    assert told == [PresenterChanged(student.id, waiting=True), PresenterChanged(None)]


async def test_a_claim_beside_a_choice_is_shown_after_it(live: LiveRoom) -> None:
    teacher, student = Sender(live, Role.TEACHER), Sender(live)
    theirs = student.send("video")
    live.choose_presenter(student.who)
    later = teacher.send("video", teacher.claim())
    assert live.program.producers == {"video": theirs}
    with pytest.raises(Conflict):
        live.program.check_claim("somebody else")
    live.choose_presenter(None)
    assert live.program.producers == {"video": later} and not theirs.closed


async def test_a_claim_renewed_beside_a_choice_closes_the_old_publication_only(live: LiveRoom) -> None:
    teacher, student = Sender(live, Role.TEACHER), Sender(live)
    old = teacher.claim()
    teacher.send("video", old)
    theirs = student.send("video")
    live.choose_presenter(student.who)
    new = teacher.claim()
    assert old.closed and not new.closed and live.program.producers == {"video": theirs}


async def test_a_chosen_publication_that_is_made_anew_goes_on_as_the_claim(live: LiveRoom) -> None:
    encoder = Sender(live, Role.TEACHER)
    old = encoder.claim()
    encoder.send("video", old)
    live.choose_presenter(encoder.who)
    again = Sender(live, Role.TEACHER)
    transport = again.transport()
    newer = again.send("video", transport)
    live.program.present(Presenter(encoder.id, again.id, "Name", transport))
    assert old.closed and live.program.producers == {"video": newer}
    assert live.program.standing == PresenterChanged(again.id)


async def test_choosing_another_one_switches_and_the_same_one_changes_nothing(live: LiveRoom) -> None:
    one, other = Sender(live), Sender(live)
    first, second = one.send("video"), other.send("video")
    live.choose_presenter(one.who)
    live.choose_presenter(other.who)
    events: list[ProgramEvent] = []
    live.program.add_listener(events.append)
    told = hear(live)
    live.choose_presenter(other.who)
    assert live.program.producers == {"video": second} and events == [] and told == []
    first.close()
    assert events == []


async def test_a_pin_ends_with_what_is_pinned(live: LiveRoom) -> None:
    one, other = Sender(live), Sender(live)
    first, second = one.send("video"), other.send("video")
    pin = live.part(Pin)
    told: list[Pinned] = []
    pin.add_listener(told.append)
    pin.put(one.who, first.id)
    pin.put(one.who, first.id)
    pin.put(one.who, second.id)
    first.close()
    second.close()
    assert told == [Pinned(first.id, one.id), Pinned(second.id, other.id), Pinned()]
    pin.take_off()
    assert len(told) == 3
    with pytest.raises(NotFound):
        pin.put(one.who, second.id)


async def test_what_is_in_another_group_cannot_be_pinned(live: LiveRoom) -> None:
    one, other = Sender(live), Sender(live)
    away = other.send("video")
    live.groups.move(other.id, "group")
    with pytest.raises(NotFound):
        live.part(Pin).put(one.who, away.id)
