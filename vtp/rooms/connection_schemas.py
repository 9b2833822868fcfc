"""Shapes of what staff see of everybody's connections: counters and states of the moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, cast

from pydantic import BaseModel, Field

from vtp.http.identity import Role
from vtp.media.consumer import Consumer
from vtp.media.layers import NOTHING, count_layers
from vtp.media.producer import Producer
from vtp.rooms.link_figures import Figures, LinkFigures, SourceFigures
from vtp.rooms.link_quality import Verdict
from vtp.rooms.participants import Participant
from vtp.rooms.sources import Source, source_of

QualityWord = Literal["good", "fair", "poor", "lost"]
ReasonWord = Literal["silent", "loss_sending", "loss_receiving", "narrow", "delay"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A source and whose it is."""

    source: SourceFigures
    full_name: str


class LayerSent(BaseModel):
    """One stream of a source; a picture in several sizes has several."""

    rid: str | None
    active: bool = Field(description="Whether anything came in the last 2 s.")
    bitrate_bps: int
    lost: float = Field(description="Share that did not come lately, before repairs.")
    width: int | None
    height: int | None
    frames_per_second: float | None

    @classmethod
    def of(cls, stream: Figures) -> Self:
        has_size = bool(stream["width"])
        return cls(
            rid=stream["rid"] or None,
            active=stream["active"],
            bitrate_bps=round(stream["bitrate_bps"]),
            lost=round(stream["fraction_lost"], 4),
            width=stream["width"] if has_size else None,
            height=stream["height"] if has_size else None,
            frames_per_second=round(stream["frames_per_second"], 1) if has_size else None,
        )


class SourceSent(BaseModel):
    """What somebody sends."""

    producer_id: str
    source: Source
    paused: bool
    layers: list[LayerSent]

    @classmethod
    def of(cls, sent: SourceFigures) -> Self:
        layers = [LayerSent.of(one) for one in sent.figures.get("streams", ())]
        producer = sent.producer
        return cls(producer_id=producer.id, source=source_of(producer), paused=producer.paused, layers=layers)


class PictureWatched(BaseModel):
    """A picture that somebody is sent."""

    consumer_id: str
    producer_id: str
    full_name: str = Field(description="Whose it is.")
    source: Source
    state: Literal["shown", "paused", "withheld"] = Field(
        description="`withheld`: the link to them has no room for it."
    )
    spatial_layer: int | None = Field(description="Which of `layers` it is now, from 0; null: none.")
    layers: int = Field(description="How many sizes there are.")
    width: int | None
    height: int | None

    @classmethod
    def of(cls, consumer: Consumer, sent: Sent) -> Self:
        producer = sent.source.producer
        state = _state_of(consumer, producer)
        layer = _layer_of(consumer) if state == "shown" else None
        width, height = _size_of(sent.source, layer)
        return cls(
            consumer_id=consumer.id,
            producer_id=producer.id,
            full_name=sent.full_name,
            source=source_of(producer),
            state=state,
            spatial_layer=layer,
            layers=count_layers(producer.rtp_parameters).spatial,
            width=width,
            height=height,
        )


class PersonConnections(BaseModel):
    """Somebody who is in the room, and the figures of all their connections together."""

    participant_id: str
    full_name: str
    role: Role
    quality: QualityWord
    reason: ReasonWord | None
    connected: bool = Field(description="Whether media has a way to or from them now.")
    available_bps: int | None = Field(description="What the link to them carries, as far as is known.")
    bytes_sent: int = Field(description="To them, since their connections began.")
    bytes_received: int
    round_trip_ms: float | None
    loss_sending: float | None = Field(
        description="Share of what they send that gets lost; null: nothing is."
    )
    loss_receiving: float | None
    limited: bool = Field(description="Whether they get less than they could watch.")
    watches: list[PictureWatched]
    sends: list[SourceSent]


class RoomConnections(BaseModel):
    """Everybody's connections at one moment. A room that is not open has nobody."""

    room_id: str
    slug: str
    at: datetime
    participants: list[PersonConnections]


def describe_person(
    person: Participant,
    verdict: Verdict,
    links: Iterable[LinkFigures],
    watches: list[PictureWatched],
) -> PersonConnections:
    """What of the figures of somebody's transports is told."""
    known = tuple(links)
    up = [one for one in known if one.was_up]
    receiving = [one for one in up if one.transport.consumers]
    sources = [source for one in known for source in one.sources]
    streams = [one for source in sources for one in source.figures.get("streams", ()) if one["active"]]
    trips = [one.figures["rtt_ms"] for one in up] + [one.figures.get("rtt_ms", 0.0) for one in sources]
    return PersonConnections(
        participant_id=person.participant_id,
        full_name=person.full_name,
        role=person.role,
        quality=cast(QualityWord, verdict.quality.word),
        reason=verdict.reason.value if verdict.reason is not None else None,
        connected=any(not one.is_silent for one in up),
        available_bps=max((one.figures["available_bps"] for one in receiving), default=0) or None,
        bytes_sent=sum(one.figures["bytes_sent"] for one in up),
        bytes_received=sum(one.figures["bytes_received"] for one in up),
        round_trip_ms=round(max(trips, default=0.0), 1) or None,
        loss_sending=round(max(one.fraction_lost for one in sources), 4) if streams else None,
        loss_receiving=_loss_receiving(receiving),
        limited=any(one.is_limited for one in receiving),
        watches=watches,
        sends=[SourceSent.of(one) for one in sources],
    )


def _loss_receiving(receiving: list[LinkFigures]) -> float | None:
    """Only who tells of it by transport-wide feedback is known."""
    told = [one.figures["fraction_lost"] for one in receiving if one.figures["feedback_received"]]
    return round(max(told), 4) if told else None


def _state_of(consumer: Consumer, producer: Producer) -> Literal["shown", "paused", "withheld"]:
    if consumer.paused or producer.paused:
        return "paused"
    return "withheld" if consumer.granted_layers.spatial == NOTHING else "shown"


def _layer_of(consumer: Consumer) -> int | None:
    if not consumer.has_layers:
        return 0 if consumer.started else None
    return consumer.current_layers.spatial if consumer.current_layers is not None else None


def _size_of(source: SourceFigures, layer: int | None) -> tuple[int | None, int | None]:
    """Of the stream of that layer; SVC has all its layers in one, whose size is the largest's."""
    streams = source.figures.get("streams", ())
    found = next((one for one in streams if one["layer"] == layer), streams[0] if streams else None)
    if layer is None or found is None or not found["width"]:
        return None, None
    return found["width"], found["height"]
