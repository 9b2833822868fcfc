"""The program of a room: what its presenter sends, and everybody who follows it.

At most one participant presents. Viewers' consumers and the recorder follow the program, not a producer:
when the presenter changes, the same consumers go on with the new producers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from vtp.errors import Conflict
from vtp.media.consumer import Consumer, ConsumerClosed, ConsumerEvent
from vtp.media.events import Emitter
from vtp.media.parameters import Kind
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent
from vtp.media.transport import ProducerMade, TransportClosed, TransportEvent, WebRtcTransport

logger = logging.getLogger(__name__)

RECORDABLE: dict[Kind, tuple[str, str]] = {"video": ("video/h264", "H.264"), "audio": ("audio/opus", "Opus")}


@dataclass(frozen=True)
class ProducerAdded:
    """The program has a new source of `producer.kind`."""

    producer: Producer


@dataclass(frozen=True)
class ProducerRemoved:
    """The program's source of `producer.kind` is gone; the producer may be closed already."""

    producer: Producer


ProgramEvent = ProducerAdded | ProducerRemoved


@dataclass(frozen=True)
class Presenter:
    """Who presents: `owner` names the principal for replacement, `transport` is where the media comes in."""

    owner: str
    participant_id: str
    full_name: str
    transport: WebRtcTransport


class Program:
    """Belongs to a LiveRoom. All methods run on the event loop and return at once."""

    def __init__(self) -> None:
        self.presenter: Presenter | None = None
        self.producers: dict[Kind, Producer] = {}
        self._followers: set[Consumer] = set()
        self._emitter: Emitter[ProgramEvent] = Emitter()

    @property
    def is_live(self) -> bool:
        """Whether anything is being presented."""
        return bool(self.producers)

    @property
    def unrecordable_reason(self) -> str | None:
        """Why what is presented now cannot be recorded, as a sentence for people; None when it can."""
        for kind, (mime_type, name) in RECORDABLE.items():
            producer = self.producers.get(kind)
            if producer is not None and producer.codec.lower() != mime_type:
                codec = producer.codec.partition("/")[2]
                return (
                    f"The presenter sends {codec} {kind}, which cannot be recorded yet: "
                    f"publish {name} to record this room."
                )
        return None

    def add_listener(self, listener: Callable[[ProgramEvent], None]) -> Callable[[], None]:
        """Hears when sources come and go; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def check_claim(self, owner: str) -> None:
        """Raises Conflict when somebody else than `owner` presents."""
        if self.presenter is not None and self.presenter.owner != owner:
            name = self.presenter.full_name or "Somebody else"
            raise Conflict(
                f"{name} is presenting in this room; it takes one presenter at a time.",
                code="already_presenting",
            )

    def present(self, presenter: Presenter) -> None:
        """Makes what comes in on `presenter.transport` the program, for as long as that transport lives.

        Replaces, and closes, what the same owner presented before. Raises Conflict for another owner.
        """
        self.check_claim(presenter.owner)
        old, self.presenter = self.presenter, presenter
        presenter.transport.add_listener(self._transport_changed)
        for producer in presenter.transport.producers.values():
            self._set(producer)
        if old is not None:
            old.transport.close("The same presenter published again.")

    def follow(self, consumer: Consumer) -> None:
        """Points `consumer` at the program's source of its kind from now on, until it is closed."""
        self._followers.add(consumer)
        consumer.add_listener(self._consumer_changed)
        consumer.set_source(self.producers.get(consumer.kind))

    def _set(self, producer: Producer) -> None:
        """Puts a producer on; the old one of that kind leaves first, so listeners never see two."""
        if producer.closed:
            return
        old = self.producers.pop(producer.kind, None)
        if old is not None:
            self._emitter.emit(ProducerRemoved(old))
        self.producers[producer.kind] = producer
        producer.add_listener(self._producer_changed)
        self._show(producer)
        self._emitter.emit(ProducerAdded(producer))

    def _show(self, producer: Producer) -> None:
        """Points all followers at it. One worker's want of memory is not another's: who can have it does."""
        without = 0
        for consumer in self._followers:
            if consumer.kind == producer.kind:
                try:
                    consumer.set_source(producer)
                except MemoryError:
                    without += 1
        if without:
            logger.error("There is no memory to show %d viewers the %s.", without, producer.kind)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed) and self.producers.get(event.producer.kind) is event.producer:
            del self.producers[event.producer.kind]
            self._emitter.emit(ProducerRemoved(event.producer))
            self._fall_back(event.producer.kind)

    def _fall_back(self, kind: Kind) -> None:
        """Shows what the presenter sends still, the newest of it: the camera after a shared screen."""
        if self.presenter is None or self.presenter.transport.closed:
            return
        sent = self.presenter.transport.producers.values()
        still = [one for one in sent if one.kind == kind and not one.closed]
        if still:
            self._set(still[-1])

    def _transport_changed(self, event: TransportEvent) -> None:
        if self.presenter is None:
            return
        if isinstance(event, TransportClosed) and event.transport is self.presenter.transport:
            self.presenter = None
        elif isinstance(event, ProducerMade) and event.producer.id in self.presenter.transport.producers:
            self._set(event.producer)

    def _consumer_changed(self, event: ConsumerEvent) -> None:
        if isinstance(event, ConsumerClosed):
            self._followers.discard(event.consumer)
