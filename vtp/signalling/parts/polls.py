"""Polls over signalling: staff ask, everybody in the room votes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.errors import FieldError, Invalid
from vtp.ids import is_id
from vtp.rooms.participants import Participant
from vtp.rooms.poll_service import Polls, PollWish
from vtp.rooms.polls import (
    BallotBox,
    Poll,
    PollChanged,
    PollClosed,
    PollEvent,
    PollOpened,
    PollShared,
    voter_of,
)
from vtp.signalling.audience import Audience
from vtp.signalling.parts import polls_messages as pm
from vtp.signalling.parts.ticker import Ticker
from vtp.signalling.peers import Peer
from vtp.signalling.seats import Answer, Event, Seat, Stay

CHANGES_EVERY_S = 0.25
_WORDS: dict[type, str] = {PollOpened: "opened", PollClosed: "closed", PollShared: "shared"}


class PollCalls:
    """A feature."""

    pushes: ClassVar[Mapping[str, type]] = {
        "poll-opened": pm.PollPush,
        "poll-changed": pm.PollChangedPush,
        "poll-closed": pm.PollPush,
        "poll-shared": pm.PollPush,
    }
    states: ClassVar[Mapping[str, Any]] = {"polls": list[pm.OwnPollShape]}

    def __init__(self, polls: Polls) -> None:
        self._polls = polls

    def table(self) -> dict[str, Event]:
        """The calls about polls; all but `vote` are staff's."""
        return {
            "create-poll": Event(pm.CreatePoll, "", self._create, pm.PollPush),
            "vote": Event(pm.Vote, "", self._vote, pm.VoteReply),
            "close-poll": Event(pm.NamesPoll, "", self._close, pm.PollPush),
            "share-poll": Event(pm.NamesPoll, "", self._share, pm.PollPush),
            "get-polls": Event(pm.GetPolls, "", self._list, pm.PollsReply),
        }

    def state(self, stay: Stay) -> Answer:
        """The polls that are open or shared, each with one's own vote."""
        who = stay.peer.participant
        return {"polls": [_describe_own(box, who) for box in self._polls.of(stay.peer.live).boxes]}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells everybody what they may know of the polls."""
        teller = _Teller(audience)
        stop_hearing = self._polls.of(audience.live).add_listener(teller.hear)

        def stop() -> None:
            stop_hearing()
            teller.stop()

        return stop

    async def _create(self, seat: Seat, request: pm.CreatePoll) -> Answer:
        peer = _staff(seat)
        wish = PollWish(
            request.question,
            tuple(request.options),
            request.multiple,
            request.anonymous,
            request.results,
        )
        return {"poll": _describe(await self._polls.create(peer.live, peer.participant, wish), counts=True)}

    async def _vote(self, seat: Seat, request: pm.Vote) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_ENTER, peer.room)
        chosen = await self._polls.vote(peer.live, peer.participant, request.poll_id, request.choices)
        return {"pollId": request.poll_id, "choices": list(chosen)}

    async def _close(self, seat: Seat, request: pm.NamesPoll) -> Answer:
        return {"poll": _describe(await self._polls.close(_staff(seat).live, request.poll_id), counts=True)}

    async def _share(self, seat: Seat, request: pm.NamesPoll) -> Answer:
        return {"poll": _describe(await self._polls.share(_staff(seat).live, request.poll_id), counts=True)}

    async def _list(self, seat: Seat, request: pm.GetPolls) -> Answer:
        before = request.before
        if before is not None and not is_id(before):
            raise Invalid("This is no poll's id.", errors=[FieldError("/before", "take `nextBefore`")])
        peer = _staff(seat)
        found = await self._polls.list_in(
            peer.live, limit=request.limit + 1, before=before and before.lower()
        )
        page = found[: request.limit]
        return {
            "polls": [_describe(one, counts=True) for one in page],
            "nextBefore": page[-1].id if len(found) > request.limit else None,
        }


class _Teller:
    """Tells one audience; of votes at most four times a second and poll."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._loop = asyncio.get_running_loop()
        self._tickers: dict[str, Ticker] = {}
        self._newest: dict[str, Poll] = {}

    def hear(self, event: PollEvent) -> None:
        """Tells of it, now or soon."""
        poll = event.poll
        if isinstance(event, PollChanged):
            self._newest[poll.id] = poll
            if poll.id not in self._tickers:
                self._tickers[poll.id] = Ticker(lambda: self._changed(poll.id), CHANGES_EVERY_S, self._loop)
            self._tickers[poll.id].touch()
            return
        if isinstance(event, PollClosed):  # which says the last counts
            self._forget(poll.id)
        name = _WORDS[type(event)]
        to_staff: pm.PollPush = {"poll": _describe(poll, counts=True)}
        to_others: pm.PollPush = {"poll": _describe(poll, counts=poll.shows_counts)}
        self._audience.tell_each(f"poll-{name}", lambda one: to_staff if one.is_staff else to_others)

    def stop(self) -> None:
        """Tells no more."""
        for poll_id in list(self._tickers):
            self._forget(poll_id)

    def _changed(self, poll_id: str) -> None:
        poll = self._newest[poll_id]
        told: pm.PollChangedPush = {"pollId": poll.id, "votes": poll.votes, "counts": list(poll.counts)}
        self._audience.tell("poll-changed", told, among=lambda one: poll.shows_counts or one.is_staff)

    def _forget(self, poll_id: str) -> None:
        self._newest.pop(poll_id, None)
        ticker = self._tickers.pop(poll_id, None)
        if ticker is not None:
            ticker.stop()


def _staff(seat: Seat) -> Peer:
    peer = seat.here
    require(peer.principal, Action.ROOM_MODERATE, peer.room)
    return peer


def _describe(poll: Poll, *, counts: bool) -> pm.PollShape:
    return {
        "pollId": poll.id,
        "question": poll.question,
        "options": list(poll.options),
        "multiple": poll.multiple,
        "anonymous": poll.anonymous,
        "results": poll.results,
        "status": "open" if poll.is_open else "closed",
        "shared": poll.is_shared,
        "votes": poll.votes if counts else None,
        "counts": list(poll.counts) if counts else None,
        "createdBy": poll.created_by,
        "createdByName": poll.created_by_name,
        "createdAt": poll.created_at.isoformat(),
        "closedAt": poll.closed_at.isoformat() if poll.closed_at else None,
    }


def _describe_own(box: BallotBox, who: Participant) -> pm.OwnPollShape:
    key = voter_of(who).key
    choices = box.choices_of(key)
    shape = _describe(box.poll, counts=box.poll.shows_counts or who.is_staff)
    return {
        **shape,
        "voted": box.has_vote_of(key),
        "choices": None if choices is None else list(choices),
    }
