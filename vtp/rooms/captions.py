"""Captions that somebody types while a class is recorded: told to who is there, kept by the recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp.media.events import Emitter
from vtp.rooms.live import LiveRoom


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """A line as it was typed; `at_ms` of the recording."""

    recording_id: str
    language: str
    text: str
    at_ms: int


class RoomCaptions:
    """A part of a LiveRoom; keeps nothing."""

    def __init__(self, live: LiveRoom) -> None:
        self._emitter: Emitter[CaptionLine] = Emitter()

    def add_listener(self, listener: Callable[[CaptionLine], None]) -> Callable[[], None]:
        """Hears of each line; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def tell(self, line: CaptionLine) -> None:
        """Tells of a line that was typed."""
        self._emitter.emit(line)
