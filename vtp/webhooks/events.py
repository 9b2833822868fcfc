"""What webhooks are told: the names of the events, and the message that is written once and sent as it is."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vtp.ids import new_id

ALL = "*"


class EventName(enum.StrEnum):
    """The events that one can ask for."""

    ROOM_CREATED = "room.created"
    ROOM_DELETED = "room.deleted"
    ROOM_OPENED = "room.opened"
    ROOM_CLOSED = "room.closed"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_LEFT = "participant.left"
    RECORDING_STARTED = "recording.started"
    RECORDING_STOPPED = "recording.stopped"
    RECORDING_READY = "recording.ready"
    RECORDING_FAILED = "recording.failed"


TEST = "webhook.test"  # sent on request to whoever it is about, whatever they asked for


@dataclass(frozen=True)
class Happening:
    """Something that happened, as it waits to be written: what only the database knows is added then."""

    type: str
    at: datetime
    room_id: str | None = None
    recording_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)

    def body(self, more: Mapping[str, Any]) -> str:
        """The message; `more` is what was looked up, which `data` overrides."""
        data = {**more, **self.data}
        for name in more.keys() & self.data.keys():
            if isinstance(more[name], Mapping):
                data[name] = {**more[name], **self.data[name]}
        message = {"id": self.id, "type": self.type, "timestamp": self.at.isoformat(), "data": data}
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def is_wanted(type_: str, events: Sequence[str]) -> bool:
    """Whether a webhook that asks for `events` is told of this one."""
    return ALL in events or type_ in events
