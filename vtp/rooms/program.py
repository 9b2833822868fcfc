"""The program of a room: what its presenter sends, and everybody who follows it.

At most one participant presents. Viewers' consumers and the recorder follow the program, not a producer:
when the presenter changes, the same consumers go on with the new producers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vtp.errors import Conflict
from vtp.media.consumer import Consumer, ConsumerClosed, ConsumerEvent
from vtp.media.events import Emitter
from vtp.media.media_transport import MediaTransport, ProducerMade, TransportClosed, TransportEvent
from vtp.media.parameters import Kind
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent
from vtp.rooms.groups import Groups, Moved

logger = logging.getLogger(__name__)

PRESENTED = "program"
RECORDABLE: dict[Kind, dict[str, str]] = {
    "video": {"video/h264": "H.264", "video/vp9": "VP9", "video/av1": "AV1"},
    "audio": {"audio/opus": "Opus"},
}
TRANSCODABLE = "video/vp8"


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
    """Who presents of their own accord: `owner` names the principal for replacement, `transport` is where
    the first media comes in.
    """

    owner: str
    participant_id: str
    full_name: str
    transport: MediaTransport


@dataclass(frozen=True, eq=False)
class Choice:
    """Whom staff have chosen to present, and what they send at any moment, the newest last."""

    participant_id: str
    sources: Callable[[], Iterable[Producer]]


@dataclass(frozen=True)
class PresenterChanged:
    """Somebody else presents from now on, or nobody; `waiting`: the chosen one, who sends nothing yet."""

    participant_id: str | None
    waiting: bool = False


class Program:
    """Belongs to a LiveRoom. All methods run on the event loop and return at once.

    It has two places: a claim, of who presents by sending, and a choice, which goes before it. A choice is
    on from the first thing that the chosen one sends to the last; then the claim is shown again. It is the
    main room's: while who presents is in another of `groups` it shows nothing.
    """

    def __init__(self, groups: Groups | None = None) -> None:
        self._groups = groups or Groups()
        self._groups.add_listener(self._groups_changed)
        self.claim: Presenter | None = None
        self.choice: Choice | None = None
        self._claimed: list[MediaTransport] = []
        self.producers: dict[Kind, Producer] = {}
        self.is_transcoded = False  # set by the recorder, which then takes TRANSCODABLE too
        self._choice_is_on = False
        self._told = PresenterChanged(None)
        self._followers: set[Consumer] = set()
        self._emitter: Emitter[ProgramEvent] = Emitter()
        self._presenter_emitter: Emitter[PresenterChanged] = Emitter()

    @property
    def presenter(self) -> Presenter | Choice | None:
        """Who presents now."""
        return self.choice if self._choice_is_on else self.claim

    @property
    def standing(self) -> PresenterChanged:
        """Who presents or is chosen to, as it was told last."""
        return self._told

    @property
    def is_live(self) -> bool:
        """Whether anything is being presented."""
        return bool(self.producers)

    @property
    def unrecordable_reason(self) -> str | None:
        """Why what is presented now cannot be recorded, as a sentence for people; None when it can."""
        for kind, producer in self.producers.items():
            if not self.is_recordable(producer):
                codec = producer.codec.partition("/")[2]
                *names, last = RECORDABLE[kind].values()
                wanted = f"{', '.join(names)} or {last}" if names else last
                return (
                    f"The presenter sends {codec} {kind}, which is not recorded: "
                    f"publish {wanted} to record this room."
                )
        return None

    def is_recordable(self, producer: Producer) -> bool:
        """Whether the recorder takes what it sends."""
        codec = producer.codec.lower()
        return codec in RECORDABLE[producer.kind] or (self.is_transcoded and codec == TRANSCODABLE)

    def add_listener(self, listener: Callable[[ProgramEvent], None]) -> Callable[[], None]:
        """Hears when sources come and go; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def add_presenter_listener(self, listener: Callable[[PresenterChanged], None]) -> Callable[[], None]:
        """Hears who presents; the returned function stops that."""
        return self._presenter_emitter.add_listener(listener)

    def check_claim(self, owner: str) -> None:
        """Raises Conflict when somebody else than `owner` has claimed the program."""
        if self.claim is not None and self.claim.owner != owner:
            name = self.claim.full_name or "Somebody else"
            raise Conflict(
                f"{name} is presenting in this room; it takes one presenter at a time.",
                code="already_presenting",
            )

    def present(self, presenter: Presenter) -> None:
        """Claims the program for what comes in on `presenter.transport`, for as long as that transport lives,
        or one that `present_also` named.

        It is shown unless somebody is chosen. Replaces, and closes, what the same owner presented before.
        Raises Conflict for another owner.
        """
        self.check_claim(presenter.owner)
        old, self._claimed = self._claimed, [presenter.transport]
        self.claim = presenter
        presenter.transport.add_listener(self._transport_changed)
        self._look()
        for transport in old:
            transport.close("The same presenter published again.")

    def present_also(self, participant_id: str, transport: MediaTransport) -> None:
        """Shows what comes in on another transport, too, if that participant has the claim: an encoder may
        need one for each stream. Of two sources of one kind that on the later transport is shown.
        """
        if self.claim is None or self.claim.participant_id != participant_id or transport in self._claimed:
            return
        self._claimed.append(transport)
        transport.add_listener(self._transport_changed)
        self._look()

    def choose(self, choice: Choice | None) -> None:
        """Shows what the chosen one sends, as soon as they send anything; until then who presented goes on.

        Nothing is closed. None: the claim is shown again.
        """
        self.choice, self._choice_is_on = choice, False
        self._look()

    def look_at(self, participant_id: str) -> None:
        """Somebody sends something new: shows it if they are chosen."""
        if self.choice is not None and self.choice.participant_id == participant_id:
            self._look()

    def forget(self, participant_id: str) -> None:
        """Somebody has left: they are not chosen any more."""
        if self.choice is not None and self.choice.participant_id == participant_id:
            self.choose(None)

    def follow(self, consumer: Consumer) -> None:
        """Points `consumer` at the program's source of its kind from now on, until it is closed."""
        self._followers.add(consumer)
        consumer.add_listener(self._consumer_changed)
        consumer.set_source(self.producers.get(consumer.kind))

    def _look(self) -> None:
        """Shows what should be shown now. What is not to be goes first, so listeners never see two."""
        wanted = self._wanted()
        if self._is_away:
            wanted = {}
        for kind, old in list(self.producers.items()):
            if wanted.get(kind) is not old:
                del self.producers[kind]
                old.remove_listener(self._producer_changed)
                old.focused_by.discard(PRESENTED)
                if kind not in wanted:
                    self._show(kind, None)
                self._emitter.emit(ProducerRemoved(old))
        for kind, new in wanted.items():
            if kind not in self.producers:
                self.producers[kind] = new
                new.add_listener(self._producer_changed)
                new.focused_by.add(PRESENTED)
                self._show(kind, new)
                self._emitter.emit(ProducerAdded(new))
        self._tell_presenter()

    def _wanted(self) -> dict[Kind, Producer]:
        """What should be shown, by kind. A choice ends with the last thing that was shown of it."""
        if self.choice is not None:
            theirs = _newest(self.choice.sources())
            if theirs:
                self._choice_is_on = True
                return theirs
            if self._choice_is_on:
                self.choice, self._choice_is_on = None, False
        return _newest(
            one for transport in self._claimed if not transport.closed for one in transport.producers.values()
        )

    @property
    def _is_away(self) -> bool:
        return self.presenter is not None and not self._groups.is_in_main(self.presenter.participant_id)

    def _groups_changed(self, event: Moved) -> None:
        if self.presenter is not None and self.presenter.participant_id in event.old:
            self._look()

    def _tell_presenter(self) -> None:
        if self.choice is not None:
            now = PresenterChanged(self.choice.participant_id, not self._choice_is_on)
        else:
            now = PresenterChanged(self.claim.participant_id if self.claim is not None else None)
        if now != self._told:
            self._told = now
            self._presenter_emitter.emit(now)

    def _show(self, kind: Kind, producer: Producer | None) -> None:
        """Points all followers at it. One worker's want of memory is not another's: who can have it does."""
        without = 0
        for consumer in self._followers:
            if consumer.kind == kind:
                try:
                    consumer.set_source(producer)
                except MemoryError:
                    without += 1
        if without:
            logger.error("There is no memory to show %d viewers the %s.", without, kind)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed):
            self._look()

    def _transport_changed(self, event: TransportEvent) -> None:
        if isinstance(event, TransportClosed) and event.transport in self._claimed:
            self._claimed.remove(event.transport)
            if not self._claimed:
                self.claim = None
            self._look()
        elif isinstance(event, ProducerMade) and any(
            event.producer.id in one.producers for one in self._claimed
        ):
            self._look()

    def _consumer_changed(self, event: ConsumerEvent) -> None:
        if isinstance(event, ConsumerClosed):
            self._followers.discard(event.consumer)


def _newest(producers: Iterable[Producer]) -> dict[Kind, Producer]:
    """The last open one of each kind: a shared screen before the camera, until it is closed."""
    return {one.kind: one for one in producers if not one.closed}
