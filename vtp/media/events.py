"""Telling others what happened: listeners on the event loop, called with dataclass events in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

Event = TypeVar("Event")
Listener = Callable[[Event], None]


class Emitter(Generic[Event]):
    """Keeps the listeners of one object. A listener may add or remove listeners while it is called."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: tuple[Listener[Event], ...] = ()

    def add_listener(self, listener: Listener[Event]) -> Callable[[], None]:
        """Calls `listener` with every later event; the returned function removes it."""
        self._listeners += (listener,)
        return partial(self.remove_listener, listener)

    def remove_listener(self, listener: Listener[Event]) -> None:
        """Calls `listener` no more (once less, when it was added twice)."""
        if listener in self._listeners:
            at = self._listeners.index(listener)
            self._listeners = self._listeners[:at] + self._listeners[at + 1 :]

    def emit(self, event: Event) -> None:
        """Tells all listeners of now."""
        for listener in self._listeners:
            listener(event)
