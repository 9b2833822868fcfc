"""What the media plane counts of one participant's connections, as a reading of the moment.

One read per transport and one per source that they send; nothing per picture that they watch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vtp.media.connection import IceState
from vtp.media.layers import NOTHING
from vtp.media.media_transport import MediaTransport
from vtp.media.producer import Producer
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant, participant_of

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """Something that they send, and what the packet path has counted of it."""

    producer: Producer
    figures: Figures

    @property
    def fraction_lost(self) -> float:
        """Of what they sent lately, before anything was repaired: the worst of its streams that flow."""
        streams = self.figures.get("streams", ())
        return max((float(one["fraction_lost"]) for one in streams if one["active"]), default=0.0)

    @property
    def jitter_ms(self) -> float:
        """Of what comes now: of its streams that flow the worst."""
        streams = self.figures.get("streams", ())
        return max((float(one.get("jitter_ms", 0.0)) for one in streams if one["active"]), default=0.0)


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """One transport, and what the packet path has counted of it."""

    transport: MediaTransport
    figures: Figures
    sources: tuple[SourceFigures, ...]

    @property
    def was_up(self) -> bool:
        """Whether the peer was ever reached by it; figures of a transport before that say nothing."""
        return self.figures["selected_address"] is not None and "bytes_sent" in self.figures

    @property
    def is_silent(self) -> bool:
        """Whether nothing has come from the peer for as long as consent takes to be missed (6 s)."""
        return bool(self.figures["ice_state"] == IceState.DISCONNECTED.value)

    @property
    def is_limited(self) -> bool:
        """Whether it carries less than the viewer could watch."""
        return bool(self.figures["limited"] or self.figures.get("paced"))

    @property
    def withheld(self) -> int:
        """How many pictures its link has no room for, of those that are wanted now."""
        return sum(
            one.granted_layers.spatial == NOTHING and not one.paused and one.producer is not None
            for one in self.transport.consumers.values()
        )


def read_links(live: LiveRoom) -> list[tuple[Participant, tuple[LinkFigures, ...]]]:
    """Everybody who is in a room with the connections that they have, in the order in which they came."""
    theirs: dict[str, list[MediaTransport]] = {}
    for transport in live.router.transports.values():
        participant = participant_of(transport)
        if participant is not None and not transport.is_over:
            theirs.setdefault(participant.participant_id, []).append(transport)
    return [(one, _read(theirs.get(one.participant_id, ()))) for one in live.people.participants]


def _read(transports: Iterable[MediaTransport]) -> tuple[LinkFigures, ...]:
    return tuple(LinkFigures(one, one.stats(), _sources(one)) for one in transports)


def _sources(transport: MediaTransport) -> tuple[SourceFigures, ...]:
    return tuple(SourceFigures(one, one.stats()) for one in transport.producers.values())
