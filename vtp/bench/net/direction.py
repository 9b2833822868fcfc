"""One direction of a link in figures, and when they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Direction:
    """What packets of one direction meet; the defaults are a link that does nothing.

    As `vtp.bench._emulator.Link`: jitter is normally distributed around the delay and keeps the order.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    """A probability for each packet alone."""
    burst_loss: tuple[float, float, float, float] | None = None
    """Instead of `loss`: Gilbert and Elliott's (good to bad, bad to good, loss in good, loss in bad)."""
    duplicate: float = 0.0
    reorder: float = 0.0
    """A probability of being held back by `reorder_ms` more, so that others overtake."""
    reorder_ms: float = 10.0
    rate_bps: float = 0.0
    """Of the bottleneck; 0: none."""
    queue_bytes: int | None = None
    queue_ms: float | None = None
    """At the current rate. Both bound the drop-tail queue before the bottleneck."""
    plan: Mapping[float, Mapping[str, Any]] = field(default_factory=dict)
    """Seconds after the network's start → figures that change then."""

    def figures(self) -> dict[str, Any]:
        """As the model takes them."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "plan"}
        if self.burst_loss is not None:
            if self.loss:
                raise ValueError("Give either loss or burst_loss, not both.")
            del found["loss"]
        return {name: value for name, value in found.items() if value is not None}
