"""Reactions in one open room: who reacted, and how. Nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp.media.events import Emitter
from vtp.rooms.live import LiveRoom


@dataclass(frozen=True)
class Reacted:
    """Somebody showed an emoji."""

    participant_id: str
    reaction: str


class Reactions:
    """A part of a LiveRoom."""

    def __init__(self, live: LiveRoom) -> None:
        self._emitter: Emitter[Reacted] = Emitter()

    def add_listener(self, listener: Callable[[Reacted], None]) -> Callable[[], None]:
        """Hears of every one; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def react(self, participant_id: str, reaction: str) -> None:
        """Tells of one."""
        self._emitter.emit(Reacted(participant_id, reaction))
