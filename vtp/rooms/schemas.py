"""What crosses the wire about rooms. Field names are the older contract's; nothing is renamed."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.accounts.permissions import Action, can
from vtp.http.identity import Principal, Role
from vtp.http.text import Name
from vtp.rooms.live import LiveRoom
from vtp.rooms.naming import check_slug
from vtp.rooms.participants import Participant
from vtp.rooms.rules import RoomRules
from vtp.rooms.store import Room

Slug = Annotated[str, Field(max_length=64), AfterValidator(check_slug)]


class CreateRoom(BaseModel):
    """A new room; `room_id` is the slug wanted, made from the name when left out."""

    room_id: Slug | None = None
    room_name: Name
    settings: RoomRules = RoomRules()


class ChangeRoom(BaseModel):
    """What of a room is to be different; what is left out stays, in `settings` too."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    settings: Annotated[dict[str, Any], Field(description="Some of the settings, as in `RoomRules`.")] = (
        Field(default_factory=dict)
    )


class Rights(BaseModel):
    """What the caller may do in a room, so that pages offer nothing that would be refused."""

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

    @classmethod
    def of(cls, principal: Principal, room: Room) -> Self:
        """Asks `can` for each."""
        return cls(
            enter=can(principal, Action.ROOM_ENTER, room),
            publish=can(principal, Action.ROOM_PUBLISH, room),
            watch=can(principal, Action.ROOM_WATCH, room),
            speak=can(principal, Action.ROOM_SPEAK, room),
            camera=can(principal, Action.ROOM_CAMERA, room),
            share=can(principal, Action.ROOM_SHARE, room),
            chat=can(principal, Action.ROOM_CHAT, room),
            record=can(principal, Action.RECORDING_START, room),
            moderate=can(principal, Action.ROOM_MODERATE, room),
            appoint=can(principal, Action.ROOM_APPOINT, room),
            invite=can(principal, Action.ROOM_INVITE, room),
            update=can(principal, Action.ROOM_UPDATE, room) and not room.members_only,
            delete=can(principal, Action.ROOM_DELETE, room) and not room.members_only,
        )


class RoomReply(BaseModel):
    """A room and what goes on in it now; `live`: somebody presents; `streamed`: without being recorded."""

    room_id: str
    slug: str
    name: str
    room_name: str
    owner_id: str | None
    settings: RoomRules
    live: bool
    recording: bool
    streamed: bool
    participant_count: int
    members_only: Annotated[
        bool, Field(description="It belongs to a lesson, whose course says who comes in, and when.")
    ]
    course_id: Annotated[
        str | None, Field(description="The course of that lesson, where one room is read by an account.")
    ] = None
    created_at: datetime
    may: Rights

    @classmethod
    def of(
        cls, principal: Principal, room: Room, live: LiveRoom | None, course_id: str | None = None
    ) -> Self:
        """Describes a room to a caller."""
        return cls(
            room_id=room.id,
            slug=room.slug,
            name=room.name,
            room_name=room.name,
            owner_id=room.owner_id,
            settings=RoomRules.model_validate(room.settings),
            live=live is not None and live.program.is_live,
            recording=live is not None and live.recording,
            streamed=live is not None and live.streamed,
            participant_count=live.participant_count if live is not None else 0,
            members_only=room.members_only,
            course_id=course_id if principal.user_id is not None else None,
            created_at=room.created_at,
            may=Rights.of(principal, room),
        )


class RoomPage(BaseModel):
    """One page of rooms."""

    items: list[RoomReply]
    next_cursor: str | None


class ParticipantReply(BaseModel, frozen=True):
    """Somebody in a room."""

    participant_id: str
    peerId: str  # noqa: N815 - the name that mediasoup's clients read
    user_id: str | None
    full_name: str
    role: Role
    is_producer: bool
    joined_at: datetime

    @classmethod
    def of(cls, participant: Participant) -> Self:
        """Describes a participant."""
        return cls(
            participant_id=participant.participant_id,
            peerId=participant.participant_id,
            user_id=participant.user_id,
            full_name=participant.full_name,
            role=participant.role,
            is_producer=participant.is_producer,
            joined_at=participant.joined_at,
        )


class RoomStats(BaseModel):
    """Who and what is in a room now: nobody and null to whom it is not open."""

    room_id: str
    slug: str
    participant_count: int
    producer_count: int | None
    participants: list[ParticipantReply]

    @classmethod
    def of(cls, room: Room, live: LiveRoom | None, *, seen_inside: bool) -> Self:
        """Counts what is in a room; `seen_inside`: whether the caller may know who is there."""
        if live is None:
            return cls(
                room_id=room.id, slug=room.slug, participant_count=0, producer_count=0, participants=[]
            )
        shown = live.people.participants if seen_inside else []
        return cls(
            room_id=room.id,
            slug=room.slug,
            participant_count=live.participant_count,
            producer_count=len(live.router.producers) if seen_inside else None,
            participants=[ParticipantReply.of(one) for one in shown],
        )


class AllRoomStats(BaseModel):
    """The rooms that are open now."""

    rooms: list[RoomStats]
    total_rooms: int
    total_participants: int


class RoomQuery(BaseModel):
    """Names a room, by id or slug."""

    room_id: Annotated[str, Field(min_length=1, max_length=64)]


class DeletedRoom(BaseModel):
    """A room that is gone."""

    room_id: str
    status: Literal["deleted"] = "deleted"
    message: str = "The room is deleted."


class SignallingHealth(BaseModel):
    """Whether signalling answers, and how much goes on."""

    status: Literal["ok"] = "ok"
    rooms: int
    timestamp: datetime
