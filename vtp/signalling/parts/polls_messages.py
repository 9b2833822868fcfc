"""What crosses the wire about polls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from vtp.http.text import check_line
from vtp.rooms.polls import Results
from vtp.signalling.messages import Id, Message
from vtp.signalling.shapes import Time

MAX_OPTIONS = 10
MAX_LISTED = 100

Question = Annotated[str, Field(max_length=500), AfterValidator(check_line), Field(min_length=1)]
Option = Annotated[str, Field(max_length=200), AfterValidator(check_line), Field(min_length=1)]


def _differ(options: list[str]) -> list[str]:
    if len(set(options)) < len(options):
        raise ValueError("two options are the same")
    return options


class CreatePoll(Message):
    """`create-poll`."""

    question: Question
    options: Annotated[list[Option], Field(min_length=2, max_length=MAX_OPTIONS), AfterValidator(_differ)]
    multiple: bool = False
    anonymous: bool = False
    results: Results


class NamesPoll(Message):
    """`close-poll`, `share-poll`."""

    poll_id: Id = Field(validation_alias="pollId")


class Vote(NamesPoll):
    """`vote`: the options' places, from 0; none takes the vote back."""

    choices: Annotated[list[int], Field(max_length=MAX_OPTIONS)]


class GetPolls(Message):
    """`get-polls`."""

    before: Id | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LISTED)] = 50


class PollShape(TypedDict):
    """A poll; `votes` and `counts` are null for who may not see them (yet)."""

    pollId: str
    question: str
    options: list[str]
    multiple: bool
    anonymous: bool
    results: Results
    status: Literal["open", "closed"]
    shared: bool
    votes: int | None
    counts: list[int] | None
    createdBy: str | None
    createdByName: str
    createdAt: Time
    closedAt: Time | None


class OwnPollShape(PollShape):
    """A poll with one's own vote; `choices` is null without one, and where nobody knows it any more."""

    voted: bool
    choices: list[int] | None


class PollPush(TypedDict):
    """`poll-opened`, `poll-closed`, `poll-shared`, and what the calls that cause them are answered."""

    poll: PollShape


class PollChangedPush(TypedDict):
    """`poll-changed`."""

    pollId: str
    votes: int
    counts: list[int]


class VoteReply(TypedDict):
    """What `vote` is answered."""

    pollId: str
    choices: list[int]


class PollsReply(TypedDict):
    """What `get-polls` is answered; `nextBefore` is null on the last page."""

    polls: list[PollShape]
    nextBefore: str | None
