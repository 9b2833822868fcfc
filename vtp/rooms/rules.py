"""The settings of a room: what it is open for, and for whom. Changed while a class runs, too."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vtp.accounts.permissions import Action
from vtp.errors import FieldError, Invalid

SETTING_OF: Final[dict[Action, str]] = {
    Action.ROOM_PUBLISH: "publish",
    Action.ROOM_SPEAK: "speak",
    Action.ROOM_CAMERA: "camera",
    Action.ROOM_SHARE: "share",
    Action.ROOM_CHAT: "chat",
    Action.RECORDING_START: "record",
    Action.RECORDING_STOP: "record",
}
"""The setting that says for whom an action is; the words are those of `permissions.Circle`."""


class RoomRules(BaseModel):
    """What a room's settings say. Of those who may publish at all, `speak`, `camera` and `share` say who
    may send sound, pictures and screens. With more than `watch_only_above` people in the room, newcomers who
    only watch follow the live stream (0: never).
    """

    model_config = ConfigDict(extra="forbid")

    publish: Literal["everyone", "staff"] = "everyone"
    speak: Literal["everyone", "staff"] = "everyone"
    camera: Literal["everyone", "staff"] = "everyone"
    share: Literal["everyone", "staff"] = "everyone"
    chat: Literal["everyone", "staff"] = "everyone"
    private_chat: Literal["everyone", "staff", "nobody"] = "everyone"
    record: Literal["staff", "teachers"] = "staff"
    lobby: bool = False
    locked: bool = False
    p2p: bool = False
    watch_only_above: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def merge_rules(stored: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
    """The settings that a room has after a change. Raises Invalid naming what does not fit."""
    try:
        return RoomRules.model_validate({**stored, **wish}, strict=True).model_dump()
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid(
            "The settings are not acceptable; `errors` says where.",
            errors=[_field(one["loc"], one["msg"]) for one in details],
        ) from None


def _field(place: tuple[int | str, ...], message: str) -> FieldError:
    return FieldError("/".join(("/settings", *map(str, place))), message.removeprefix("Value error, "))
