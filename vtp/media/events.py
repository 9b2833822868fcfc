"""Telling others what happened: listeners on the event loop, called with dataclass events in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Event = TypeVar("Event")
Listener = Callable[[Event], None]


class Emitter(Generic[Event]):
    """Keeps the listeners of one object. A listener may add or remove listeners while it is called."""

    def __init__(self) -> None:
        self._listeners: list[Listener[Event]] = []

    def add_listener(self, listener: Listener[Event]) -> Callable[[], None]:
        """Calls `listener` with every later event; the returned function removes it."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def emit(self, event: Event) -> None:
        """Tells all listeners of now."""
        for listener in list(self._listeners):
            listener(event)
