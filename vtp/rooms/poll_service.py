"""Polls of rooms: made, voted in, closed, shared and looked at. A vote counts once it is stored, and once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, NotFound, Unavailable, VtpError
from vtp.http.identity import Principal
from vtp.ids import is_id, new_id
from vtp.rooms import poll_store as store
from vtp.rooms.live import LiveRoom, LiveRooms, RoomClosed, RoomEvent
from vtp.rooms.participants import Participant
from vtp.rooms.poll_store import Vote
from vtp.rooms.polls import Ballot, BallotBox, Choices, Poll, Results, RoomPolls, closed, voter_of
from vtp.rooms.service import RoomService
from vtp.tasks import Tasks

MAX_OPEN = 5  # of one room at the same time
MAX_POLLS = 5_000  # of one room in all
LEFT_OPEN = timedelta(hours=24)  # what a stopped server left open longer ago is closed at the next start


@dataclass(frozen=True, slots=True)
class PollWish:
    """What somebody would like to ask."""

    question: str
    options: tuple[str, ...]
    multiple: bool
    anonymous: bool
    results: Results


class Polls:
    """Made once per process. An open poll ends with its class: once everybody has left, it is closed.

    Polls that a stopped server left open go on when it is started again. Rights are asked for by the caller
    where a participant is named, here where a principal is.
    """

    def __init__(
        self,
        database: Database,
        rooms: RoomService,
        live_rooms: LiveRooms,
        tasks: Tasks,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._tasks = tasks
        self._clock = clock
        self._waiting: dict[str, list[BallotBox]] = {}  # by room that was not opened since the start
        self._ending: dict[str, asyncio.Task[None]] = {}  # by poll, while it is closed with its class
        self._stop = live_rooms.add_listener(self._room_changed)

    async def start(self) -> None:
        """Takes up what a stopped server left open; call once before serving."""
        now = self._clock()
        async with self._database.transaction() as tx:
            await store.close_polls_before(tx, now - LEFT_OPEN, now)
            found = await store.open_polls(tx)
            ballots = await store.ballots_of(tx, [one.id for one in found])
        for poll in found:
            self._waiting.setdefault(poll.room_id, []).append(BallotBox(poll, ballots[poll.id]))

    def stop(self) -> None:
        """Before all rooms are closed because the server ends: what is open then stays open."""
        self._stop()

    def of(self, live: LiveRoom) -> RoomPolls:
        """What is shown in a room."""
        return live.part(self._make)

    def _make(self, live: LiveRoom) -> RoomPolls:
        return RoomPolls(self._waiting.pop(live.id, ()))

    @done_over
    async def create(self, live: LiveRoom, by: Participant, wish: PollWish) -> Poll:
        """Asks everybody in a room something. Raises Conflict for too many polls, or in an ended room."""
        here = self.of(live)
        async with here.changing:
            if here.open_count >= MAX_OPEN:
                raise Conflict(f"{MAX_OPEN} polls are open: close one first.", code="too_many_polls")
            box = BallotBox(_new_poll(live, by, wish, self._clock()))
            async with self._database.transaction() as tx:
                if await store.count_polls(tx, live.id) >= MAX_POLLS:
                    raise Conflict(f"This room has had {MAX_POLLS} polls already.", code="too_many_polls")
                await store.add_poll(tx, box.poll)
            if live.closed:
                await self._close(box)
                raise _not_here()
            here.open(box)
        return box.poll

    async def vote(self, live: LiveRoom, by: Participant, poll_id: str, choices: list[int]) -> Choices:
        """Takes somebody's vote instead of the one before; no choices take it back.

        Raises NotFound, Invalid for what is not offered, Conflict when it comes too late.
        """
        box = await self._open_box(live, poll_id)
        if live.closed or live.people.get(by.participant_id) is not by:
            raise _not_here()
        ballot = Ballot(voter_of(by), box.check(choices))
        box.waiting.append(ballot)
        async with box.lock:
            if not ballot.settled:
                await self._count(box, live)
        if ballot.error is not None:
            raise ballot.error
        return ballot.choices

    async def _count(self, box: BallotBox, live: LiveRoom) -> None:
        """Stores all votes that wait, in their order and in one transaction: a class votes at once."""
        waiting, box.waiting = box.waiting, []
        tried, good = box.copy(), dict[str, Ballot]()
        for one in waiting:
            try:
                tried.put(one.voter.key, one.choices, tried.with_vote(one.voter.key, one.choices))
            except VtpError as error:
                one.settle(error)
            else:
                good[one.voter.key] = one  # the newest of each
        try:
            if good:
                await self._put(tried.poll, list(good.values()))
                box.take_over(tried)
                self.of(live).voted(box.poll)
        except BaseException as error:
            lost = Unavailable("Your vote could not be stored; try again in a moment.")
            for one in waiting:
                one.settle(one.error or (error if isinstance(error, VtpError) else lost))
            raise
        for one in waiting:
            one.settle(one.error)

    @done_over
    async def _put(self, poll: Poll, ballots: list[Ballot]) -> None:
        async with self._database.transaction() as tx:
            await store.put_votes(tx, poll, ballots)

    async def close(self, live: LiveRoom, poll_id: str) -> Poll:
        """Takes no more votes. Raises NotFound, Conflict when it is closed already."""
        here = self.of(live)
        async with here.changing:
            box = await self._open_box(live, poll_id)
            if not await self._close(box):
                raise closed()
            here.close(box.poll)
        return box.poll

    @done_over
    async def share(self, live: LiveRoom, poll_id: str) -> Poll:
        """Shows everybody the results of a closed poll, also of an earlier class.

        Raises NotFound, Conflict while it is open. One whose class has just ended is closed in a moment.
        """
        if poll_id in self._ending:
            await asyncio.wait([self._ending[poll_id]])
        here, now = self.of(live), self._clock()
        async with here.changing:
            async with self._database.transaction() as tx:
                poll = await _find(tx, live.id, poll_id)
                if poll.is_open:
                    raise Conflict("Close this poll before you share its results.", code="poll_open")
                await store.share_poll(tx, poll.id, now)
                ballots = await store.ballots_of(tx, [poll.id])
            if here.get(poll.id) is None:
                here.share(BallotBox(replace(poll, shared_at=poll.shared_at or now), ballots[poll.id]))
        return replace(poll, shared_at=poll.shared_at or now)

    async def list_in(self, live: LiveRoom, *, limit: int, before: str | None) -> list[Poll]:
        """Polls of a room, newest first."""
        async with self._database.read() as tx:
            return await store.page_of_polls(tx, live.id, limit=limit, before=before)

    async def page(
        self, principal: Principal, reference: str, *, limit: int, before: str | None
    ) -> list[Poll]:
        """Polls of a room, newest first. Raises NotFound, Forbidden."""
        room = await self._rooms.get(principal, reference)
        require(await self._rooms.as_here(principal, room), Action.ROOM_MODERATE, room)
        async with self._database.read() as tx:
            return await store.page_of_polls(tx, room.id, limit=limit, before=before)

    async def page_of_votes(
        self, principal: Principal, reference: str, poll_id: str, *, limit: int, after: str | None
    ) -> list[Vote]:
        """Who chose what, by voter. Raises NotFound, Forbidden, Conflict for an anonymous poll."""
        room = await self._rooms.get(principal, reference)
        require(await self._rooms.as_here(principal, room), Action.ROOM_MODERATE, room)
        async with self._database.read() as tx:
            poll = await _find(tx, room.id, poll_id)
            if poll.anonymous:
                raise Conflict("Nobody sees who voted in an anonymous poll.", code="poll_is_anonymous")
            return await store.page_of_votes(tx, poll.id, limit=limit, after=after)

    async def _open_box(self, live: LiveRoom, poll_id: str) -> BallotBox:
        box = self.of(live).get(poll_id)
        if box is None:
            async with self._database.read() as tx:
                await _find(tx, live.id, poll_id)
            raise closed()
        if not box.poll.is_open:
            raise closed()
        return box

    async def _close(self, box: BallotBox) -> bool:
        """Closes a poll after the votes that are being stored; tells whether it was open."""
        async with box.lock:
            if not box.poll.is_open:
                return False
            now = self._clock()
            await self._put_end(box.poll.id, now)
            box.close(now)
        return True

    @done_over
    async def _put_end(self, poll_id: str, now: datetime) -> None:
        async with self._database.transaction() as tx:
            await store.close_poll(tx, poll_id, now)

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            for box in self.of(event.room).boxes:
                if box.poll.is_open:
                    ending = self._tasks.start(self._end(box), "polls: a class has ended")
                    self._ending[box.poll.id] = ending
                    ending.add_done_callback(partial(self._ended, box.poll.id))

    def _ended(self, poll_id: str, ending: asyncio.Task[None]) -> None:
        self._ending.pop(poll_id, None)

    async def _end(self, box: BallotBox) -> None:
        """Closes a poll with its class; what cannot be closed now is shown in the next."""
        try:
            await self._close(box)
        except BaseException:
            self._waiting.setdefault(box.poll.room_id, []).append(box)
            raise


def _new_poll(live: LiveRoom, by: Participant, wish: PollWish, now: datetime) -> Poll:
    return Poll(
        id=new_id(),
        room_id=live.id,
        question=wish.question,
        options=wish.options,
        multiple=wish.multiple,
        anonymous=wish.anonymous,
        results=wish.results,
        counts=(0,) * len(wish.options),
        votes=0,
        created_by=by.user_id,
        created_by_name=by.full_name,
        created_at=now,
    )


async def _find(tx: AsyncConnection, room_id: str, poll_id: str) -> Poll:
    poll = await store.find_poll(tx, room_id, poll_id.lower()) if is_id(poll_id) else None
    if poll is None:
        raise NotFound("There is no such poll in this room.", code="no_such_poll")
    return poll


def _not_here() -> Conflict:
    return Conflict("You are in this room no more: join it again.", code="not_in_a_room")
