"""Polls: what is asked, and how often each option was taken. Rules only; rows are the store's."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from vtp.errors import Conflict, FieldError, Invalid, VtpError
from vtp.media.events import Emitter
from vtp.rooms.participants import Participant

Results = Literal["live", "after", "hidden"]
"""When everybody sees the counts: as votes come, after the end, or once staff share them. Staff always do."""
Choices = tuple[int, ...]
MAX_SHOWN = 50  # shared polls that who comes later is told of


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll as it is stored. `counts` are by option; `votes` is how many people voted."""

    id: str
    room_id: str
    question: str
    options: tuple[str, ...]
    multiple: bool
    anonymous: bool
    results: Results
    counts: tuple[int, ...]
    votes: int
    created_by: str | None
    created_by_name: str
    created_at: datetime
    closed_at: datetime | None = None
    shared_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether votes are taken."""
        return self.closed_at is None

    @property
    def is_shared(self) -> bool:
        """Whether staff have shared its results."""
        return self.shared_at is not None

    @property
    def shows_counts(self) -> bool:
        """Whether everybody sees the counts now."""
        ended = self.results == "after" and not self.is_open
        return self.results == "live" or ended or self.is_shared


@dataclass(frozen=True, slots=True)
class Voter:
    """Who votes: an account, by whichever device; the guest whom a link names; else one browser's guest, or
    a participant where that does not say who it is.
    """

    key: str
    user_id: str | None
    full_name: str


def voter_of(participant: Participant) -> Voter:
    """As whom a participant votes."""
    return Voter(_voter_key(participant), participant.user_id, participant.full_name)


def _voter_key(participant: Participant) -> str:
    principal = participant.principal
    if principal.user_id is not None:
        return f"u:{principal.user_id}"
    if principal.room is not None and principal.full_name:
        return f"l:{principal.token_id}"
    if participant.guest_key:
        said = f"{principal.token_id}/{participant.guest_key}".encode()
        return f"g:{hashlib.sha256(said).hexdigest()[:40]}"
    return f"p:{participant.participant_id}"


@dataclass(eq=False, slots=True)
class Ballot:
    """One vote on its way; `settled` once it counts, or there is an `error`."""

    voter: Voter
    choices: Choices
    settled: bool = False
    error: VtpError | None = None

    def settle(self, error: VtpError | None = None) -> None:
        """Says what became of it."""
        self.settled, self.error = True, error


class BallotBox:
    """A poll and what was chosen by whom, as far as that is known: None is a vote that cannot be looked at.

    Those are the votes of anonymous polls, but for as long as the poll is open and the server runs. Who
    changes it holds `lock` from looking to having stored; `waiting` are the votes to be stored together by
    who holds it next.
    """

    def __init__(self, poll: Poll, ballots: Mapping[str, Choices | None] | None = None) -> None:
        self.poll = poll
        self.lock = asyncio.Lock()
        self.waiting: list[Ballot] = []
        self._ballots = dict(ballots or {})

    def copy(self) -> BallotBox:
        """The same poll and votes, to try votes with."""
        return BallotBox(self.poll, self._ballots)

    def take_over(self, tried: BallotBox) -> None:
        """Keeps what was tried, now that it is stored."""
        self.poll, self._ballots = tried.poll, tried._ballots

    def has_vote_of(self, key: str) -> bool:
        """Whether somebody has voted."""
        return key in self._ballots

    def choices_of(self, key: str) -> Choices | None:
        """What somebody chose; None also where that is not known."""
        return self._ballots.get(key)

    def check(self, choices: Iterable[int]) -> Choices:
        """The choices in the options' order. Raises Invalid for what this poll does not offer."""
        wanted = tuple(sorted(choices))
        if len(set(wanted)) != len(wanted) or any(one not in range(len(self.poll.options)) for one in wanted):
            raise _invalid("name options by their places, from 0, each once")
        if len(wanted) > 1 and not self.poll.multiple:
            raise _invalid("this poll takes one choice")
        return wanted

    def with_vote(self, key: str, choices: Choices) -> Poll:
        """The poll as it is once this vote has replaced the one before; no choices take it back.

        Raises Conflict when the poll is closed, and for an anonymous vote that was cast before a restart.
        """
        if not self.poll.is_open:
            raise closed()
        before = self._ballots.get(key, ())
        if before is None:
            raise Conflict(
                "Your vote was cast before the server was started again; as this poll is anonymous, nobody "
                "knows any more what you chose, and it stays.",
                code="vote_is_final",
            )
        counts = list(self.poll.counts)
        for one in before:
            counts[one] -= 1
        for one in choices:
            counts[one] += 1
        votes = self.poll.votes - self.has_vote_of(key) + bool(choices)
        return replace(self.poll, counts=tuple(counts), votes=votes)

    def put(self, key: str, choices: Choices, poll: Poll) -> None:
        """Counts a vote; `poll` is what `with_vote` gave."""
        self.poll = poll
        if choices:
            self._ballots[key] = choices
        else:
            self._ballots.pop(key, None)

    def close(self, now: datetime) -> None:
        """Takes no more votes; what was chosen anonymously is forgotten."""
        self.poll = replace(self.poll, closed_at=now)
        if self.poll.anonymous:
            self._ballots = dict.fromkeys(self._ballots)


@dataclass(frozen=True)
class PollOpened:
    """Everybody is asked something."""

    poll: Poll


@dataclass(frozen=True)
class PollChanged:
    """Somebody voted, changed their vote or took it back."""

    poll: Poll


@dataclass(frozen=True)
class PollClosed:
    """No more votes are taken."""

    poll: Poll


@dataclass(frozen=True)
class PollShared:
    """Everybody may see the results."""

    poll: Poll


PollEvent = PollOpened | PollChanged | PollClosed | PollShared


class RoomPolls:
    """A part of a LiveRoom: the polls that everybody there is shown, those that are open or were shared."""

    def __init__(self, boxes: Iterable[BallotBox] = ()) -> None:
        self.changing = asyncio.Lock()
        """Held by who opens, closes or shares one."""
        self._boxes = {box.poll.id: box for box in boxes}
        self._emitter: Emitter[PollEvent] = Emitter()

    @property
    def boxes(self) -> list[BallotBox]:
        """In the order in which they were first shown."""
        return list(self._boxes.values())

    @property
    def open_count(self) -> int:
        """How many take votes."""
        return sum(box.poll.is_open for box in self._boxes.values())

    def get(self, poll_id: str) -> BallotBox | None:
        """One that is shown."""
        return self._boxes.get(poll_id)

    def add_listener(self, listener: Callable[[PollEvent], None]) -> Callable[[], None]:
        """Hears what becomes of polls; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def open(self, box: BallotBox) -> None:
        """Shows a new poll."""
        self._boxes[box.poll.id] = box
        self._emitter.emit(PollOpened(box.poll))

    def voted(self, poll: Poll) -> None:
        """Tells of a vote."""
        self._emitter.emit(PollChanged(poll))

    def close(self, poll: Poll) -> None:
        """Shows a poll no more, which has ended."""
        self._boxes.pop(poll.id, None)
        self._emitter.emit(PollClosed(poll))

    def share(self, box: BallotBox) -> None:
        """Shows a poll with its results."""
        self._boxes[box.poll.id] = box
        shared = [one.poll.id for one in self._boxes.values() if one.poll.is_shared]
        for oldest in shared[:-MAX_SHOWN]:
            del self._boxes[oldest]
        self._emitter.emit(PollShared(box.poll))


def closed() -> Conflict:
    """What a vote that comes too late is answered."""
    return Conflict("This poll is closed.", code="poll_closed")


def _invalid(detail: str) -> Invalid:
    return Invalid("These are no choices of this poll.", errors=[FieldError("/choices", detail)])
