"""The quality of everybody's connection in one open room, as it was looked at last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from vtp.media.events import Emitter
from vtp.rooms.link_figures import LinkFigures, SourceFigures, read_links
from vtp.rooms.link_quality import GOOD, Figures, Judge, Verdict, judge
from vtp.rooms.live import LiveRoom
from vtp.rooms.people import PeopleEvent, PersonLeft


@dataclass(frozen=True)
class QualityChanged:
    """Somebody's connection is better or worse than it was, or bad by something else."""

    participant_id: str
    verdict: Verdict


@dataclass(frozen=True)
class ReadingTaken:
    """Somebody's connection was looked at."""

    participant_id: str
    figures: Figures


SETTLING_LOOKS = 2
"""A new connection is let grow from what every network carries: how narrow it is, and how long it takes to
it, is known only after it has been looked at so often."""


class Qualities:
    """A part of a LiveRoom. Nothing is read before somebody calls `look`."""

    def __init__(self, live: LiveRoom) -> None:
        self._live = live
        self._judges: dict[str, Judge] = {}
        self._spoken_of: dict[str, None] = {}  # those of whom a change was ever told
        self._sent: dict[str, int] = {}  # packets, by transport, at the last look
        self._looks: dict[str, int] = {}  # how often a transport was looked at since it is up
        self._emitter: Emitter[QualityChanged] = Emitter()
        self._readings: Emitter[ReadingTaken] = Emitter()
        live.people.add_listener(self._people_changed)

    @property
    def bad(self) -> Mapping[str, Verdict]:
        """Those that are not good, by participant."""
        return {id_: one.verdict for id_, one in self._judges.items() if one.verdict != GOOD}

    @property
    def spoken_of(self) -> Mapping[str, Verdict]:
        """Those who are not good or were not once, by participant: who was away may think wrongly of them."""
        return {id_: self.of(id_) for id_ in self._spoken_of}

    def of(self, participant_id: str) -> Verdict:
        """Of somebody; good until it has shown otherwise."""
        found = self._judges.get(participant_id)
        return found.verdict if found is not None else GOOD

    def add_listener(self, listener: Callable[[QualityChanged], None]) -> Callable[[], None]:
        """Hears of every change; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def add_reading_listener(self, listener: Callable[[ReadingTaken], None]) -> Callable[[], None]:
        """Hears of every reading, whatever it says; the returned function stops that."""
        return self._readings.add_listener(listener)

    def look(self) -> None:
        """Takes a reading of everybody. To be called every few seconds."""
        sent_before, self._sent = self._sent, {}
        looks_before, self._looks = self._looks, {}
        for participant, links in read_links(self._live):
            self._note_links(links, looks_before)
            new = {id_ for id_, looks in self._looks.items() if looks <= SETTLING_LOOKS}
            self.take(participant.participant_id, figures_of(links, sent_before, new))

    def take(self, participant_id: str, figures: Figures) -> None:
        """Takes one reading of somebody who is here; tells the listeners when it changes the verdict."""
        self._readings.emit(ReadingTaken(participant_id, figures))
        found = self._judges.setdefault(participant_id, Judge())
        if found.take(judge(figures)):
            self._spoken_of[participant_id] = None
            self._emitter.emit(QualityChanged(participant_id, found.verdict))

    def forget(self) -> None:
        """Nobody looks any more, and what was seen holds for a few seconds only: all are taken to be good."""
        for participant_id in self.bad:
            self._emitter.emit(QualityChanged(participant_id, GOOD))
        self._judges.clear()
        self._spoken_of.clear()
        self._sent.clear()
        self._looks.clear()

    def _note_links(self, links: Iterable[LinkFigures], looks_before: Mapping[str, int]) -> None:
        for link in links:
            if link.was_up:
                self._sent[link.transport.id] = link.figures["packets_sent"]
                self._looks[link.transport.id] = looks_before.get(link.transport.id, 0) + 1

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonLeft):
            self._judges.pop(event.participant.participant_id, None)
            self._spoken_of.pop(event.participant.participant_id, None)


def figures_of(
    links: Iterable[LinkFigures], sent_before: Mapping[str, int], new: Collection[str] = ()
) -> Figures:
    """What the rules weigh, of all connections of one participant.

    Of those that are `new` it is not known yet what they carry and how fast.

    A link that has sent nothing since the last look (`sent_before`: packets by transport) still has the
    losses and delays of what it sent before: those count no more.
    """
    links = [one for one in links if one.was_up]
    flowing = [one for one in links if _flows(one, sent_before)]
    settled = [one for one in links if one.transport.id not in new]
    known = [one for one in flowing if one.transport.id not in new]
    sources = [source for link in links for source in link.sources]
    return Figures(
        is_silent=any(one.is_silent for one in links),
        loss_sending=max((one.fraction_lost for one in sources), default=0.0),
        loss_receiving=max((one.figures["fraction_lost"] for one in flowing), default=0.0),
        is_limited=any(one.is_limited for one in known),
        withheld=sum(one.withheld for one in settled),
        delay_ms=max((_delay_ms(one) for one in known), default=0.0),
        rtt_ms=max(_rtt_ms(flowing), _rtt_ms(sources)),
        jitter_ms=max((source.jitter_ms for source in sources), default=0.0),
    )


def _flows(link: LinkFigures, sent_before: Mapping[str, int]) -> bool:
    transport = link.transport
    return bool(transport.consumers) and link.figures["packets_sent"] > sent_before.get(transport.id, 0)


def _rtt_ms(measured: Iterable[LinkFigures] | Iterable[SourceFigures]) -> float:
    """As it was measured by what is sent to them, or by what they send."""
    return max((float(one.figures.get("rtt_ms", 0.0)) for one in measured), default=0.0)


def _delay_ms(link: LinkFigures) -> float:
    """How long it takes to them and back, with what waits at the pacer."""
    return float(link.figures["rtt_ms"] + link.figures["waiting_ms"])
