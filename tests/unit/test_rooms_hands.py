"""Raised hands: in the order in which they went up, gone with who leaves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.unit.live_room import open_room, person
from vtp.rooms.hands import Hands, HandsChanged
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.fixture
async def live() -> AsyncIterator[LiveRoom]:
    async with open_room() as made:
        yield made


def comes(live: LiveRoom) -> Participant:
    made = person()
    live.people.hold(made)
    return made


def told_by(hands: Hands) -> list[list[str]]:
    told: list[list[str]] = []

    def changed(event: HandsChanged) -> None:
        told.append([one.participant_id for one in event.hands])

    hands.add_listener(changed)
    return told


async def test_hands_stand_in_the_order_in_which_they_went_up(live: LiveRoom) -> None:
    ada, ben = comes(live), comes(live)
    hands = Hands(live, lambda: NOW)
    told = told_by(hands)
    hands.put_up(ben)
    hands.put_up(ada)
    hands.put_up(ben)
    assert told == [[ben.participant_id], [ben.participant_id, ada.participant_id]], "Ben keeps his place"
    assert [one.since for one in hands.up] == [NOW, NOW]


async def test_a_hand_that_goes_up_again_is_the_last(live: LiveRoom) -> None:
    ada, ben = comes(live), comes(live)
    hands = live.part(Hands)
    hands.put_up(ada)
    hands.put_up(ben)
    hands.take_down(ada.participant_id)
    hands.put_up(ada)
    assert [one.participant_id for one in hands.up] == [ben.participant_id, ada.participant_id]


async def test_what_changes_nothing_is_not_told(live: LiveRoom) -> None:
    ada = comes(live)
    hands = live.part(Hands)
    told = told_by(hands)
    hands.take_down(ada.participant_id)
    hands.take_all_down()
    assert told == []


async def test_who_leaves_takes_their_hand_down(live: LiveRoom) -> None:
    ada, ben = comes(live), comes(live)
    hands = live.part(Hands)
    hands.put_up(ada)
    hands.put_up(ben)
    told = told_by(hands)
    live.people.let_go(ada)
    assert told == [[ben.participant_id]]
    hands.take_all_down()
    assert told[-1] == [] and hands.up == ()
