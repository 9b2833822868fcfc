"""What a producer shows or lets hear: a microphone, a camera or a screen, as its owner's `appData` says."""

from __future__ import annotations

from typing import Any, Final, Literal

from vtp.accounts.permissions import Action
from vtp.media.parameters import Kind
from vtp.media.producer import Producer

Source = Literal["microphone", "camera", "screen"]
SOURCE = "vtp_source"  # in a producer's `app_data`: what it counts as
_SAID: Final = "source"  # in the `appData` of a client
_SOUNDS: Final = "audio"
_ACTIONS: Final[dict[Source, Action]] = {
    "microphone": Action.ROOM_SPEAK,
    "camera": Action.ROOM_CAMERA,
    "screen": Action.ROOM_SHARE,
}


def read_source(kind: Kind, app_data: dict[str, Any], *, sends_picture: bool) -> Source:
    """What a new producer counts as.

    Sound is a microphone, unless its client says `screen` (what a shared screen plays). A picture is a camera
    unless its client says `screen`, or already sends a picture and does not say `camera`.
    """
    said = app_data.get(_SAID)
    if said == "screen" or (kind == "video" and sends_picture and said != "camera"):
        return "screen"
    return "microphone" if kind == _SOUNDS else "camera"


def source_of(producer: Producer) -> Source:
    """The source of a producer."""
    noted: Source | None = producer.app_data.get(SOURCE)
    return noted or read_source(producer.kind, producer.app_data, sends_picture=False)


def action_for(source: Source) -> Action:
    """The right that sending this source asks for."""
    return _ACTIONS[source]


def action_to_send(producer: Producer) -> Action:
    """The right that sending this producer asks for."""
    return action_for(source_of(producer))
