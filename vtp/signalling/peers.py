"""A peer: somebody who is in a room by signalling, and the media objects that are theirs alone.

Every face that speaks of transports, producers and consumers by their ids (Socket.IO, `/sfu`) calls this.
Rights are asked for at each call; ids that are not the caller's own do not exist for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from vtp.accounts.permissions import Action, require
from vtp.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from vtp.http.identity import Principal, Role
from vtp.media.consumer import Consumer
from vtp.media.data_consumer import DataConsumer
from vtp.media.data_producer import DataProducer
from vtp.media.layers import Layers
from vtp.media.media_transport import MediaTransport
from vtp.media.ortc import UnsupportedCodec
from vtp.media.parameters import (
    DtlsParameters,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
    SctpStreamParameters,
)
from vtp.media.plain_ports import NoPortsError
from vtp.media.plain_transport import PlainOptions, PlainTransport
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.groups import Moved
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom
from vtp.rooms.participants import APP_DATA_KEY, Participant
from vtp.rooms.program import Presenter
from vtp.rooms.sources import SOURCE, action_for, read_source
from vtp.rooms.store import Room
from vtp.rooms.watch_only import WatchOnly
from vtp.signalling.sessions import owner_of

Direction = Literal["send", "recv"]
Owned = TypeVar("Owned")

MOVED = "moved"  # why a consumer was closed: one of the two is in another group now
MAX_TRANSPORTS = 8
MAX_PRODUCERS = 16
MAX_CONSUMERS = 256
_PRESENTERS = frozenset({Role.ADMIN, Role.TEACHER, Role.ASSISTANT})


class Peer:
    """Made when somebody joins, closed when they leave. All methods run on the event loop and return at once.

    Raises NotFound for ids that are not this peer's, Forbidden, Conflict for a call that comes too late, too
    early or too often, Invalid for parameters that cannot be.
    """

    def __init__(self, live: LiveRoom, participant: Participant) -> None:
        self.live = live
        self.participant = participant
        self.id = participant.participant_id
        self.closed = False
        self._directions: dict[str, Direction] = {}
        self._stop = live.groups.add_listener(self._groups_changed, first=True)
        live.people.hold(participant)

    @property
    def principal(self) -> Principal:
        """What rights are asked with: the role is the one that they have in this room now."""
        return self.participant.principal

    @property
    def room(self) -> Room:
        """The room as its settings are now."""
        return self.live.room

    @property
    def transports(self) -> list[MediaTransport]:
        """Those of this peer that are open."""
        known = self.live.router.transports
        return [known[one] for one in self._directions if one in known]

    @property
    def own_transports(self) -> list[tuple[MediaTransport, Direction]]:
        """Those of this peer that are open, and what each is for."""
        return [(one, self._directions[one.id]) for one in self.transports]

    # Transports

    def create_transport(self, direction: Direction, *, enable_sctp: bool = False) -> WebRtcTransport:
        """A transport to send on or to receive with, for data too with `enable_sctp`.

        Raises Forbidden, Conflict when there are too many.
        """
        self._check_transport(direction)
        transport = self.live.router.create_transport(
            {APP_DATA_KEY: self.participant}, publishes=direction == "send", enable_sctp=enable_sctp
        )
        self._add(transport, direction)
        return transport

    def create_plain_transport(self, direction: Direction, options: PlainOptions) -> PlainTransport:
        """A transport of plain RTP to send on or to receive with.

        Raises Forbidden, Conflict when there are too many, Unavailable when no port is left.
        """
        self._check_transport(direction)
        try:
            transport = self.live.router.create_plain_transport(
                options, {APP_DATA_KEY: self.participant}, publishes=direction == "send"
            )
        except NoPortsError as error:
            raise Unavailable(_sentence(error), code="no_plain_ports") from error
        self._add(transport, direction)
        return transport

    def _check_transport(self, direction: Direction) -> None:
        require(self.principal, Action.ROOM_PUBLISH if direction == "send" else Action.ROOM_WATCH, self.room)
        if direction == "recv" and self.live.part(WatchOnly).holds(self.participant):
            raise Forbidden(
                "This class is large: who only watches follows its live stream, as `state.stream` says.",
                code="watch_stream",
            )
        self._require_room_for(len(self.transports), MAX_TRANSPORTS, "transports")

    def _add(self, transport: MediaTransport, direction: Direction) -> None:
        self._directions = {
            id_: kept for id_, kept in self._directions.items() if id_ in self.live.router.transports
        }
        self._directions[transport.id] = direction

    def transport(self, transport_id: str | None, direction: Direction | None = None) -> MediaTransport:
        """The transport with this id, or without one the only one of that direction."""
        if transport_id is None:
            found = [one for one in self.transports if direction in (None, self._directions[one.id])]
            if len(found) == 1:
                return found[0]
            advice = "name one by transportId" if found else "make one first"
            many = len(found) or "no"
            raise Conflict(f"You have {many} transports for this; {advice}.", code="transport_not_named")
        transport = (
            self.live.router.transports.get(transport_id) if transport_id in self._directions else None
        )
        if transport is None:
            raise NotFound("You have no such transport.", code="no_such_transport")
        if direction is not None and self._directions[transport_id] != direction:
            raise Conflict(
                f"This transport is not made for that; name one with direction {direction}.",
                code="wrong_direction",
            )
        return transport

    def connect_transport(self, transport_id: str, parameters: DtlsParameters) -> WebRtcTransport:
        """Takes the client's DTLS parameters. Raises Conflict when it is connected already."""
        transport = self._webrtc(self.transport(transport_id))
        try:
            transport.connect(parameters)
        except ValueError as error:
            raise Conflict(_sentence(error), code="transport_connected") from error
        return transport

    def close_transport(self, transport_id: str, reason: str = "Its owner closed it.") -> None:
        """Closes a transport with all that is on it."""
        self.transport(transport_id).close(reason)

    def restart_ice(self, transport_id: str) -> IceParameters:
        """Fresh credentials, to be given to the client."""
        return self._webrtc(self.transport(transport_id)).restart_ice()

    def plain_transport(self, transport_id: str) -> PlainTransport:
        """The transport of plain RTP with this id."""
        transport = self.transport(transport_id)
        if not isinstance(transport, PlainTransport):
            raise Conflict("This is no transport of plain RTP.", code="wrong_transport")
        return transport

    def _webrtc(self, transport: MediaTransport) -> WebRtcTransport:
        if not isinstance(transport, WebRtcTransport):
            raise Conflict(
                "This is a transport of plain RTP: it has no ICE, DTLS and data channels.",
                code="wrong_transport",
            )
        return transport

    # Producers

    def check_sending(self, kinds: Sequence[Kind]) -> None:
        """Raises Forbidden, Conflict when it may not send a new source of each of these kinds."""
        sends_picture = any(one.kind == "video" for one in self.producers.values())
        for kind in kinds:
            source = read_source(kind, {}, sends_picture=sends_picture)
            require(self.principal, action_for(source), self.room)
        self._require_room_for(len(self.producers) + len(kinds) - 1, MAX_PRODUCERS, "producers")

    def produce(
        self,
        transport_id: str | None,
        kind: Kind,
        parameters: RtpParameters,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
        again: bool = False,
    ) -> Producer:
        """Receives a source. What staff send is the room's program while nobody else presents.

        `again`: the caller lost the answer to the same call, so what that one has made is given.
        """
        given = app_data or {}
        sends_picture = any(one.kind == "video" for one in self.producers.values())
        source = read_source(kind, given, sends_picture=sends_picture)
        require(self.principal, action_for(source), self.room)
        transport = self.transport(transport_id, "send")
        made = _made_already(transport, kind, parameters.mid) if again else None
        if made is not None:
            return made
        self._require_room_for(len(self.producers), MAX_PRODUCERS, "producers")
        data = {**given, PARTICIPANT_ID: self.id, SOURCE: source}
        try:
            producer = transport.produce(kind, parameters, paused=paused, app_data=data)
        except UnsupportedCodec as error:
            raise Invalid(_sentence(error), code="unsupported_codec") from error
        except ValueError as error:
            raise Invalid(_sentence(error), code="faulty_parameters") from error
        producer.is_screen = source == "screen"
        self._present(transport)
        return producer

    def _present(self, transport: MediaTransport) -> None:
        """The first of a room's staff who sends presents; a room without accounts has only staff."""
        program = self.live.program
        if program.claim is None and self.principal.role in _PRESENTERS:
            program.present(
                Presenter(owner_of(self.principal), self.id, self.participant.full_name, transport)
            )
        else:
            program.present_also(self.id, transport)

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
        if producer is None or not self._is_near(producer.app_data):
            raise NotFound("There is no such producer in this room.", code="no_such_producer")
        try:
            return transport.consume(producer, capabilities, paused=paused)
        except UnsupportedCodec as error:
            raise Invalid(_sentence(error), code="unsupported_codec") from error
        except ValueError as error:
            raise Conflict(_sentence(error), code="cannot_consume") from error

    @property
    def consumers(self) -> dict[str, Consumer]:
        """What this peer gets."""
        return {id_: one for transport in self.transports for id_, one in transport.consumers.items()}

    def consumer(self, consumer_id: str) -> Consumer:
        """One of this peer's own."""
        return _own(self.consumers, consumer_id, "consumer")

    def prefer_layers(self, consumer_id: str, spatial: int, temporal: int | None) -> Layers:
        """Takes an upper bound for what a consumer gets; answers what of it there is. Sound: Invalid."""
        try:
            return self.consumer(consumer_id).prefer_layers(spatial, temporal)
        except ValueError as error:
            raise Invalid(_sentence(error), code="no_layers") from error

    async def request_key_frame(self, consumer_id: str) -> None:
        """Asks the sender of a consumer for a key frame."""
        producer = self.consumer(consumer_id).producer
        if producer is not None:
            await producer.request_key_frame()

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
        transport = self._webrtc(self.transport(transport_id, "send"))
        data = {**(app_data or {}), PARTICIPANT_ID: self.id}
        try:
            return transport.produce_data(parameters, label, protocol, paused=paused, app_data=data)
        except ValueError as error:
            raise Conflict(_sentence(error), code="cannot_produce_data") from error

    def consume_data(self, transport_id: str | None, data_producer_id: str, *, paused: bool) -> DataConsumer:
        """Sends the messages of somebody's data producer to this peer."""
        require(self.principal, Action.ROOM_WATCH, self.room)
        transport = self._webrtc(self.transport(transport_id, "recv"))
        data_producer = self.live.router.data_producers.get(data_producer_id)
        if data_producer is None or not self._is_near(data_producer.app_data):
            raise NotFound("There is no such data producer in this room.", code="no_such_data_producer")
        try:
            return transport.consume_data(data_producer, paused=paused)
        except ValueError as error:
            raise Conflict(_sentence(error), code="cannot_consume_data") from error

    def data_producer(self, data_producer_id: str) -> DataProducer:
        """One of this peer's own."""
        mine = {id_: one for transport in self.transports for id_, one in transport.data_producers.items()}
        return _own(mine, data_producer_id, "data_producer")

    @property
    def data_consumers(self) -> dict[str, DataConsumer]:
        """The messages that this peer gets."""
        return {id_: one for transport in self.transports for id_, one in transport.data_consumers.items()}

    def data_consumer(self, data_consumer_id: str) -> DataConsumer:
        """One of this peer's own."""
        return _own(self.data_consumers, data_consumer_id, "data_consumer")

    # The end

    def close(self, reason: str = "It left the room.") -> None:
        """Closes all that is this peer's; then it is not in the room any more."""
        if self.closed:
            return
        self.closed = True
        self._stop()
        for transport in self.transports:
            transport.close(reason)
        self.live.people.let_go(self.participant)

    def _groups_changed(self, event: Moved) -> None:
        """Ends what this peer gets of those who are in another group now."""
        for consumer in list(self.consumers.values()):
            if not consumer.is_bound or consumer.producer is None:
                continue  # it follows the program, which is the main room's
            if not self._is_near(consumer.producer.app_data):
                consumer.close(MOVED)
        for data_consumer in list(self.data_consumers.values()):
            if not self._is_near(data_consumer.data_producer.app_data):
                data_consumer.close(MOVED)

    def _is_near(self, app_data: dict[str, Any]) -> bool:
        """Whether who sends it is in this peer's group."""
        return self.live.groups.are_together(self.id, str(app_data.get(PARTICIPANT_ID, "")))

    def _require_room_for(self, count: int, most: int, what: str) -> None:
        if count >= most:
            raise Conflict(f"You have {count} {what} already; close one first.", code="too_many_objects")


def _made_already(transport: MediaTransport, kind: Kind, mid: str | None) -> Producer | None:
    """The producer that an earlier call has made of the same media section."""
    if mid is None:
        return None
    same = (one for one in transport.producers.values() if one.kind == kind and one.rtp_parameters.mid == mid)
    return next(same, None)


def _own(objects: dict[str, Owned], object_id: str, what: str) -> Owned:
    found = objects.get(object_id)
    if found is None:
        raise NotFound(f"You have no such {what.replace('_', ' ')}.", code=f"no_such_{what}")
    return found


def _sentence(error: Exception) -> str:
    """What the media objects say, as an answer to people."""
    return f"{str(error).rstrip('.')}."
