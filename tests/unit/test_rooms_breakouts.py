"""Breakout rooms: who is put where by whom, who comes again, and when all are back."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.serving import principal_of
from tests.unit.test_media_objects import capabilities, router, worker
from vtp.errors import Conflict, Forbidden, Invalid, NotFound, VtpError
from vtp.http.identity import Role, guest_of_open_rooms
from vtp.media.router import Router
from vtp.rooms import breakouts as module
from vtp.rooms.breakouts import (
    BreakoutMoved,
    Breakouts,
    BreakoutsClosed,
    BreakoutsEnding,
    BreakoutsEvent,
    BreakoutsOpened,
    Plan,
)
from vtp.rooms.groups import MAIN
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant, join
from vtp.rooms.store import Room

__all__ = ["capabilities", "router", "worker"]  # fixtures

START = datetime(2026, 11, 27, 9, tzinfo=UTC)


class Call:
    """One call to come."""

    def __init__(self, do: Callable[[], None]) -> None:
        self.do = do
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeTime:
    """A clock that goes when told to, and calls what is due."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._order = count()
        self._calls: list[tuple[float, int, Call]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.now_s)

    def call_later(self, seconds: float, do: Callable[[], None]) -> Call:
        call = Call(do)
        heapq.heappush(self._calls, (self.now_s + seconds, next(self._order), call))
        return call

    @property
    def waiting(self) -> int:
        return sum(not call.cancelled for _, _, call in self._calls)

    def go(self, seconds: float) -> None:
        self.now_s += seconds
        while self._calls and self._calls[0][0] <= self.now_s:
            _, _, call = heapq.heappop(self._calls)
            if not call.cancelled:
                call.do()


class Lesson:
    """An open room with a teacher, an assistant and three students."""

    def __init__(self, router: Router) -> None:
        self.live = LiveRoom(Room("room-1", "algebra", "Algebra", None, {}, START), router)
        self.time = FakeTime()
        self.breakouts = Breakouts(self.live, self.time.now, self.time.call_later)
        self.events: list[BreakoutsEvent] = []
        self.breakouts.add_listener(self.events.append)
        self.teacher = self.enter(Role.TEACHER, "Tea")
        self.assistant = self.enter(Role.ASSISTANT, "Assi")
        self.ada, self.ben, self.cem = (self.enter(Role.STUDENT, one) for one in ("Ada", "Ben", "Cem"))

    def enter(self, role: Role, name: str, *, in_main_only: bool = False) -> Participant:
        who = join(principal_of(role, name, name), is_producer=False, in_main_only=in_main_only)
        self.live.people.hold(who)
        return who

    def leave(self, who: Participant) -> None:
        self.live.people.let_go(who)

    def open(self, *plans: list[Participant], choose: bool = False, duration_s: float | None = None) -> None:
        named = [Plan(f"Group {at}", ids(people)) for at, people in enumerate(plans, 1)]
        self.breakouts.open(self.teacher, named, duration_s=duration_s, choose=choose)

    def where(self, who: Participant) -> str:
        """The name of somebody's group."""
        group = self.live.groups.group_of(who.participant_id)
        return next((one.name for one in self.breakouts.groups if one.id == group), group)

    def group(self, number: int) -> str:
        return self.breakouts.groups[number - 1].id


def ids(people: list[Participant]) -> list[str]:
    return [one.participant_id for one in people]


@pytest.fixture
async def lesson(router: Router) -> Lesson:
    return Lesson(router)


async def test_each_is_put_into_their_group(lesson: Lesson) -> None:
    lesson.open([lesson.ada, lesson.assistant], [lesson.ben], [])
    assert [one.name for one in lesson.breakouts.groups] == ["Group 1", "Group 2", "Group 3"]
    assert [lesson.where(one) for one in (lesson.ada, lesson.assistant, lesson.ben)] == [
        "Group 1",
        "Group 1",
        "Group 2",
    ]
    assert lesson.where(lesson.cem) == lesson.where(lesson.teacher) == MAIN
    assert lesson.breakouts.ends_at is None and lesson.time.waiting == 0
    (opened,) = lesson.events
    assert isinstance(opened, BreakoutsOpened)
    assert opened.group_of[lesson.ben.participant_id] == lesson.group(2)


async def test_the_move_is_told_before_what_comes_of_it(lesson: Lesson) -> None:
    heard: list[object] = []
    lesson.breakouts.add_listener(heard.append)
    lesson.live.groups.add_listener(heard.append)
    lesson.open([lesson.ada])
    lesson.breakouts.assign(lesson.teacher, lesson.ben.participant_id, lesson.group(1))
    lesson.breakouts.close(lesson.teacher)
    names = [type(one).__name__ for one in heard]
    assert names == ["BreakoutsOpened", "Moved", "BreakoutMoved", "Moved", "BreakoutsClosed", "Moved"]


async def test_what_cannot_be_opened_changes_nothing(lesson: Lesson) -> None:
    camera = lesson.enter(Role.TEACHER, "Camera", in_main_only=True)

    def refused(kind: type[VtpError], *plans: list[str], by: Participant = lesson.teacher) -> str:
        with pytest.raises(kind) as caught:
            lesson.breakouts.open(by, [Plan("Group", one) for one in plans], duration_s=60, choose=True)
        assert lesson.breakouts.groups == [] and lesson.events == [] and lesson.time.waiting == 0
        assert not lesson.breakouts.choose
        assert all(lesson.where(one) == MAIN for one in lesson.live.people.participants)
        return caught.value.code

    ada = lesson.ada.participant_id
    assert refused(NotFound, [ada], ["nobody"]) == "no_such_participant"
    assert refused(Invalid, [ada], [ada]) == "invalid"
    assert refused(Invalid, [ada, ada]) == "invalid"
    assert refused(Conflict, [ada], [camera.participant_id]) == "stays_in_main"
    assert refused(Forbidden, [ada], by=lesson.ben) == "forbidden"
    assert refused(Forbidden, [ada, lesson.teacher.participant_id], by=lesson.assistant) == "above_your_role"


async def test_there_is_one_division_at_a_time(lesson: Lesson) -> None:
    lesson.open([lesson.ada])
    groups = lesson.breakouts.groups
    with pytest.raises(Conflict, match="close them first"):
        lesson.open([lesson.ben])
    assert lesson.breakouts.groups == groups and lesson.where(lesson.ben) == MAIN
    lesson.breakouts.close(lesson.teacher)
    lesson.open([lesson.ben])
    assert lesson.where(lesson.ada) == MAIN and lesson.where(lesson.ben) == "Group 1"


async def test_students_choose_only_where_they_may(lesson: Lesson) -> None:
    lesson.open([lesson.ada], [])
    for group in (lesson.group(2), MAIN):
        with pytest.raises(Forbidden) as caught:
            lesson.breakouts.join(lesson.ada, group)
        assert caught.value.code == "breakouts_assigned"
    assert lesson.where(lesson.ada) == "Group 1"
    lesson.breakouts.join(lesson.assistant, lesson.group(2))
    assert lesson.where(lesson.assistant) == "Group 2", "staff go anywhere"
    lesson.breakouts.close(lesson.teacher)

    lesson.open([], [], choose=True)
    lesson.breakouts.join(lesson.ada, lesson.group(2))
    assert lesson.events[-1] == BreakoutMoved(lesson.ada.participant_id, lesson.group(2))
    lesson.breakouts.join(lesson.ada, MAIN)
    assert lesson.where(lesson.ada) == MAIN


async def test_going_where_one_is_is_nothing_new(lesson: Lesson) -> None:
    lesson.open([lesson.ada], choose=True)
    lesson.breakouts.join(lesson.ada, lesson.group(1))
    lesson.breakouts.assign(lesson.teacher, lesson.ada.participant_id, lesson.group(1))
    assert len(lesson.events) == 1


async def test_staff_put_nobody_above_themselves_elsewhere(lesson: Lesson) -> None:
    lesson.open([])
    group = lesson.group(1)
    for by, other in ((lesson.ben, lesson.ada), (lesson.ada, lesson.ada), (lesson.assistant, lesson.teacher)):
        with pytest.raises(Forbidden):
            lesson.breakouts.assign(by, other.participant_id, group)
    lesson.breakouts.assign(lesson.assistant, lesson.ada.participant_id, group)
    lesson.breakouts.assign(lesson.teacher, lesson.assistant.participant_id, group)
    assert lesson.where(lesson.ada) == lesson.where(lesson.assistant) == "Group 1"
    lesson.breakouts.assign(lesson.teacher, lesson.ada.participant_id, MAIN)
    assert lesson.where(lesson.ada) == MAIN
    with pytest.raises(NotFound, match="no such breakout room"):
        lesson.breakouts.assign(lesson.teacher, lesson.ada.participant_id, "no group")
    with pytest.raises(NotFound, match="nobody of this id"):
        lesson.breakouts.assign(lesson.teacher, "nobody", group)


async def test_without_groups_there_is_nowhere_to_go(lesson: Lesson) -> None:
    calls: list[Callable[[], None]] = [
        lambda: lesson.breakouts.join(lesson.teacher, MAIN),
        lambda: lesson.breakouts.assign(lesson.teacher, lesson.ada.participant_id, MAIN),
        lambda: lesson.breakouts.close(lesson.teacher),
        lambda: lesson.breakouts.close(lesson.teacher, 60),
    ]
    for call in calls:
        with pytest.raises(Conflict) as caught:
            call()
        assert caught.value.code == "no_breakouts"
    assert lesson.events == []


async def test_all_are_back_when_the_time_is_over(lesson: Lesson) -> None:
    lesson.open([lesson.ada], [lesson.ben], duration_s=600)
    assert lesson.breakouts.ends_at == START + timedelta(seconds=600)
    lesson.time.go(599)
    assert lesson.where(lesson.ada) == "Group 1"
    lesson.time.go(1)
    assert lesson.breakouts.groups == [] and lesson.breakouts.ends_at is None
    assert lesson.where(lesson.ada) == lesson.where(lesson.ben) == MAIN
    assert lesson.events[-1] == BreakoutsClosed()


async def test_the_end_can_be_set_anew_sooner_and_later(lesson: Lesson) -> None:
    lesson.open([lesson.ada], duration_s=60)
    lesson.time.go(50)
    lesson.breakouts.close(lesson.teacher, 300)
    assert lesson.breakouts.ends_at == START + timedelta(seconds=350)
    assert lesson.events[-1] == BreakoutsEnding()
    lesson.time.go(200)
    assert lesson.where(lesson.ada) == "Group 1"
    lesson.breakouts.close(lesson.teacher, 10)
    lesson.time.go(10)
    assert lesson.where(lesson.ada) == MAIN and lesson.time.waiting == 0


async def test_closed_before_its_time_nothing_is_left_to_come(lesson: Lesson) -> None:
    lesson.open([lesson.ada], duration_s=60)
    with pytest.raises(Forbidden):
        lesson.breakouts.close(lesson.ada)
    lesson.breakouts.close(lesson.assistant)
    assert lesson.time.waiting == 0 and lesson.where(lesson.ada) == MAIN
    lesson.open([lesson.ben])
    lesson.time.go(3600)
    assert lesson.where(lesson.ben) == "Group 1"


async def test_a_room_that_ends_leaves_no_timer(lesson: Lesson) -> None:
    lesson.open([lesson.ada], duration_s=60)
    lesson.live.close()
    assert lesson.time.waiting == 0


async def test_who_comes_again_is_in_their_group_while_there_are_groups(lesson: Lesson) -> None:
    lesson.open([lesson.ada], [lesson.ben])
    lesson.breakouts.assign(lesson.teacher, lesson.ada.participant_id, lesson.group(2))
    lesson.leave(lesson.ada)
    assert lesson.live.groups.is_in_main(lesson.ada.participant_id)
    again = lesson.enter(Role.STUDENT, "Ada")
    assert lesson.where(again) == "Group 2"
    lesson.breakouts.assign(lesson.teacher, again.participant_id, MAIN)
    lesson.leave(again)
    assert lesson.where(lesson.enter(Role.STUDENT, "Ada")) == MAIN
    assert lesson.where(lesson.enter(Role.STUDENT, "Dan")) == MAIN, "nobody has put them anywhere"
    lesson.breakouts.join(lesson.teacher, lesson.group(1))
    lesson.leave(lesson.teacher)
    back = lesson.enter(Role.TEACHER, "Tea")
    assert lesson.where(back) == "Group 1"
    lesson.breakouts.close(back)
    assert lesson.where(lesson.enter(Role.STUDENT, "Ben")) == MAIN


async def test_a_camera_of_somebody_in_a_group_stays_in_the_main_room(lesson: Lesson) -> None:
    lesson.open([lesson.teacher])
    assert lesson.where(lesson.enter(Role.TEACHER, "Tea")) == "Group 1"
    assert lesson.where(lesson.enter(Role.TEACHER, "Tea", in_main_only=True)) == MAIN


async def test_guests_of_one_link_are_told_apart_by_their_names(lesson: Lesson) -> None:
    def come(name: str) -> Participant:
        who = join(guest_of_open_rooms(), is_producer=False, full_name=name)
        lesson.live.people.hold(who)
        return who

    zoe, nameless = come("Zoe"), come("")
    lesson.open([zoe, nameless])
    for one in (zoe, nameless):
        lesson.leave(one)
    assert lesson.where(come("Yan")) == MAIN
    assert lesson.where(come("Zoe")) == "Group 1"
    assert lesson.where(come("")) == MAIN, "this may be anybody"


async def test_so_many_are_remembered_and_no_more(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 2)
    lesson.open([lesson.ada], [lesson.ben, lesson.cem])
    for one in (lesson.ada, lesson.ben, lesson.cem):
        lesson.leave(one)
    again = [lesson.where(lesson.enter(Role.STUDENT, one)) for one in ("Ada", "Ben", "Cem")]
    assert again == [MAIN, "Group 2", "Group 2"]
