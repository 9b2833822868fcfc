"""What the server says of rooms and people over Socket.IO, exactly: no name more, none less.

`reply` of an Event and `pushes` of a feature name these. The pages' TypeScript types are made from them
(`scripts/protocol_types.py`), and the tests hold every answer and push of a server against them. They are of
`typing_extensions`: pydantic reads none of `typing` before Python 3.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from vtp.http.identity import Role
from vtp.signalling.media_shapes import OwnMedia, PeerDataProducer, PeerProducer
from vtp.signalling.parameter_shapes import RouterRtpCapabilities

Shape = type | UnionType
"""A TypedDict, or one of several."""
Time = Annotated[str, Field(description="ISO 8601, with its zone.")]
Code = Annotated[str, Field(json_schema_extra={"tsType": "ErrorCode"})]
"""One of the words for programs in docs/protocol.md."""
FeatureState = Annotated[dict[str, Any], Field(json_schema_extra={"tsType": "RoomState"})]
"""What all features say of the room, by the names in their `states`."""


class Numbered(TypedDict):
    """What every push carries besides; numbers go up by one, without gaps, from 1 after `join-room`."""

    roomId: str
    seq: int


class FieldFault(TypedDict):
    """What is wrong with one field; `pointer` is a JSON pointer."""

    pointer: str
    detail: str


class Problem(TypedDict):
    """Why a call failed, as the HTTP API says it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldFault]
    error: str
    code: Code
    details: list[FieldFault] | None
    message: str
    status_code: int
    timestamp: Time
    retry_after: NotRequired[int]


class Failure(TypedDict):
    """The acknowledgement of a call that failed, besides `ok`; it has changed nothing."""

    error: str
    code: Code
    problem: Problem


class Handshake(TypedDict):
    """`auth` of a connection."""

    token: NotRequired[str]
    answers: NotRequired[Literal["ack"]]
    resume: NotRequired[bool]
    resume_token: NotRequired[str]
    seq: NotRequired[int]


class Participant(TypedDict):
    """Somebody in a room, as everybody there sees them."""

    participant_id: str
    peerId: str
    user_id: str | None
    full_name: str
    role: Role
    is_producer: bool
    joined_at: Time


class Peer(TypedDict):
    """Somebody in a room in mediasoup's words, with what they send."""

    peerId: str
    userId: str | None
    email: Literal[""]
    fullName: str
    role: Role
    isProducer: bool
    joinedAt: Time
    producerCount: int
    consumerCount: int
    producers: list[PeerProducer]
    dataProducers: list[PeerDataProducer]


class RoomSettings(TypedDict):
    """A room's settings."""

    publish: Literal["everyone", "staff"]
    speak: Literal["everyone", "staff"]
    camera: Literal["everyone", "staff"]
    share: Literal["everyone", "staff"]
    chat: Literal["everyone", "staff"]
    private_chat: Literal["everyone", "staff", "nobody"]
    record: Literal["staff", "teachers"]
    lobby: bool
    locked: bool
    p2p: bool
    watch_only_above: int


class RoomRights(TypedDict):
    """What somebody may do in a room now."""

    enter: bool
    publish: bool
    watch: bool
    speak: bool
    camera: bool
    share: bool
    chat: bool
    record: bool
    moderate: bool
    appoint: bool
    invite: bool
    update: bool
    delete: bool


class RoomRouter(TypedDict):
    """What mediasoup-client loads, and who is there already."""

    rtpCapabilities: RouterRtpCapabilities
    peers: list[Peer]
    own: OwnMedia


class Joined(TypedDict):
    """`join-room`: the room as it is."""

    success: Literal[True]
    room_id: str
    participant_id: str
    resume_token: str
    seq: int
    open_for_ms: int
    participants: list[Participant]
    settings: RoomSettings
    may: RoomRights
    state: FeatureState
    mediasoup: RoomRouter


class Waiting(TypedDict):
    """`join-room` of somebody who is to be let in first."""

    waiting: Literal[True]
    participant_id: str


class Admitted(Joined):
    """Who waited is in: the room as it is, as `join-room` says it. From here on pushes are numbered."""

    roomId: str


class Denied(TypedDict):
    """Who waited does not come in; they may ask again."""

    roomId: str
    reason: str


class Left(TypedDict):
    """`leave-room`."""

    success: Literal[True]
    room_id: str


class Participants(TypedDict):
    """`get-participants`."""

    room_id: str
    participants: list[Participant]
    count: int


class RoomInfo(TypedDict):
    """`get-room-info`."""

    roomId: str
    name: str
    peerCount: int
    peers: list[Peer]
    createdAt: Time
    producerCount: int
    live: bool
    recording: bool
    streamed: bool


class ParticipantJoined(TypedDict):
    """Somebody else has come."""

    room_id: str
    participant: Participant


class ParticipantLeft(TypedDict):
    """Somebody else has gone."""

    room_id: str
    participant_id: str
    peerId: str


class SettingsChanged(TypedDict):
    """The room's name or its settings are others now; `may` is the listener's own."""

    name: str
    settings: RoomSettings
    may: RoomRights


class Nothing(TypedDict):
    """The event says it all."""


class Kicked(TypedDict):
    """The listener was put out of the room, where they are not any more."""

    reason: str
    banned: bool


class RoomClosed(TypedDict):
    """The room is over: it was closed or deleted, or the server ends and is there again soon."""

    room_id: str
    reason: str
    server_ends: NotRequired[bool]


class Resumed(TypedDict):
    """A new connection has an older one's place; `missed` pushes follow, or all of it is in `snapshot`."""

    roomId: str
    room_id: str
    participant_id: str
    resume_token: str
    seq: int
    missed: int
    snapshot: NotRequired[Joined]


class ResumeFailed(TypedDict):
    """There is no place to go on with: join anew."""

    code: Code
    error: str


class CallFailed(TypedDict):
    """`error`, which clients without acknowledgements are told."""

    error: str
    code: Code
    event: str
    requestId: NotRequired[str | int]


class News(TypedDict):
    """What somebody is told, wherever they are connected: one of their notifications, by its id."""

    id: str
    kind: str
    title: str
    text: str
    link: str
    context: str
    at: str
    course_id: str | None
    lesson_id: str | None
    recording_id: str | None


ROOM_PUSHES: Mapping[str, Shape] = {
    "participant-joined": ParticipantJoined,
    "participant-left": ParticipantLeft,
    "settings-changed": SettingsChanged,
    "recording-started": Nothing,
    "recording-stopped": Nothing,
    "stream-started": Nothing,
    "stream-stopped": Nothing,
    "kicked": Kicked,
    "room-closed": RoomClosed,
}
"""What an audience tells of its room."""

CONNECTION_EVENTS: Mapping[str, Shape] = {
    "resumed": Resumed,
    "resume-failed": ResumeFailed,
    "error": CallFailed,
    "admitted": Admitted,
    "denied": Denied,
    "news": News,
}
"""What is about a connection: nothing of it is kept for who is lost."""
