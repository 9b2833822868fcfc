"""Captions over signalling: a line that is typed for the recording is told to everybody in the main room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.rooms.captions import CaptionLine, RoomCaptions
from vtp.rooms.groups import MAIN
from vtp.signalling.audience import Audience
from vtp.signalling.parts.captions_messages import CaptionPush
from vtp.signalling.seats import Answer, Event, Stay


class CaptionCalls:
    """A feature; see `features`. It takes no calls: lines are typed over HTTP."""

    pushes: ClassVar[Mapping[str, type]] = {"caption": CaptionPush}
    states: ClassVar[Mapping[str, Any]] = {}

    def table(self) -> dict[str, Event]:
        """None."""
        return {}

    def state(self, stay: Stay) -> Answer:
        """Nothing: who comes later reads it in the recording."""
        return {}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells of each line: the program, which is recorded, is the main room's."""
        groups = audience.live.groups

        def typed(line: CaptionLine) -> None:
            told: CaptionPush = {
                "recordingId": line.recording_id,
                "language": line.language,
                "text": line.text,
                "at": line.at_ms / 1000,
            }
            audience.tell("caption", told, among=lambda one: groups.group_of(one.participant_id) == MAIN)

        return audience.live.part(RoomCaptions).add_listener(typed)
