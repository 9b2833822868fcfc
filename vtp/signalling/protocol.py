"""The whole protocol as one value: what types for clients are made from, and answers are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vtp.signalling.seats import Event
from vtp.signalling.shapes import Shape


@dataclass(frozen=True, slots=True)
class SignallingProtocol:
    """Tables by event; `states` by the names in `state` of `joined-room`."""

    calls: Mapping[str, Event]
    pushes: Mapping[str, Shape]
    connection_events: Mapping[str, Shape]
    states: Mapping[str, Any]
