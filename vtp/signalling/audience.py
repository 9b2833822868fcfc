"""What happens in a room, pushed to those who are connected to it, in the order in which it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from vtp.media.consumer import (
    Consumer,
    ConsumerClosed,
    ConsumerEvent,
    ConsumerLayersChanged,
    ConsumerProducerPaused,
    ConsumerProducerResumed,
)
from vtp.media.data_consumer import DataConsumer, DataConsumerClosed, DataConsumerEvent
from vtp.media.data_producer import DataProducerClosed, DataProducerEvent
from vtp.media.media_transport import BandwidthChanged, TransportEvent
from vtp.media.producer import ProducerClosed, ProducerEvent, ProducerLayersWatched
from vtp.media.transport import WebRtcTransport
from vtp.rooms.groups import Moved
from vtp.rooms.live import (
    NOT_ALLOWED,
    PARTICIPANT_ID,
    LiveRoom,
    RecordingSwitched,
    RoomClosed,
    RoomEvent,
    RoomSettingsChanged,
    StreamSwitched,
)
from vtp.rooms.participants import Participant
from vtp.rooms.people import DataPublished, MediaPublished, PeopleEvent, PersonJoined, PersonLeft
from vtp.signalling.descriptions import (
    describe,
    describe_data_producer,
    describe_end,
    describe_producer,
    may,
)
from vtp.signalling.members import Member
from vtp.signalling.outbox import Outbox

CLOSED_BY_OWNER = "closed_by_owner"  # in a consumer's `app_data`: whose it is knows already


class Audience:
    """Those who are in one room by signalling."""

    def __init__(self, live: LiveRoom, outbox: Outbox) -> None:
        self.live = live
        self.slug = live.room.slug
        self._outbox = outbox
        self._members: dict[str, Member] = {}  # by participant
        self._stop = [
            live.people.add_listener(self._people_changed),
            live.groups.add_listener(self._groups_changed),
            live.add_listener(self._room_changed),
        ]
        for producer in live.router.producers.values():
            producer.add_listener(self._producer_changed)
        for data_producer in live.router.data_producers.values():
            data_producer.add_listener(self._data_producer_changed)

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: Member) -> None:
        """Tells somebody from now on."""
        self._members[member.participant_id] = member

    def remove(self, participant_id: str) -> None:
        """Tells them no more."""
        self._members.pop(participant_id, None)

    def dismiss(self) -> None:
        """Tells nobody any more."""
        self._members.clear()

    def attend(self, stop: Callable[[], None]) -> None:
        """Takes what stops somebody else's hearing of the room on behalf of this audience."""
        self._stop.append(stop)

    def close(self) -> None:
        """Hears of the room no more."""
        for stop in self._stop:
            stop()
        for producer in self.live.router.producers.values():  # of those who are here by other ways
            producer.remove_listener(self._producer_changed)
        for data_producer in self.live.router.data_producers.values():
            data_producer.remove_listener(self._data_producer_changed)

    def tell(
        self,
        event: str,
        data: Mapping[str, Any],
        *,
        but: str = "",
        among: Callable[[Participant], bool] | None = None,
    ) -> None:
        """Pushes to all but one participant, or to all `among` whom this holds for."""
        told = {"roomId": self.slug, **data}
        for participant_id, member in list(self._members.items()):
            if participant_id != but and (among is None or among(self._person(participant_id))):
                member.tell(self._outbox, event, told)

    def tell_near(self, event: str, data: Mapping[str, Any], sender: str, *, back: bool = False) -> None:
        """Pushes to all who are together with its sender, in a group or in none; `back`: to them too."""
        groups = self.live.groups
        self.tell(
            event,
            data,
            but="" if back else sender,
            among=lambda one: groups.are_together(one.participant_id, sender),
        )

    def tell_each(self, event: str, data: Callable[[Participant], Mapping[str, Any] | None]) -> None:
        """Pushes to everybody what is theirs to know; None: nothing."""
        for participant_id, member in list(self._members.items()):
            told = data(self._person(participant_id))
            if told is not None:
                member.tell(self._outbox, event, {"roomId": self.slug, **told})

    def tell_one(self, member: Member, event: str, data: Mapping[str, Any]) -> None:
        """Pushes to one participant, while they are here."""
        if self._members.get(member.participant_id) is member:
            member.tell(self._outbox, event, {"roomId": self.slug, **data})

    def tell_participant(
        self, participant_id: str, event: str, data: Mapping[str, Any], *, bulk: int = 0
    ) -> None:
        """Pushes to one participant, if they are here by signalling. `bulk`: bytes that are theirs alone."""
        member = self._members.get(participant_id)
        if member is not None:
            member.tell(self._outbox, event, {"roomId": self.slug, **data}, bulk=bulk)

    def _person(self, participant_id: str) -> Participant:
        return self.live.people.find(participant_id)

    def follow(self, member: Member, consumer: Consumer) -> None:
        """Tells somebody what becomes of a consumer of their own."""

        def changed(event: ConsumerEvent) -> None:
            producer_id = consumer.producer.id if consumer.producer is not None else ""
            told = {"consumerId": consumer.id, "producerId": producer_id}
            if isinstance(event, ConsumerProducerPaused):
                self.tell_one(member, "producer-paused", told)
            elif isinstance(event, ConsumerProducerResumed):
                self.tell_one(member, "producer-resumed", told)
            elif isinstance(event, ConsumerLayersChanged) and consumer.has_layers:
                spatial, temporal = event.layers or (None, None)
                self.tell_one(
                    member, "layers-changed", {**told, "spatialLayer": spatial, "temporalLayer": temporal}
                )
            elif isinstance(event, ConsumerClosed) and not consumer.app_data.get(CLOSED_BY_OWNER):
                self.tell_one(member, "consumer-closed", {**told, "reason": event.reason})

        consumer.add_listener(changed)

    def follow_transport(self, member: Member, transport: WebRtcTransport) -> None:
        """Tells somebody what the link of a transport of their own carries."""

        def changed(event: TransportEvent) -> None:
            if isinstance(event, BandwidthChanged):
                told = {"transportId": transport.id, "availableOutgoingBitrate": event.available_bps}
                self.tell_one(member, "bandwidth", told)

        transport.add_listener(changed)
        transport.follow_bandwidth()

    def follow_data(self, member: Member, consumer: DataConsumer) -> None:
        """Tells somebody of the end of a data consumer of their own that they did not close."""

        def changed(event: DataConsumerEvent) -> None:
            if isinstance(event, DataConsumerClosed) and not consumer.app_data.get(CLOSED_BY_OWNER):
                told = {"dataConsumerId": consumer.id, "dataProducerId": consumer.data_producer.id}
                self.tell_one(member, "data-consumer-closed", {**told, "reason": event.reason})

        consumer.add_listener(changed)

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, PersonJoined):
            data = {"room_id": self.slug, "participant": describe(event.participant)}
            self.tell("participant-joined", data, but=event.participant.participant_id)
        elif isinstance(event, PersonLeft):
            id_ = event.participant.participant_id
            data = {"room_id": self.slug, "participant_id": id_, "peerId": id_}
            self.tell("participant-left", data, but=id_)
        elif isinstance(event, MediaPublished):
            event.producer.add_listener(self._producer_changed)
            data = describe_producer(event.producer, event.participant.participant_id)
            self.tell_near("new-producer", data, event.participant.participant_id)
        elif isinstance(event, DataPublished):
            event.data_producer.add_listener(self._data_producer_changed)
            data = describe_data_producer(event.data_producer, event.participant.participant_id)
            self.tell_near("new-data-producer", data, event.participant.participant_id)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed):
            owner = str(event.producer.app_data.get(PARTICIPANT_ID, ""))
            told = {"producerId": event.producer.id, "peerId": owner}
            self._tell_end("producer-closed", told, owner, event.reason)
        elif isinstance(event, ProducerLayersWatched):
            owner = str(event.producer.app_data.get(PARTICIPANT_ID, ""))
            watched = {"producerId": event.producer.id, "spatialLayers": sorted(event.watched)}
            self.tell_participant(owner, "layers-watched", watched)

    def _data_producer_changed(self, event: DataProducerEvent) -> None:
        if isinstance(event, DataProducerClosed):
            owner = str(event.data_producer.app_data.get(PARTICIPANT_ID, ""))
            told = {"dataProducerId": event.data_producer.id, "peerId": owner}
            self._tell_end("data-producer-closed", told, owner, event.reason)

    def _tell_end(self, name: str, told: Mapping[str, Any], owner: str, reason: str) -> None:
        """Who may not send it any more is told, too, and all are told why."""
        if reason == NOT_ALLOWED:
            self.tell_near(name, {**told, "reason": reason}, owner, back=True)
        else:
            self.tell_near(name, told, owner)

    def _groups_changed(self, event: Moved) -> None:
        """Announces what those who are together from now on send to each other."""
        for sender, announcements in _announcements(self.live).items():
            for participant_id in list(self._members):
                if event.joins(sender, participant_id):
                    for name, data in announcements:
                        self.tell_participant(participant_id, name, data)

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomSettingsChanged):
            room = self.live.room
            rules = room.rules.model_dump()
            self.tell_each(
                "settings-changed",
                lambda one: {"name": room.name, "settings": rules, "may": may(one.principal, room)},
            )
        elif isinstance(event, RecordingSwitched):
            self.tell("recording-started" if self.live.recording else "recording-stopped", {})
        elif isinstance(event, StreamSwitched):
            self.tell("stream-started" if self.live.streamed else "stream-stopped", {})
        elif isinstance(event, RoomClosed):
            self.tell("room-closed", describe_end(self.live.room, event.reason))
            self.dismiss()


def _announcements(live: LiveRoom) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
    """What everybody sends now, by participant: the pushes that announce it."""
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for producer in live.router.producers.values():
        owner = str(producer.app_data.get(PARTICIPANT_ID, ""))
        found[owner].append(("new-producer", describe_producer(producer, owner)))
    for data_producer in live.router.data_producers.values():
        owner = str(data_producer.app_data.get(PARTICIPANT_ID, ""))
        found[owner].append(("new-data-producer", describe_data_producer(data_producer, owner)))
    return found
