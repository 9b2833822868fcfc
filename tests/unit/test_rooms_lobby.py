"""The lobby of a room: who must wait, who need not, and how waiting ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.live_room import open_room, person
from vtp.errors import Forbidden, NotFound, Unavailable, VtpError
from vtp.http.identity import Principal, Role
from vtp.ids import new_id
from vtp.rooms import live as live_module
from vtp.rooms.ban_list import BanList
from vtp.rooms.entrance import must_wait, require_entry
from vtp.rooms.live import LiveRoom
from vtp.rooms.lobby import BANNED, DENIED, LOCKED, MAX_WAITING, Lobby
from vtp.rooms.participants import Participant, join
from vtp.rooms.visitors import visitor_of

LINK = new_id()


@dataclass
class Door:
    """Somebody who waits, and what they were told."""

    live: LiveRoom
    participant: Participant
    told: list[str] = field(default_factory=list)

    def let_in(self) -> None:
        self.told.append("in")
        self.live.people.hold(self.participant)

    def turn_away(self, reason: str) -> None:
        self.told.append(reason)

    def lose_room(self, reason: str) -> None:
        self.told.append(f"closed: {reason}")


@pytest.fixture
async def room() -> AsyncIterator[LiveRoom]:
    async with open_room(lobby=True) as live:
        live.part(BanList).take(())
        live.part(Lobby)
        yield live


def change(live: LiveRoom, **settings: Any) -> None:
    live.change_room(replace(live.room, settings={**live.room.settings, **settings}))


def guest(
    live: LiveRoom, name: str = "Ada", address: str = "192.0.2.1", link: str = LINK, **rights: bool
) -> Participant:
    granted = {"publish": True, "watch": True, **rights}
    principal = Principal(
        None, "", "", Role.GUEST, True, live.id, granted["publish"], granted["watch"], link, None
    )
    return join(principal, is_producer=granted["publish"], full_name=name, address=address)


def knock(live: LiveRoom, participant: Participant | None = None) -> Door:
    door = Door(live, participant or person())
    live.part(Lobby).wait(door.participant, door)
    return door


def word(live: LiveRoom, participant: Participant) -> str:
    """What becomes of somebody who comes by signalling: in, waits, or the word of a refusal."""
    try:
        return "waits" if must_wait(live, participant) else "in"
    except VtpError as error:
        return error.code


def by_media(live: LiveRoom, participant: Participant) -> str:
    """The same by a face that cannot wait."""
    try:
        require_entry(live, participant)
    except VtpError as error:
        return error.code
    return "in"


def waiting(live: LiveRoom) -> list[str]:
    return [one.participant.full_name for one in live.part(Lobby).waiting]


@pytest.mark.parametrize(
    ("settings", "who_is_not_staff"),
    [
        ({"lobby": False}, "in"),
        ({}, "waits"),
        ({"locked": True}, "room_locked"),
        ({"lobby": False, "locked": True}, "room_locked"),
    ],
)
async def test_staff_come_in_and_others_as_the_settings_say(
    room: LiveRoom, settings: dict[str, bool], who_is_not_staff: str
) -> None:
    change(room, **settings)
    for role in (Role.ADMIN, Role.TEACHER, Role.ASSISTANT):
        assert word(room, person(role)) == "in"
    for somebody in (person(Role.STUDENT), guest(room)):
        assert word(room, somebody) == who_is_not_staff


async def test_who_was_in_need_not_wait_again_on_another_device_either(room: LiveRoom) -> None:
    somebody = person()
    room.people.hold(somebody)
    room.people.let_go(somebody)
    again = person(user_id=somebody.user_id)
    change(room, locked=True)
    assert (word(room, again), by_media(room, again)) == ("in", "in")
    assert word(room, person()) == "room_locked"


async def test_guests_of_one_link_are_told_apart_by_network_and_name(room: LiveRoom) -> None:
    room.people.hold(guest(room))
    assert word(room, guest(room)) == "in"
    assert word(room, guest(room, name="Bob")) == "waits"
    assert word(room, guest(room, address="192.0.2.2")) == "waits"
    assert word(room, guest(room, link=new_id())) == "waits"
    assert by_media(room, guest(room, name="Guest")) == "in"  # nobody says a name there
    assert by_media(room, guest(room, name="Guest", address="192.0.2.2")) == "not_admitted"


def test_an_ipv6_network_is_one_place_and_an_ipv4_address_however_it_is_written() -> None:
    principal = replace(person().principal, user_id=None, room=LINK)

    def network(address: str) -> str | None:
        visitor = visitor_of(principal, address)
        return None if visitor is None else visitor.network

    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network("2001:db8:1:3::1") != network("2001:db8:1:2::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"
    assert network("192.0.2.2") != network("192.0.2.1")
    assert network("") is None
    assert len(str(network("x" * 1000))) == 64


async def test_who_was_sent_away_waits_again(room: LiveRoom) -> None:
    somebody = person()
    room.people.hold(somebody)
    room.people.remove(somebody, "Go.")
    room.people.let_go(somebody)
    assert word(room, somebody) == "waits"


async def test_a_token_for_publishing_only_need_not_wait_and_a_guests_link_must(room: LiveRoom) -> None:
    change(room, locked=True)
    encoder = guest(room, watch=False)
    assert by_media(room, encoder) == "in"
    assert by_media(room, guest(room)) == "room_locked"
    assert by_media(room, guest(room, publish=False)) == "room_locked"
    change(room, locked=False)
    assert by_media(room, guest(room)) == "not_admitted"
    assert by_media(room, person(Role.TEACHER)) == "in"
    visitor = encoder.visitor
    assert visitor is not None
    room.part(BanList).add(visitor)
    assert by_media(room, encoder) == "banned"


async def test_the_banned_come_in_by_no_face_whatever_their_role(room: LiveRoom) -> None:
    for somebody in (person(Role.TEACHER), person(), guest(room)):
        visitor = somebody.visitor
        assert visitor is not None
        room.people.hold(somebody)
        room.part(BanList).add(visitor)
        assert (word(room, somebody), by_media(room, somebody)) == ("banned", "banned")
        room.part(BanList).lift(visitor)
        assert word(room, somebody) == "in"


async def test_people_are_let_in_in_the_order_they_came(room: LiveRoom) -> None:
    changes: list[list[str]] = []
    room.part(Lobby).add_listener(lambda event: changes.append(waiting(room)))
    doors = [knock(room, person(name=name)) for name in ("Ada", "Bob", "Cem")]
    room.part(Lobby).admit(doors[1].participant.participant_id)
    assert [door.told for door in doors] == [[], ["in"], []]
    room.part(Lobby).admit()
    assert [door.told for door in doors] == [["in"], ["in"], ["in"]]
    assert [one.full_name for one in room.people.participants] == ["Bob", "Ada", "Cem"]
    three = ["Ada", "Bob", "Cem"]
    assert changes == [three[:1], three[:2], three, ["Ada", "Cem"], []]  # all at once is one change


async def test_to_admit_an_account_lets_in_all_its_devices(room: LiveRoom) -> None:
    ada = person()
    doors = [knock(room, person(user_id=ada.user_id)) for _ in range(3)]
    stranger = knock(room)
    room.part(Lobby).admit(doors[1].participant.participant_id)
    assert [door.told for door in doors] == [["in"]] * 3
    assert (stranger.told, waiting(room)) == ([], ["Ada"])


async def test_who_is_turned_away_hears_why_and_may_ask_again(room: LiveRoom) -> None:
    one, other = knock(room), knock(room)
    room.part(Lobby).deny(one.participant.participant_id, "Not today.")
    room.part(Lobby).deny()
    assert (one.told, other.told) == (["Not today."], [DENIED])
    assert word(room, one.participant) == "waits"


async def test_who_left_or_was_let_in_already_waits_no_more(room: LiveRoom) -> None:
    gone, admitted = knock(room), knock(room)
    room.part(Lobby).leave(gone.participant.participant_id)
    room.part(Lobby).admit(admitted.participant.participant_id)
    for door in (gone, admitted):
        for do in (room.part(Lobby).admit, room.part(Lobby).deny):
            with pytest.raises(NotFound):
                do(door.participant.participant_id)
    room.part(Lobby).admit()
    assert (gone.told, admitted.told) == ([], ["in"])


@pytest.mark.parametrize(("locked", "told"), [(False, "in"), (True, LOCKED)])
async def test_without_a_lobby_nobody_waits_longer(room: LiveRoom, locked: bool, told: str) -> None:
    doors = [knock(room), knock(room)]
    change(room, locked=locked)
    assert [door.told for door in doors] == [[], []]
    change(room, lobby=False)
    assert [door.told for door in doors] == [[told], [told]]


async def test_who_is_banned_while_waiting_is_turned_away(room: LiveRoom) -> None:
    somebody, other = knock(room), knock(room)
    visitor = somebody.participant.visitor
    assert visitor is not None
    room.part(BanList).add(visitor)
    assert (somebody.told, other.told) == ([BANNED], [])


async def test_the_rooms_end_is_told_to_who_waits(room: LiveRoom) -> None:
    door = knock(room)
    room.close("It is late.")
    assert (door.told, waiting(room)) == (["closed: It is late."], [])


async def test_there_is_room_for_so_many_and_no_more(room: LiveRoom) -> None:
    for _ in range(MAX_WAITING):
        knock(room)
    with pytest.raises(Unavailable, match="300 people wait"):
        knock(room)
    assert len(room.part(Lobby).waiting) == MAX_WAITING


async def test_a_room_in_which_people_only_wait_stays_open_and_closes_when_they_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_module, "EMPTY_ROOM_GRACE_S", 0)
    async with open_room(lobby=True) as room:
        door = knock(room)
        assert not await closes(room)
        room.part(Lobby).admit()
        assert not await closes(room)  # they are in
        other = knock(room)
        room.people.let_go(door.participant)
        assert not await closes(room)  # another one still waits
        room.part(Lobby).leave(other.participant.participant_id)
        assert await closes(room)


async def closes(room: LiveRoom) -> bool:
    """Whether the grace of an empty room, which is nothing here, has run out."""
    for _ in range(3):
        await asyncio.sleep(0)
    return room.closed


async def test_since_is_when_they_came(room: LiveRoom) -> None:
    before = datetime.now(UTC)
    knock(room)
    assert before <= room.part(Lobby).waiting[0].since <= datetime.now(UTC)


def test_people_in_open_rooms_and_of_services_are_known_by_nothing() -> None:
    nameless = replace(person().principal, user_id=None)
    assert visitor_of(nameless, "192.0.2.1") is None
    assert visitor_of(replace(nameless, room=LINK), "") is None


async def test_refusals_are_forbidden(room: LiveRoom) -> None:
    change(room, locked=True)
    with pytest.raises(Forbidden):
        must_wait(room, person())
