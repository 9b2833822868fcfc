"""A call between two: when it is direct, when it goes through the server, and when it goes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from tests.serving import principal_of
from vtp import _rtp_fast
from vtp.http.identity import Role
from vtp.media.capabilities import router_codecs
from vtp.media.certificates import Certificates
from vtp.media.ortc import generate_router_capabilities
from vtp.media.router import Router
from vtp.media.worker import MediaWorker
from vtp.rooms.direct_call import (
    SETTLE_S,
    DirectCall,
    DirectCallEvent,
    Hindrance,
    WentDirect,
    WentThroughServer,
)
from vtp.rooms.groups import MAIN
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import APP_DATA_KEY, Participant, join
from vtp.rooms.store import Room
from vtp.tasks import Tasks


@dataclass
class Due:
    at_s: float
    do: Callable[[], None]
    off: bool = False

    def cancel(self) -> None:
        self.off = True


@dataclass
class Clock:
    """Does what was asked for when its time has come."""

    now_s: float = 0.0
    due: list[Due] = field(default_factory=list)

    def later(self, delay_s: float, do: Callable[[], None]) -> Due:
        self.due.append(Due(self.now_s + delay_s, do))
        return self.due[-1]

    @property
    def waiting(self) -> int:
        return sum(not one.off for one in self.due)

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        ripe = [one for one in self.due if one.at_s <= self.now_s]
        self.due = [one for one in self.due if one.at_s > self.now_s]
        for one in ripe:
            if not one.off:
                one.do()


class Class:
    """A room whose setting allows direct calls, and what it told."""

    def __init__(self, live: LiveRoom) -> None:
        self.live = live
        self.clock = Clock()
        self.call = DirectCall(live, self.clock.later)
        self.events: list[DirectCallEvent] = []
        self.call.add_listener(self.events.append)

    def enter(self, name: str, role: Role = Role.STUDENT, *, ready: bool = True) -> Participant:
        participant = join(principal_of(role, name, name), is_producer=True, participant_id=name)
        self.live.people.hold(participant)
        if ready:
            self.call.set_ready(name, True)
        return participant

    def set(self, **settings: object) -> None:
        room = self.live.room
        self.live.change_room(replace(room, settings={**room.settings, **settings}))

    @property
    def is_direct(self) -> bool:
        return self.call.pair is not None

    def last_reason(self) -> Hindrance:
        last = self.events[-1]
        assert isinstance(last, WentThroughServer)
        return last.hindrance


@pytest.fixture
async def here() -> AsyncIterator[Class]:
    worker = MediaWorker(_rtp_fast.Worker([], threaded=False), asyncio.get_running_loop(), threaded=False)
    tasks = Tasks()
    router = Router(worker, generate_router_capabilities(router_codecs()), Certificates(), tasks)
    room = Room("room-1", "algebra", "Algebra", "teacher", {"p2p": True}, datetime.now(UTC))
    live = LiveRoom(room, router)
    yield Class(live)
    live.close()
    await tasks.close()
    worker.close()


async def test_two_who_are_ready_call_directly_at_once_and_the_first_offers(here: Class) -> None:
    here.enter("ada", ready=False)
    here.enter("bob")
    assert not here.is_direct
    here.call.set_ready("ada", True)
    pair = here.call.pair
    assert pair is not None and (pair.offerer, pair.answerer) == ("ada", "bob")
    assert here.events == [WentDirect(pair)]
    assert here.call.other("ada") == "bob" and here.call.other("bob") == "ada"
    assert here.call.other("eve") is None


async def test_readiness_said_twice_switches_once(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    here.call.set_ready("bob", True)
    assert len(here.events) == 1


async def test_without_the_setting_nobody_calls_directly(here: Class) -> None:
    here.set(p2p=False)
    here.enter("ada")
    here.enter("bob")
    assert not here.is_direct and here.events == []


async def test_a_third_moves_both_and_they_move_back_only_after_a_quiet_while(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    third = here.enter("eve", ready=False)
    assert here.last_reason() is Hindrance.OTHERS and not here.is_direct
    here.clock.advance(60)
    here.live.people.let_go(third)
    assert not here.is_direct
    here.clock.advance(SETTLE_S - 0.1)
    assert not here.is_direct
    here.clock.advance(0.2)
    assert here.is_direct and len(here.events) == 3


async def test_who_only_looks_in_starts_the_quiet_while_anew(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    for _ in range(3):
        here.live.people.let_go(here.enter("eve"))
        here.clock.advance(SETTLE_S - 1)
        assert not here.is_direct
    assert here.clock.waiting == 1
    here.clock.advance(1)
    assert here.is_direct and len(here.events) == 3


async def test_nothing_waits_while_something_is_in_the_way(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    third = here.enter("eve")
    here.live.people.let_go(third)
    here.live.recording = True
    assert here.clock.waiting == 0
    here.clock.advance(60)
    assert not here.is_direct


async def test_somebody_without_signalling_is_a_third_too(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    viewer = join(principal_of(Role.STUDENT, "Viewer"), is_producer=False)
    transport = here.live.router.create_transport({APP_DATA_KEY: viewer})
    assert here.last_reason() is Hindrance.OTHERS
    transport.close()
    here.clock.advance(SETTLE_S)
    assert here.is_direct


async def test_one_by_signalling_and_one_by_whip_are_no_pair(here: Class) -> None:
    here.enter("ada")
    publisher = join(principal_of(Role.TEACHER, "Publisher"), is_producer=True)
    here.live.router.create_transport({APP_DATA_KEY: publisher}, publishes=True)
    assert len(here.live.people) == 2 and not here.is_direct


async def test_a_recording_moves_both_for_as_long_as_it_runs(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    here.live.recording = True
    assert here.last_reason() is Hindrance.RECORDING
    here.live.recording = False
    here.clock.advance(SETTLE_S)
    assert here.is_direct


async def test_the_setting_switched_off_in_class_moves_both(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    here.set(p2p=False)
    assert here.last_reason() is Hindrance.SETTING
    here.set(p2p=True)
    assert not here.is_direct
    here.clock.advance(SETTLE_S)
    assert here.is_direct


@pytest.mark.parametrize("setting", ["publish", "speak", "camera", "share"])
async def test_whoever_may_not_send_everything_brings_both_to_the_server(here: Class, setting: str) -> None:
    here.enter("ada", Role.TEACHER)
    here.enter("bob")
    here.set(**{setting: "staff"})
    assert here.last_reason() is Hindrance.RIGHTS
    here.set(**{setting: "everyone"})
    here.clock.advance(SETTLE_S)
    assert here.is_direct


async def test_a_role_that_opens_what_was_closed_lets_them_call_directly(here: Class) -> None:
    here.set(share="staff")
    here.enter("ada", Role.TEACHER)
    student = here.enter("bob")
    assert not here.is_direct
    here.live.people.set_role(student, Role.ASSISTANT)
    here.clock.advance(SETTLE_S)
    assert here.is_direct
    here.live.people.set_role(student, Role.STUDENT)
    assert here.last_reason() is Hindrance.RIGHTS


async def test_groups_of_their_own_end_a_direct_call(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    here.live.groups.move("bob", "one")
    assert here.last_reason() is Hindrance.GROUPS
    here.live.groups.move("bob", MAIN)
    here.clock.advance(SETTLE_S)
    assert here.is_direct


async def test_whoever_cannot_any_more_moves_both_and_must_say_so_again(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    here.call.set_ready("bob", False)
    assert here.last_reason() is Hindrance.NOT_READY
    here.clock.advance(60)
    assert not here.is_direct
    here.call.set_ready("bob", True)
    assert not here.is_direct
    here.clock.advance(SETTLE_S)
    assert here.is_direct


async def test_switching_to_and_fro_does_not_move_the_other(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    for _ in range(50):
        here.call.set_ready("bob", False)
        here.call.set_ready("bob", True)
    assert len(here.events) == 2


async def test_the_next_partner_of_one_who_was_left_is_met_at_once(here: Class) -> None:
    here.enter("ada")
    bob = here.enter("bob")
    here.live.people.let_go(bob)
    assert here.last_reason() is Hindrance.LEFT and here.call.other("ada") is None
    here.enter("bob", ready=False)
    assert not here.is_direct, "readiness goes with who leaves"
    here.call.set_ready("bob", True)
    assert here.call.other("ada") == "bob"


async def test_after_the_rooms_end_nothing_waits_and_nothing_is_told(here: Class) -> None:
    here.enter("ada")
    here.enter("bob")
    here.live.people.let_go(here.enter("eve"))
    told = len(here.events)
    here.live.close()
    assert here.clock.waiting == 0 and here.call.pair is None
    here.call.set_ready("ada", False)
    assert len(here.events) == told
