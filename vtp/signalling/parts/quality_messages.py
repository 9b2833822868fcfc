"""What crosses the wire about how good somebody's connection is."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

QualityWord = Literal["good", "fair", "poor", "lost"]
ReasonWord = Literal["silent", "loss_sending", "loss_receiving", "narrow", "delay"]


class ConnectionQuality(TypedDict):
    """Whose connection is how good; `reason` is null with a good one, and only then."""

    peerId: str
    quality: QualityWord
    reason: ReasonWord | None
