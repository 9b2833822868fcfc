"""What happens in a room, pushed to those who are connected to it, in the order in which it happened."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from vtp.media.consumer import (
    Consumer,
    ConsumerClosed,
    ConsumerEvent,
    ConsumerProducerPaused,
    ConsumerProducerResumed,
)
from vtp.media.data_consumer import DataConsumer, DataConsumerClosed, DataConsumerEvent
from vtp.media.data_producer import DataProducer, DataProducerClosed, DataProducerEvent
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent
from vtp.media.transport import WebRtcTransport
from vtp.rooms.live import LiveRoom, RoomClosed, RoomEvent
from vtp.rooms.participants import Participant, participant_of
from vtp.rooms.people import DataPublished, MediaPublished, PeopleEvent, PersonJoined, PersonLeft
from vtp.rooms.schemas import ParticipantReply
from vtp.signalling.members import Member
from vtp.signalling.outbox import Outbox

CLOSED_BY_OWNER = "closed_by_owner"  # in a consumer's `app_data`: whose it is knows already


class Audience:
    """Those who are in one room by signalling."""

    def __init__(self, live: LiveRoom, slug: str, outbox: Outbox) -> None:
        self.live = live
        self.slug = slug
        self._outbox = outbox
        self._members: dict[str, Member] = {}  # by participant
        self._stop = [live.people.add_listener(self._people_changed), live.add_listener(self._room_changed)]
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

    def close(self) -> None:
        """Hears of the room no more."""
        for stop in self._stop:
            stop()

    def tell(self, event: str, data: dict[str, Any], but: str = "") -> None:
        """Pushes to all but one participant."""
        told = {"roomId": self.slug, **data}
        for participant_id, member in self._members.items():
            if participant_id != but:
                member.tell(self._outbox, event, told)

    def tell_one(self, member: Member, event: str, data: dict[str, Any]) -> None:
        """Pushes to one participant, while they are here."""
        if self._members.get(member.participant_id) is member:
            member.tell(self._outbox, event, {"roomId": self.slug, **data})

    def follow(self, member: Member, consumer: Consumer) -> None:
        """Tells somebody what becomes of a consumer of their own."""

        def changed(event: ConsumerEvent) -> None:
            producer_id = consumer.producer.id if consumer.producer is not None else ""
            told = {"consumerId": consumer.id, "producerId": producer_id}
            if isinstance(event, ConsumerProducerPaused):
                self.tell_one(member, "producer-paused", told)
            elif isinstance(event, ConsumerProducerResumed):
                self.tell_one(member, "producer-resumed", told)
            elif isinstance(event, ConsumerClosed) and not consumer.app_data.get(CLOSED_BY_OWNER):
                self.tell_one(member, "consumer-closed", {**told, "reason": event.reason})

        consumer.add_listener(changed)

    def follow_data(self, member: Member, consumer: DataConsumer) -> None:
        """Tells somebody of the end of a data consumer of their own that they did not close."""

        def changed(event: DataConsumerEvent) -> None:
            if isinstance(event, DataConsumerClosed) and not consumer.app_data.get(CLOSED_BY_OWNER):
                told = {"dataConsumerId": consumer.id, "dataProducerId": consumer.data_producer.id}
                self.tell_one(member, "data-consumer-closed", told)

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
            self.tell("new-producer", data, but=event.participant.participant_id)
        elif isinstance(event, DataPublished):
            event.data_producer.add_listener(self._data_producer_changed)
            data = describe_data_producer(event.data_producer, event.participant.participant_id)
            self.tell("new-data-producer", data, but=event.participant.participant_id)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed):
            owner = str(event.producer.app_data.get("participant_id", ""))
            self.tell("producer-closed", {"producerId": event.producer.id, "peerId": owner}, but=owner)

    def _data_producer_changed(self, event: DataProducerEvent) -> None:
        if isinstance(event, DataProducerClosed):
            owner = str(event.data_producer.app_data.get("participant_id", ""))
            told = {"dataProducerId": event.data_producer.id, "peerId": owner}
            self.tell("data-producer-closed", told, but=owner)

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self.tell("room-closed", {"room_id": self.slug, "reason": event.reason})
            self.dismiss()


def describe(participant: Participant) -> dict[str, Any]:
    """A participant as everybody in the room sees them."""
    return ParticipantReply.of(participant).model_dump(mode="json")


def describe_producer(producer: Producer, participant_id: str) -> dict[str, Any]:
    """A producer as everybody in the room sees it; `appData` without what is ours."""
    data = {key: value for key, value in producer.app_data.items() if key != "participant_id"}
    return {
        "producerId": producer.id,
        "peerId": participant_id,
        "kind": producer.kind,
        "paused": producer.paused,
        "appData": data,
    }


def describe_data_producer(data_producer: DataProducer, participant_id: str) -> dict[str, Any]:
    """A data producer as everybody in the room sees it."""
    data = {key: value for key, value in data_producer.app_data.items() if key != "participant_id"}
    return {
        "dataProducerId": data_producer.id,
        "peerId": participant_id,
        "label": data_producer.label,
        "protocol": data_producer.protocol,
        "appData": data,
    }


def describe_peers(live: LiveRoom, but: str = "") -> list[dict[str, Any]]:
    """All but one in mediasoup's words, with what they send now; nobody is told an `email`: it is empty."""
    theirs: dict[str, list[WebRtcTransport]] = defaultdict(list)
    for transport in live.router.transports.values():
        owner = participant_of(transport)
        if owner is not None:
            theirs[owner.participant_id].append(transport)
    people = [one for one in live.people.participants if one.participant_id != but]
    return [_describe_peer(one, theirs[one.participant_id]) for one in people]


def _describe_peer(participant: Participant, transports: list[WebRtcTransport]) -> dict[str, Any]:
    id_ = participant.participant_id
    producers = [describe_producer(made, id_) for one in transports for made in one.producers.values()]
    return {
        "peerId": id_,
        "userId": participant.user_id,
        "email": "",
        "fullName": participant.full_name,
        "role": participant.role.value,
        "isProducer": participant.is_producer,
        "joinedAt": participant.joined_at.isoformat(),
        "producerCount": len(producers),
        "consumerCount": sum(len(one.consumers) for one in transports),
        "producers": producers,
        "dataProducers": [
            describe_data_producer(made, id_) for one in transports for made in one.data_producers.values()
        ],
    }
