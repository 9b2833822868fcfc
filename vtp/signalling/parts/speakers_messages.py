"""What crosses the wire about who speaks."""

from __future__ import annotations

from typing_extensions import TypedDict


class ActiveSpeakerShape(TypedDict):
    """`active-speaker`: who is dominant among those one hears, and by which microphone; both null: nobody."""

    peerId: str | None
    producerId: str | None


class VolumeShape(TypedDict):
    """How loud one microphone was on average, in dBov: 0 is the loudest, -127 silence."""

    producerId: str
    peerId: str
    volume: int


class AudioLevelsShape(TypedDict):
    """`audio-levels`: who is loud among those one hears, the loudest first; empty: silence."""

    volumes: list[VolumeShape]
