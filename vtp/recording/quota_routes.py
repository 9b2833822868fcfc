"""Quotas over HTTP: what recordings take and may, and what an administrator lets a room hold."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.routes import origin_of
from vtp.http.routing import Call, RouteTable
from vtp.recording.quota import Quotas, RoomUsage, Usage
from vtp.rooms.store import Room

MOST_BYTES = 1 << 60


class UsageQuery(BaseModel):
    """Of which room; of one's own rooms together when nothing is said."""

    room_id: Annotated[str, Field(max_length=64, description="A room's id or slug.")] = ""


class SetQuota(BaseModel):
    """What the recordings of a room may take."""

    model_config = ConfigDict(extra="forbid")

    bytes: Annotated[
        int | None,
        Field(ge=0, le=MOST_BYTES, description="0: any number; null: `recording.quota_per_room_bytes`."),
    ]


class UsageReply(BaseModel):
    """What recordings take, the trash included, and what they may."""

    used_bytes: Annotated[int, Field(description="Bytes of all recordings, wherever they lie.")]
    allowed_bytes: Annotated[int | None, Field(description="Null: any number.")]

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """The wire's view of it."""
        return cls(used_bytes=usage.used_bytes, allowed_bytes=usage.allowed_bytes or None)


class UsageOfRoom(UsageReply):
    """The same of a room."""

    room_id: str
    room_name: str
    own_bytes: Annotated[
        int | None,
        Field(
            description="What an administrator set for this room (0: any number); null: it has what every "
            "room has, `recording.quota_per_room_bytes`."
        ),
    ]

    @classmethod
    def named(cls, usage: Usage, room_id: str, name: str) -> Self:
        """Of a room that is called so."""
        said = UsageReply.of(usage).model_dump()
        return cls(**said, room_id=room_id, room_name=name, own_bytes=usage.own_bytes)


class UsageElsewhere(UsageReply):
    """The same of a course."""

    whose: Annotated[str, Field(description="In words: the course Mechanics.")]


class RecordingUsage(BaseModel):
    """What recordings take and may: of all rooms of one `owner`, of the rooms that have a quota, the fullest
    first, a hundred at most, and of what a room belongs to besides (`others`). `warning` is a sentence while
    one of them will be used up before long.
    """

    owner: Annotated[UsageReply | None, Field(description="Null where nobody owns the room, or may own any.")]
    rooms: list[UsageOfRoom]
    others: list[UsageElsewhere] = []
    warning: str | None

    @classmethod
    def of_room(cls, room: Room, usage: RoomUsage) -> Self:
        """Of one room, whether it has a quota or not."""
        return cls(
            owner=UsageReply.of(usage.owner) if usage.owner is not None else None,
            rooms=[UsageOfRoom.named(usage.room, room.id, room.name)],
            others=[
                UsageElsewhere(**UsageReply.of(one).model_dump(), whose=one.whose) for one in usage.others
            ],
            warning=usage.warning() or None,
        )

    @classmethod
    def own(cls, owner: Usage, rooms: list[tuple[str, Usage]]) -> Self:
        """Of somebody's rooms."""
        near = next((one for one in [owner, *(usage for _, usage in rooms)] if one.is_near), None)
        return cls(
            owner=UsageReply.of(owner),
            rooms=[UsageOfRoom.named(usage, id_, usage.whose) for id_, usage in rooms],
            warning=RoomUsage(near, None).warning() if near is not None else None,
        )


def add_quota_routes(table: RouteTable, quotas: Quotas) -> None:
    """Declares them."""

    @table.get(
        "/api/v1/recordings/usage",
        query=UsageQuery,
        reply=RecordingUsage,
        summary="Read what recordings take and may: of a room, or of one's own rooms",
        errors=(403, 404),
    )
    async def get_recording_usage(call: Call) -> RecordingUsage:
        query: UsageQuery = call.query
        if query.room_id:
            return RecordingUsage.of_room(*await quotas.get(call.principal, query.room_id))
        found = await quotas.own(call.principal)
        return (
            RecordingUsage(owner=None, rooms=[], warning=None)
            if found is None
            else RecordingUsage.own(*found)
        )

    @table.put(
        "/api/v1/rooms/{room}/recording-quota",
        body=SetQuota,
        reply=RecordingUsage,
        summary="Set what the recordings of a room may take",
        errors=(403, 404),
    )
    async def set_recording_quota(call: Call) -> RecordingUsage:
        found = await quotas.set(call.principal, call.path["room"], call.body.bytes, origin_of(call))
        return RecordingUsage.of_room(*found)
