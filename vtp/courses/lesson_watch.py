"""Looks after live lessons whose rooms are open here: who may be there still, whether they are recorded, and
whether they are over because their staff have ended them for all.

What happens in this process is looked at at once, what another process has taken away within two seconds
(`vtp.courses.revocations`), and whatever else it has changed within LOOK_EVERY_S.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from vtp.accounts.permissions import STAFF, Action, can
from vtp.accounts.service import Clock, utc_now
from vtp.courses.lesson_beginning import LessonBeginning
from vtp.courses.lesson_door import closed_to, member_there
from vtp.courses.lesson_store import (
    AUTOMATIC,
    RoomLesson,
    end_lesson_of_room,
    hold_again,
    lessons_of_rooms,
    members_among,
)
from vtp.courses.roles import CourseStatus, Member
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Forbidden, Unavailable, VtpError
from vtp.http.identity import Role
from vtp.notifications.notifier import Notifier
from vtp.recording.by_hand import ByHand
from vtp.recording.schemas import StartRecording
from vtp.recording.service import Recordings
from vtp.rooms.live import LiveRoom, LiveRooms, RoomClosed, RoomEvent, RoomOpened
from vtp.rooms.participants import Participant
from vtp.rooms.people import MediaPublished, PeopleEvent, PersonJoined, PersonLeft
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 10.0
PAUSE_S: Final = 0.25  # between two looks: a class of hundreds comes within seconds
STAFF_AWAY: Final = timedelta(minutes=5)  # without staff for so long, the class has ended before its time
STAFF_GONE: Final = timedelta(minutes=1)  # the same once its time is over
DELETED = "The lesson was deleted."
CANCELLED = "The lesson was cancelled."
OVER = "The lesson is over."
PUT_AWAY = "The course was put away."
WATCHES = "You only watch in this course from now on: come in again."


class LessonState:
    """What is remembered of an open room (`LiveRoom.part`)."""

    def __init__(self, room: LiveRoom) -> None:
        self.roles: dict[str, Role] = {}  # in the course, by identity, as of the last look
        self.staff_gone_since: datetime | None = None
        self.begun = False  # the class was told
        self.refused = ""  # why it could not be recorded, so that it is said once


class LessonWatch:
    """`run` for ever; `look` is one round, and asks nothing while no lesson is on."""

    def __init__(
        self,
        database: Database,
        live_rooms: LiveRooms,
        recordings: Recordings,
        tasks: Tasks,
        notifier: Notifier,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._live_rooms = live_rooms
        self._recordings = recordings
        self._tasks = tasks
        self._beginning = LessonBeginning(database, notifier)
        self._clock = clock
        self._news = asyncio.Event()
        self._changed: set[str] = set()  # rooms in which something has happened since the last look
        self._all_changed = False
        live_rooms.add_listener(self._room_changed)

    def look_soon(self, course_id: str = "") -> None:
        """Something has changed here, in whichever course."""
        self._all_changed = True
        self._news.set()

    async def run(self) -> None:
        """Looks at all every LOOK_EVERY_S, and when there is news at what that is of."""
        now_s = asyncio.get_running_loop().time
        due_s = now_s() + LOOK_EVERY_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due_s):
                    await self._news.wait()
            rooms = None if self._all_changed or now_s() >= due_s else self._changed
            if rooms is None:
                due_s = now_s() + LOOK_EVERY_S
            self._news.clear()
            self._changed, self._all_changed = set(), False
            try:
                await self.look(rooms)
            except Unavailable:
                pass  # in the next round
            except Exception:  # one round
                logger.exception("The lessons that are on could not be looked after.")
            await asyncio.sleep(PAUSE_S)

    async def look(self, among: Collection[str] | None = None) -> None:
        """Sends away who may not be there any more, ends what is over, records what is to be recorded; in all
        rooms, or in these."""
        rooms = {
            live.id: live
            for live in self._live_rooms.rooms
            if live.room.members_only and (among is None or live.id in among)
        }
        if not rooms:
            return
        async with self._database.read() as tx:
            lessons = await lessons_of_rooms(tx, rooms)
            people = [
                (lesson.course_id, one.user_id)
                for room_id, lesson in lessons.items()
                for one in rooms[room_id].people.participants
                if one.user_id is not None
            ]
            members = await members_among(tx, people)
        for room_id, live in rooms.items():
            if live.closed:
                continue
            try:
                await self._look_at(live, lessons.get(room_id), members)
            except Unavailable:
                raise
            except Exception:  # the next lesson is not to suffer for it
                logger.exception("The lesson in room %s could not be looked after.", room_id)

    async def _look_at(
        self,
        live: LiveRoom,
        lesson: RoomLesson | None,
        members: Mapping[tuple[str, str], tuple[Role, Member]],
    ) -> None:
        now = self._clock()
        if lesson is None or lesson.cancelled_at is not None or lesson.status is CourseStatus.ARCHIVED:
            live.close(DELETED if lesson is None else CANCELLED if lesson.cancelled_at else PUT_AWAY)
            return
        for participant in live.people.participants:
            self._check(live, lesson, participant, members, now)
        staff = [one for one in live.people.participants if one.is_staff]
        state = live.part(LessonState)
        if staff:
            state.staff_gone_since, live.held = None, True
        elif state.staff_gone_since is None:
            state.staff_gone_since = now
        elif now - state.staff_gone_since >= STAFF_GONE:
            live.held = False
        is_over = lesson.window.is_over(now)
        if not live.held and is_over:
            live.close(OVER)
            return
        # a class whose room has closed is held no more: students could not come back before its staff
        live.keep_empty(STAFF_GONE.total_seconds() if is_over else None)
        if staff and lesson.over_at is not None:
            await self._held_again(lesson.lesson_id)
        if staff and not state.begun and not lesson.window.is_early(now):
            await self._beginning.tell(lesson, [one.user_id for one in live.people.participants], now)
            state.begun = True
        await self._record(live, lesson, staff, now)

    def _check(
        self,
        live: LiveRoom,
        lesson: RoomLesson,
        participant: Participant,
        members: Mapping[tuple[str, str], tuple[Role, Member]],
        now: datetime,
    ) -> None:
        """Sends somebody away who may not be there; gives them another role where the course has."""
        principal, state = participant.principal, live.part(LessonState)
        if principal.user_id is None:
            refusal = closed_to(lesson, principal.role, now, held=True)
            if refusal is not None:
                live.people.remove(participant, refusal.detail)
            return
        found = members.get((lesson.course_id, principal.user_id))
        if found is None:  # came after the question
            return
        account_role, member = found
        try:
            there = member_there(replace(principal, role=account_role), lesson, member, now)
            refusal = closed_to(lesson, there.role, now, held=True)
            if refusal is not None:
                raise refusal
        except Forbidden as error:
            live.people.remove(participant, error.detail)
            return
        if there.publish is False and principal.publish is not False:
            live.people.remove(participant, WATCHES)
            return
        known = state.roles.get(participant.identity)
        state.roles[participant.identity] = there.role
        if known is not None and known is not there.role:
            live.people.set_role(participant, there.role)

    async def _record(
        self, live: LiveRoom, lesson: RoomLesson, staff: list[Participant], now: datetime
    ) -> None:
        if live.recording:
            await self._end_recording(live, lesson, now)
            return
        if lesson.record_lessons != AUTOMATIC or live.part(ByHand).stopped or lesson.window.is_early(now):
            return
        may = (one for one in staff if can(one.principal, Action.RECORDING_START, live.room))
        teacher = next((one for one in may if live.producers_of(one.participant_id)), None)
        if teacher is None:
            return
        state = live.part(LessonState)
        try:
            wish = StartRecording(room_id=live.id)
            await self._recordings.start_recording(teacher.principal, wish)
        except Conflict as error:
            if error.code != "conflict":  # somebody was faster; else a quota that is used up
                self._say_refused(state, lesson, error)
        except VtpError as error:
            self._say_refused(state, lesson, error)
        else:
            state.refused = ""

    @staticmethod
    def _say_refused(state: LessonState, lesson: RoomLesson, error: VtpError) -> None:
        if state.refused != error.detail:
            state.refused = error.detail
            logger.warning("Lesson %s is not recorded: %s", lesson.lesson_id, error.detail)

    async def _end_recording(self, live: LiveRoom, lesson: RoomLesson, now: datetime) -> None:
        """A class has ended when its staff have gone, which they may do for a moment."""
        since = live.part(LessonState).staff_gone_since
        patience = STAFF_GONE if lesson.window.has_ended(now) else STAFF_AWAY
        if since is None or now - since < patience:
            return
        recording_id = self._recordings.active.of_room(live.id)
        if recording_id is not None:
            self._tasks.start(self._recordings.active.stop(recording_id), "recording of a lesson that ended")

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomOpened) and event.room.room.members_only:
            room_id = event.room.id
            event.room.people.add_listener(lambda event: self._people_changed(room_id, event))
        elif isinstance(event, RoomClosed) and event.room.room.members_only and event.room.ended_for_all:
            self._tasks.start(self._ended_for_all(event.room.id), "a lesson that was ended")

    @done_over
    async def _ended_for_all(self, room_id: str) -> None:
        async with self._database.transaction() as tx:
            await end_lesson_of_room(tx, room_id, self._clock())

    @done_over
    async def _held_again(self, lesson_id: str) -> None:
        async with self._database.transaction() as tx:
            await hold_again(tx, lesson_id)

    def _people_changed(self, room_id: str, event: PeopleEvent) -> None:
        if isinstance(event, PersonJoined) or (
            isinstance(event, MediaPublished | PersonLeft) and event.participant.role in STAFF
        ):
            self._changed.add(room_id)
            self._news.set()
