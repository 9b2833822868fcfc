"""A peer: somebody who is in a room by signalling, and the media objects that are theirs alone.

Every face that speaks of transports, producers and consumers by their ids (Socket.IO now) calls this. Rights
are asked for at each call; ids that are not the caller's own do not exist for them.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from vtp.accounts.permissions import Action, require
from vtp.errors import Conflict, Invalid, NotFound
from vtp.http.identity import Principal, Role
from vtp.media.consumer import Consumer
from vtp.media.data_consumer import DataConsumer
from vtp.media.data_producer import DataProducer
from vtp.media.ortc import UnsupportedCodec
from vtp.media.parameters import (
    DtlsParameters,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
    SctpStreamParameters,
)
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom
from vtp.rooms.participants import APP_DATA_KEY, Participant
from vtp.rooms.program import Presenter
from vtp.rooms.store import Room
from vtp.signalling.sessions import owner_of

Direction = Literal["send", "recv"]
Owned = TypeVar("Owned")

MAX_TRANSPORTS = 8
MAX_PRODUCERS = 16
MAX_CONSUMERS = 256
_PRESENTERS = frozenset({Role.ADMIN, Role.TEACHER, Role.ASSISTANT})


class Peer:
    """Made when somebody joins, closed when they leave. All methods run on the event loop and return at once.

    Raises NotFound for ids that are not this peer's, Forbidden, Conflict for a call that comes too late, too
    early or too often, Invalid for parameters that cannot be.
    """

    def __init__(self, live: LiveRoom, room: Room, principal: Principal, participant: Participant) -> None:
        self.live = live
        self.room = room
        self.principal = principal
        self.participant = participant
        self.id = participant.participant_id
        self.closed = False
        self._directions: dict[str, Direction] = {}
        live.people.hold(participant)

    @property
    def transports(self) -> list[WebRtcTransport]:
        """Those of this peer that are open."""
        known = self.live.router.transports
        return [known[one] for one in self._directions if one in known]

    # Transports

    def create_transport(self, direction: Direction, *, enable_sctp: bool = False) -> WebRtcTransport:
        """A transport to send on or to receive with, for data too with `enable_sctp`.

        Raises Forbidden, Conflict when there are too many.
        """
        require(self.principal, Action.ROOM_PUBLISH if direction == "send" else Action.ROOM_WATCH, self.room)
        self._require_room_for(len(self.transports), MAX_TRANSPORTS, "transports")
        transport = self.live.router.create_transport(
            {APP_DATA_KEY: self.participant}, publishes=direction == "send", enable_sctp=enable_sctp
        )
        self._directions = {
            id_: kept for id_, kept in self._directions.items() if id_ in self.live.router.transports
        }
        self._directions[transport.id] = direction
        return transport

    def transport(self, transport_id: str | None, direction: Direction | None = None) -> WebRtcTransport:
        """The transport with this id, or without one the only one of that direction."""
        if transport_id is None:
            found = [one for one in self.transports if direction in (None, self._directions[one.id])]
            if len(found) == 1:
                return found[0]
            raise Conflict(
                f"You have {len(found)} transports for this; name one by transportId.",
                code="transport_not_named",
            )
        transport = (
            self.live.router.transports.get(transport_id) if transport_id in self._directions else None
        )
        if transport is None:
            raise NotFound("You have no such transport.", code="no_such_transport")
        if direction is not None and self._directions[transport_id] != direction:
            raise Conflict(f"This transport is not for that direction ({direction}).", code="wrong_direction")
        return transport

    def connect_transport(self, transport_id: str, parameters: DtlsParameters) -> WebRtcTransport:
        """Takes the client's DTLS parameters. Raises Conflict when it is connected already."""
        transport = self.transport(transport_id)
        try:
            transport.connect(parameters)
        except ValueError as error:
            raise Conflict(str(error), code="transport_connected") from error
        return transport

    def restart_ice(self, transport_id: str) -> IceParameters:
        """Fresh credentials, to be given to the client."""
        return self.transport(transport_id).restart_ice()

    # Producers

    def produce(
        self,
        transport_id: str | None,
        kind: Kind,
        parameters: RtpParameters,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> Producer:
        """Receives a source. What staff send is the room's program while nobody else presents."""
        require(self.principal, Action.ROOM_PUBLISH, self.room)
        transport = self.transport(transport_id, "send")
        self._require_room_for(len(self.producers), MAX_PRODUCERS, "producers")
        data = {**(app_data or {}), PARTICIPANT_ID: self.id}
        try:
            producer = transport.produce(kind, parameters, paused=paused, app_data=data)
        except UnsupportedCodec as error:
            raise Invalid(str(error), code="unsupported_codec") from error
        except ValueError as error:
            raise Invalid(str(error), code="faulty_parameters") from error
        self._present(transport)
        return producer

    def _present(self, transport: WebRtcTransport) -> None:
        """The first of a room's staff who sends presents; a room without accounts has only staff."""
        if self.live.program.presenter is None and self.principal.role in _PRESENTERS:
            self.live.program.present(
                Presenter(owner_of(self.principal), self.id, self.participant.full_name, transport)
            )

    @property
    def producers(self) -> dict[str, Producer]:
        """What this peer sends."""
        return {id_: one for transport in self.transports for id_, one in transport.producers.items()}

    def producer(self, producer_id: str) -> Producer:
        """One of this peer's own."""
        return _own(self.producers, producer_id, "producer")

    # Consumers

    def consume(
        self,
        transport_id: str | None,
        producer_id: str,
        capabilities: RtpCapabilities,
        *,
        paused: bool,
    ) -> Consumer:
        """Sends somebody's producer to this peer."""
        require(self.principal, Action.ROOM_WATCH, self.room)
        transport = self.transport(transport_id, "recv")
        self._require_room_for(len(self.consumers), MAX_CONSUMERS, "consumers")
        producer = self.live.router.producers.get(producer_id)
        if producer is None:
            raise NotFound("There is no such producer in this room.", code="no_such_producer")
        try:
            return transport.consume(producer, capabilities, paused=paused)
        except UnsupportedCodec as error:
            raise Invalid(str(error), code="unsupported_codec") from error
        except ValueError as error:
            raise Conflict(str(error), code="cannot_consume") from error

    @property
    def consumers(self) -> dict[str, Consumer]:
        """What this peer gets."""
        return {id_: one for transport in self.transports for id_, one in transport.consumers.items()}

    def consumer(self, consumer_id: str) -> Consumer:
        """One of this peer's own."""
        return _own(self.consumers, consumer_id, "consumer")

    # Data

    def produce_data(
        self,
        transport_id: str | None,
        parameters: SctpStreamParameters,
        label: str,
        protocol: str,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> DataProducer:
        """Receives messages on a stream of a transport with SCTP."""
        require(self.principal, Action.ROOM_PUBLISH, self.room)
        transport = self.transport(transport_id, "send")
        data = {**(app_data or {}), PARTICIPANT_ID: self.id}
        try:
            return transport.produce_data(parameters, label, protocol, paused=paused, app_data=data)
        except ValueError as error:
            raise Conflict(str(error), code="cannot_produce_data") from error

    def consume_data(self, transport_id: str | None, data_producer_id: str, *, paused: bool) -> DataConsumer:
        """Sends the messages of somebody's data producer to this peer."""
        require(self.principal, Action.ROOM_WATCH, self.room)
        transport = self.transport(transport_id, "recv")
        data_producer = self.live.router.data_producers.get(data_producer_id)
        if data_producer is None:
            raise NotFound("There is no such data producer in this room.", code="no_such_data_producer")
        try:
            return transport.consume_data(data_producer, paused=paused)
        except ValueError as error:
            raise Conflict(str(error), code="cannot_consume_data") from error

    def data_producer(self, data_producer_id: str) -> DataProducer:
        """One of this peer's own."""
        mine = {id_: one for transport in self.transports for id_, one in transport.data_producers.items()}
        return _own(mine, data_producer_id, "data_producer")

    def data_consumer(self, data_consumer_id: str) -> DataConsumer:
        """One of this peer's own."""
        mine = {id_: one for transport in self.transports for id_, one in transport.data_consumers.items()}
        return _own(mine, data_consumer_id, "data_consumer")

    # The end

    def close(self, reason: str = "It left the room.") -> None:
        """Closes all that is this peer's; then it is not in the room any more."""
        if self.closed:
            return
        self.closed = True
        for transport in self.transports:
            transport.close(reason)
        self.live.people.let_go(self.participant)

    def _require_room_for(self, count: int, most: int, what: str) -> None:
        if count >= most:
            raise Conflict(f"You have {count} {what} already; close one first.", code="too_many_objects")


def _own(objects: dict[str, Owned], object_id: str, what: str) -> Owned:
    found = objects.get(object_id)
    if found is None:
        raise NotFound(f"You have no such {what.replace('_', ' ')}.", code=f"no_such_{what}")
    return found
