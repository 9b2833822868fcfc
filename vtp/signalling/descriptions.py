"""What clients are told of people and media objects, in mediasoup's words."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from vtp.http.identity import Principal
from vtp.media.consumer import Consumer
from vtp.media.data_consumer import DataConsumer
from vtp.media.data_producer import DataProducer
from vtp.media.media_transport import MediaTransport
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.live import PARTICIPANT_ID, SHUTTING_DOWN, LiveRoom
from vtp.rooms.participants import Participant, participant_of
from vtp.rooms.schemas import ParticipantReply, Rights
from vtp.rooms.sources import SOURCE, source_of
from vtp.rooms.store import Room

PEOPLE_KEPT = 2048
_OURS = frozenset((PARTICIPANT_ID, SOURCE))  # in `app_data`, and nobody else's business


def describe(participant: Participant) -> dict[str, Any]:
    """A participant as everybody in the room sees them. The same dictionary for all who are told: it is not
    to be changed.
    """
    return _shared(ParticipantReply.of(participant))


@functools.lru_cache(maxsize=PEOPLE_KEPT)
def _shared(reply: ParticipantReply) -> dict[str, Any]:
    return reply.model_dump(mode="json")


def may(principal: Principal, room: Room) -> dict[str, bool]:
    """What somebody may do in a room now."""
    return Rights.of(principal, room).model_dump()


def describe_end(room: Room, reason: str) -> dict[str, Any]:
    """That a room is over; who hears that the server ends may come back when it is there again."""
    ending = {"server_ends": True} if reason == SHUTTING_DOWN else {}
    return {"room_id": room.slug, "reason": reason, **ending}


def describe_producer(producer: Producer, participant_id: str) -> dict[str, Any]:
    """A producer as everybody in the room sees it; `appData` without what is ours."""
    data = {key: value for key, value in producer.app_data.items() if key not in _OURS}
    return {
        "producerId": producer.id,
        "peerId": participant_id,
        "kind": producer.kind,
        "source": source_of(producer),
        "paused": producer.paused,
        "appData": data,
    }


def describe_data_producer(data_producer: DataProducer, participant_id: str) -> dict[str, Any]:
    """A data producer as everybody in the room sees it."""
    data = {key: value for key, value in data_producer.app_data.items() if key not in _OURS}
    return {
        "dataProducerId": data_producer.id,
        "peerId": participant_id,
        "label": data_producer.label,
        "protocol": data_producer.protocol,
        "appData": data,
    }


def describe_peers(live: LiveRoom, but: str = "", *, viewer: str | None = None) -> list[dict[str, Any]]:
    """All but one in mediasoup's words, with what they send now; nobody is told an `email`: it is empty.

    `viewer`: for whose eyes; of those who are in another group nothing can be consumed, so they send nothing.
    """
    theirs: dict[str, list[MediaTransport]] = defaultdict(list)
    for transport in live.router.transports.values():
        owner = participant_of(transport)
        if owner is not None:
            theirs[owner.participant_id].append(transport)
    people = [one for one in live.people.participants if one.participant_id != but]
    return [
        _describe_peer(
            one,
            theirs[one.participant_id],
            near=viewer is None or live.groups.are_together(one.participant_id, viewer),
        )
        for one in people
    ]


def _describe_peer(
    participant: Participant, transports: list[MediaTransport], *, near: bool
) -> dict[str, Any]:
    id_ = participant.participant_id
    sending = transports if near else []
    producers = [describe_producer(made, id_) for one in sending for made in one.producers.values()]
    return {
        "peerId": id_,
        "userId": participant.user_id or participant.given_user_id or None,
        "email": "",
        "fullName": participant.full_name,
        "role": participant.role.value,
        "isProducer": participant.is_producer,
        "joinedAt": participant.joined_at.isoformat(),
        "producerCount": len(producers),
        "consumerCount": sum(len(one.consumers) for one in transports),
        "producers": producers,
        "dataProducers": [
            describe_data_producer(made, id_) for one in sending for made in one.data_producers.values()
        ],
    }


def describe_own(transports: Sequence[tuple[MediaTransport, str]]) -> dict[str, Any]:
    """All that is on somebody's own transports, each given with its direction."""
    return {
        "transports": [{"transportId": one.id, "direction": direction} for one, direction in transports],
        "producers": [
            _own_producer(made, one.id) for one, _ in transports for made in one.producers.values()
        ],
        "consumers": [
            _own_consumer(made, one.id) for one, _ in transports for made in one.consumers.values()
        ],
        "dataProducers": [
            {"dataProducerId": made.id, "transportId": one.id, "label": made.label}
            for one, _ in transports
            for made in one.data_producers.values()
        ],
        "dataConsumers": [
            {
                "dataConsumerId": made.id,
                "transportId": one.id,
                "dataProducerId": made.data_producer.id,
                "paused": made.paused,
            }
            for one, _ in transports
            for made in one.data_consumers.values()
        ],
    }


def _own_producer(producer: Producer, transport_id: str) -> dict[str, Any]:
    return {
        "producerId": producer.id,
        "transportId": transport_id,
        "kind": producer.kind,
        "source": source_of(producer),
        "paused": producer.paused,
        "spatialLayers": sorted(producer.watched_layers),
    }


def _own_consumer(consumer: Consumer, transport_id: str) -> dict[str, Any]:
    return {
        "consumerId": consumer.id,
        "transportId": transport_id,
        "producerId": consumer.producer.id if consumer.producer is not None else None,
        "kind": consumer.kind,
        "paused": consumer.paused,
        "producerPaused": consumer.producer_paused,
    }


def describe_transport(transport: WebRtcTransport) -> dict[str, Any]:
    """A transport as mediasoup-client takes it."""
    return {
        "id": transport.id,
        "transportId": transport.id,
        "iceParameters": transport.ice_parameters.to_json(),
        "iceCandidates": [candidate.to_json() for candidate in transport.ice_candidates],
        "dtlsParameters": transport.dtls_parameters.to_json(),
        **({"sctpParameters": transport.sctp_parameters.to_json()} if transport.sctp_parameters else {}),
    }


def describe_consumer(consumer: Consumer, producer_id: str) -> dict[str, Any]:
    """A consumer as mediasoup-client takes it."""
    producer = consumer.producer
    return {
        "id": consumer.id,
        "consumerId": consumer.id,
        "producerId": producer_id,
        "kind": consumer.kind,
        "rtpParameters": consumer.rtp_parameters.to_json(),
        "type": producer.type if producer is not None else "simple",
        "paused": consumer.paused,
        "producerPaused": consumer.producer_paused,
    }


def describe_data_consumer(made: DataConsumer) -> dict[str, Any]:
    """A data consumer as mediasoup-client takes it."""
    return {
        "id": made.id,
        "dataConsumerId": made.id,
        "dataProducerId": made.data_producer.id,
        "sctpStreamParameters": made.sctp_stream_parameters.to_json(),
        "label": made.label,
        "protocol": made.protocol,
        "paused": made.paused,
    }
