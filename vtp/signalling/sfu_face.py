"""What each call of `/sfu` does, over the same `Peer` as Socket.IO's events; routes are `sfu_routes`'."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vtp.accounts.audit import Origin
from vtp.errors import Invalid
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.media.consumer import ConsumerClosed, ConsumerEvent
from vtp.media.data_consumer import DataConsumerClosed, DataConsumerEvent
from vtp.media.data_producer import DataProducerClosed, DataProducerEvent
from vtp.media.ice_servers import IceServers
from vtp.media.media_transport import TransportClosed, TransportEvent
from vtp.media.plain_transport import PlainOptions, PlainTransport
from vtp.media.plane import MediaPlane
from vtp.media.producer import ProducerClosed, ProducerEvent
from vtp.rooms.live import LiveRoom
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room
from vtp.signalling import sfu_schemas as s
from vtp.signalling.descriptions import (
    describe_consumer,
    describe_data_consumer,
    describe_peers,
    describe_transport,
)
from vtp.signalling.peers import Peer
from vtp.signalling.plain import PlainRtp, describe_plain, describe_session
from vtp.signalling.sfu_peers import SfuPeers, Wish

_CLOSED = (TransportClosed, ProducerClosed, ConsumerClosed, DataProducerClosed, DataConsumerClosed)


class SfuFace:
    """Every method raises VtpError, and has then changed nothing."""

    def __init__(
        self,
        peers: SfuPeers,
        rooms: RoomService,
        media: MediaPlane,
        ice_servers: IceServers,
        plain: PlainRtp,
    ) -> None:
        self.peers = peers
        self._plain = plain
        self._rooms = rooms
        self._media = media
        self._ice_servers = ice_servers

    # Rooms

    def health(self) -> s.Health:
        """Whether media flows."""
        alive, now = self._media.is_alive, datetime.now(UTC)
        if alive:
            return s.Health(status="ok", timestamp=now, worker="running")
        return s.Health(status="unavailable", timestamp=now, worker="stopped")

    async def list_rooms(self, service: Principal) -> s.RoomList:
        """The rooms that are open now."""
        found = await self._rooms.list_live(service)
        lines = [s.RoomLine(**_room(room, live)) for room, live in found]
        return s.RoomList(rooms=lines, total_rooms=len(lines), total_peers=sum(o.peer_count for o in lines))

    async def room(self, service: Principal, name: str) -> s.RoomReply:
        """A room, open now or not."""
        room = await self._rooms.get(service, name)
        live = self._rooms.live(room)
        return s.RoomReply(**_room(room, live), peers=self._describe(live) if live is not None else [])

    async def join(self, service: Principal, name: str, body: s.JoinBody, origin: Origin) -> s.JoinReply:
        """Brings a peer into a room."""
        wish = Wish(
            room_name=body.room_name or "",
            peer_id=body.peer_id or new_id(),
            user_id=body.user_id or "",
            email=body.email or "",
            full_name=body.full_name or "",
            role=body.role or "",
            is_producer=body.is_producer,
        )
        peer = await self.peers.join(service, name, wish, origin)
        return s.JoinReply(
            room_id=peer.room.slug,
            peer_id=peer.id,
            rtp_capabilities=peer.live.router.rtp_capabilities_json,
            peers=self._describe(peer.live, peer),
        )

    def _describe(self, live: LiveRoom, viewer: Peer | None = None) -> list[s.PeerReply]:
        """Everybody, to the service; all others, to one of its peers."""
        emails = self.peers.emails(live)
        others = describe_peers(live) if viewer is None else describe_peers(live, viewer.id, viewer=viewer.id)
        return [s.PeerReply.model_validate({**one, "email": emails.get(one["peerId"], "")}) for one in others]

    # Media

    def create_transport(self, room: str, body: s.TransportBody) -> s.TransportReply:
        """A transport to send on or to receive with."""
        peer = self.peers.peer(room, body.peer_id)
        made = peer.create_transport(body.direction, enable_sctp=body.enable_sctp)
        made.add_listener(self._owns(peer, made.id))
        servers = self._ice_servers.describe(made.id)
        about = {**describe_transport(made), "direction": body.direction, "iceServers": servers}
        return s.TransportReply.model_validate(about)

    def restart_ice(self, peer: Peer, transport_id: str) -> s.IceReply:
        """Fresh credentials of ours, and of the TURN servers."""
        ice = peer.restart_ice(transport_id).to_json()
        servers = self._ice_servers.describe(transport_id)
        return s.IceReply(transport_id=transport_id, ice_parameters=ice, ice_servers=servers)

    def create_plain_transport(self, room: str, body: s.PlainTransportBody) -> s.PlainTransportReply:
        """A transport of plain RTP, to send on or to receive with."""
        peer = self.peers.peer(room, body.peer_id)
        options = PlainOptions(
            rtcp_mux=body.rtcp_mux,
            comedia=body.comedia,
            srtp=body.srtp_crypto_suite if body.enable_srtp else None,
        )
        made = self._plain.create(peer, body.direction, options)
        made.add_listener(self._owns(peer, made.id))
        return self._plain_reply(peer, made)

    def connect_plain_transport(
        self, peer: Peer, id_: str, body: s.ConnectPlainBody
    ) -> s.PlainTransportReply:
        """Takes the address and the key of a peer of plain RTP."""
        transport, key = peer.plain_transport(id_), body.srtp_parameters
        given = (key.crypto_suite, key.key_base64) if key is not None else None
        self._plain.connect(transport, body.ip, body.port, body.rtcp_port, given)
        return self._plain_reply(peer, transport)

    def _plain_reply(self, peer: Peer, transport: PlainTransport) -> s.PlainTransportReply:
        direction = next(which for one, which in peer.own_transports if one is transport)
        return s.PlainTransportReply.model_validate({**describe_plain(transport), "direction": direction})

    def session_description(self, room: str, peer_id: str) -> str:
        """What a player opens for what a peer's plain transports are sent."""
        return describe_session(self.peers.peer(room, peer_id))

    def produce(self, room: str, body: s.ProduceBody) -> s.ProducerReply:
        """Receives a source."""
        peer = self.peers.peer(room, body.peer_id)
        made = peer.produce(
            body.transport_id,
            body.kind,
            body.rtp_parameters,
            paused=body.paused,
            app_data=body.app_data,
        )
        made.add_listener(self._owns(peer, made.id))
        return s.ProducerReply(
            id=made.id,
            producer_id=made.id,
            kind=made.kind,
            rtp_parameters=made.rtp_parameters.to_json(),
            paused=made.paused,
        )

    def consume(self, room: str, body: s.ConsumeBody) -> s.ConsumerReply:
        """Sends somebody's producer to a peer."""
        peer = self.peers.peer(room, body.peer_id)
        capabilities = body.rtp_capabilities
        if capabilities is None:
            if not isinstance(peer.transport(body.transport_id, "recv"), PlainTransport):
                raise Invalid("Name rtpCapabilities: what the client's device can receive.")
            capabilities = peer.live.router.rtp_capabilities
        made = peer.consume(body.transport_id, body.producer_id, capabilities, paused=body.paused)
        made.add_listener(self._owns(peer, made.id))
        return s.ConsumerReply.model_validate(describe_consumer(made, body.producer_id))

    def produce_data(self, room: str, body: s.ProduceDataBody) -> s.DataProducerReply:
        """Receives messages."""
        peer = self.peers.peer(room, body.peer_id)
        made = peer.produce_data(
            body.transport_id,
            body.sctp_stream_parameters,
            body.label,
            body.protocol,
            paused=body.paused,
            app_data=body.app_data,
        )
        made.add_listener(self._owns(peer, made.id))
        return s.DataProducerReply(id=made.id, data_producer_id=made.id)

    def consume_data(self, room: str, body: s.ConsumeDataBody) -> s.DataConsumerReply:
        """Sends the messages of somebody's data producer to a peer."""
        peer = self.peers.peer(room, body.peer_id)
        made = peer.consume_data(body.transport_id, body.data_producer_id, paused=body.paused)
        made.add_listener(self._owns(peer, made.id))
        return s.DataConsumerReply.model_validate(describe_data_consumer(made))

    def _owns(self, peer: Peer, object_id: str) -> Any:
        """Notes whose something is, and makes the listener that forgets it at its end."""
        self.peers.owned(peer, object_id)

        def changed(
            event: TransportEvent | ProducerEvent | ConsumerEvent | DataProducerEvent | DataConsumerEvent,
        ) -> None:
            if isinstance(event, _CLOSED):
                self.peers.disowned(peer, object_id)

        return changed


def _room(room: Room, live: LiveRoom | None) -> dict[str, Any]:
    return {
        "room_id": room.slug,
        "name": room.name,
        "peer_count": live.participant_count if live is not None else 0,
        "created_at": room.created_at,
    }
