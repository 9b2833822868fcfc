"""What is said about calls between two: descriptions and candidates, relayed as they are, and the mode."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from vtp.rooms.direct_call import Hindrance
from vtp.signalling.messages import Id, Message

MAX_SDP_BYTES = 65_536  # as WHIP and WHEP take; Chromium's largest offers have some 10,000
MAX_CANDIDATE_CHARACTERS = 1024  # RFC 8839's grammar with its longest names stays below 300


def _check_size(text: str) -> str:
    if len(text.encode(errors="surrogatepass")) > MAX_SDP_BYTES:
        raise ValueError(f"a description has at most {MAX_SDP_BYTES} bytes")
    return text


Sdp = Annotated[str, Field(min_length=1, max_length=MAX_SDP_BYTES), AfterValidator(_check_size)]
CandidateLine = Annotated[str, Field(max_length=MAX_CANDIDATE_CHARACTERS)]


class ReadyForP2p(Message):
    """`ready-for-p2p`: whether the caller's client can have a direct call."""

    ready: bool


class SendDescription(Message):
    """`webrtc-offer`, `webrtc-answer`: to a participant, or without `to` to the server."""

    to: Id | None = None
    sdp: Sdp


class CandidateInit(BaseModel):
    """A candidate as browsers' `toJSON()` has it."""

    model_config = ConfigDict(strict=True, extra="ignore")

    candidate: CandidateLine = ""
    sdpMid: Annotated[str, Field(max_length=64)] | None = None  # noqa: N815 - the browsers' names
    sdpMLineIndex: Annotated[int, Field(ge=0, le=1023)] | None = None  # noqa: N815
    usernameFragment: Annotated[str, Field(max_length=256)] | None = None  # noqa: N815


class SendCandidate(Message):
    """`ice-candidate`; without `candidate` there are no more."""

    to: Id | None = None
    candidate: CandidateInit | CandidateLine | None = None


class CallMode(TypedDict):
    """How two in a room reach each other. `reason` says why not directly (any more)."""

    mode: Literal["p2p", "sfu"]
    peerId: str | None
    offers: bool
    reason: Hindrance | None


class OfferedProducer(TypedDict):
    """What an offer to the server publishes."""

    producerId: str
    kind: Literal["audio", "video"]


class OfferAnswer(TypedDict):
    """The acknowledgement of an offer: empty when it was relayed, else the server's answer."""

    sdp: NotRequired[str]
    transportId: NotRequired[str]
    producers: NotRequired[list[OfferedProducer]]


class RelayedCandidateInit(TypedDict):
    candidate: str
    sdpMid: NotRequired[str]
    sdpMLineIndex: NotRequired[int]
    usernameFragment: NotRequired[str]


RelayedDescription = TypedDict(
    "RelayedDescription", {"from": str | None, "sdp": str, "transportId": NotRequired[str]}
)
"""`webrtc-offer`, `webrtc-answer` as they arrive; `from` is null for the server's own answer."""
RelayedCandidate = TypedDict(
    "RelayedCandidate", {"from": str, "candidate": RelayedCandidateInit | str | None}
)
