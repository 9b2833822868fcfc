"""What crosses the wire about moderation and the settings of a room while its class runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from vtp.rooms.sources import Source
from vtp.signalling.messages import Id, Message
from vtp.signalling.shapes import RoomSettings

SettingsWish = Annotated[dict[str, Any], Field(json_schema_extra={"tsType": "Partial<RoomSettings>"})]
"""Some of the settings; what each may be says `RoomRules`, by which the change is checked."""


class ChangeSettings(Message):
    """`change-settings`."""

    settings: SettingsWish


class NamesParticipant(Message):
    """What is done to one participant."""

    participant_id: Id = Field(validation_alias="participantId")


class Mute(NamesParticipant):
    """`mute`."""

    source: Source


class SetRole(NamesParticipant):
    """`set-role`."""

    role: Literal["assistant", "student"]


class SettingsReply(TypedDict):
    """What `change-settings` is answered."""

    settings: RoomSettings


class SilencedReply(TypedDict):
    """What `mute` and `mute-all` are answered: what was silenced now."""

    producerIds: list[str]


class RoleReply(TypedDict):
    """What `set-role` is answered, and what `role-changed` says."""

    participantId: str
    role: Literal["assistant", "student"]


class MutedPush(TypedDict):
    """`muted`, to whose it was; `producerId` is null for what goes to the other of a direct call."""

    source: Source
    producerId: str | None
    by: str


class PeerMuted(TypedDict):
    """`peer-muted`, to who gets it directly: it is not to be shown or heard until its sender begins anew."""

    participantId: str
    source: Source
    by: str
