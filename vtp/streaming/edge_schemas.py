"""What an edge tells its origin, and what it is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

WATCHERS_AT_A_TIME = 500
EDGES = "edges"
"""What the grant is made for by which an edge shows that it has the key of all grants."""


class Sent(BaseModel):
    """What was sent of one track."""

    track: Annotated[str, Field(max_length=16)]
    bytes: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    segments: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0


class Watcher(BaseModel):
    """Somebody whom an edge answers: what they watch, by which grant, from where, and what they were sent."""

    media_id: Annotated[str, Field(max_length=80)]
    grant: Annotated[str, Field(max_length=512)]
    address: Annotated[str, Field(max_length=64)]
    sent: Annotated[list[Sent], Field(max_length=32)] = []


class EdgeReport(BaseModel):
    """`edge` is the edge's own grant."""

    edge: Annotated[str, Field(max_length=512)]
    watchers: Annotated[list[Watcher], Field(max_length=WATCHERS_AT_A_TIME)] = []


class EdgeEntry(BaseModel):
    """Somebody who came to an edge without a grant, or with one that is worn; the call's `Authorization`, if
    any, is theirs.
    """

    edge: Annotated[str, Field(max_length=512, description="The edge's own grant.")]
    media_id: Annotated[
        str, Field(max_length=80, description="The recording, or `live:` and the room, that they ask for.")
    ]
    address: Annotated[str, Field(max_length=64, description="Where they come from.")]
    before: Annotated[
        str,
        Field(max_length=512, description="The grant that they have, which is to be followed by another."),
    ] = ""


class EdgeGrant(BaseModel):
    """What opens it for them."""

    grant: Annotated[str, Field(description="As the server itself would have put it into their cookie.")]


class Refusal(BaseModel):
    """Whom the edge must not answer (any more), by their place in the report, and what they are told."""

    index: int
    status: int
    code: str
    detail: str
    retry_after_seconds: float | None = None


class EdgeVerdict(BaseModel):
    """Whoever is not refused may go on for `good_for_seconds`."""

    good_for_seconds: float
    refused: list[Refusal]
