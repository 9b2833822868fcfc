"""`/sfu` over HTTP, for server-side programs: the older media service's endpoints, and what it had not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from vtp.accounts.routes import origin_of
from vtp.http.routing import Access, Call, Handler, Limit, RouteTable
from vtp.http.shown_path import SERVICE_TOKEN
from vtp.signalling import sfu_schemas as s
from vtp.signalling.peers import Peer
from vtp.signalling.sfu_face import SfuFace
from vtp.signalling.sfu_stats import consumer_stats, producer_stats, transport_stats

MAX_BODY_BYTES = 262_144
ROOM = "/sfu/rooms/{room}"
Work = Callable[[Call], Any]
_ONLY_A_PATH = (s.SfuBody, s.MayNamePeer)  # older clients send nothing with these


def build_routes(face: SfuFace) -> RouteTable:
    """The routes of `/sfu`; mounted only where `sfu.enabled` says so."""
    table = RouteTable("sfu", "Rooms and media for server-side programs, by a service token.")
    service = _Declaring(table)
    _room_routes(service, face)
    _transport_routes(service, face)
    _plain_routes(service, face)
    _producer_routes(service, face)
    _consumer_routes(service, face)
    _data_routes(service, face)
    return table


class _Declaring:
    """Declares routes that have in common what all of a service's calls have."""

    def __init__(self, table: RouteTable) -> None:
        self.table = table

    def get(self, path: str, name: str, summary: str, reply: type[BaseModel], work: Work) -> None:
        self.table.get(path, reply=reply, **_common(summary))(_handler(name, work))

    def post(
        self,
        path: str,
        name: str,
        summary: str,
        reply: type[BaseModel],
        work: Work,
        body: type[s.SfuBody] = s.MayNamePeer,
    ) -> None:
        self.table.post(
            path,
            body=body,
            body_required=body not in _ONLY_A_PATH,
            max_body_bytes=MAX_BODY_BYTES,
            reply=reply,
            **_common(summary, conflict=True),
        )(_handler(name, work))


def _common(summary: str, *, conflict: bool = False) -> dict[str, Any]:
    return {
        "access": Access.SERVICE,
        "limit": Limit.SFU,
        "summary": summary,
        "errors": (404, 409, 503) if conflict else (404,),
    }


def _handler(name: str, work: Work) -> Handler:
    """A handler from what a call does; what carries a token in its path is kept by nobody on the way."""

    async def handle(call: Call) -> Any:
        if SERVICE_TOKEN in call.path:
            call.reply_headers |= {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        answer = work(call)
        return await answer if hasattr(answer, "__await__") else answer

    handle.__name__ = name
    return handle


def _room_routes(service: _Declaring, face: SfuFace) -> None:
    async def sfu_health(call: Call) -> s.Health | web.StreamResponse:
        found = face.health()
        if found.status == "ok":
            return found
        return web.Response(
            status=503,
            text=found.model_dump_json(by_alias=True),
            content_type="application/json",
            headers={"Cache-Control": "no-store", "Retry-After": "5"},
        )

    service.table.get(
        "/sfu/health", reply=s.Health, access=Access.PUBLIC, summary="Ask whether media flows", also=(503,)
    )(sfu_health)
    service.get(
        "/sfu/rooms",
        "list_sfu_rooms",
        "List the rooms that are open now",
        s.RoomList,
        lambda call: face.list_rooms(call.principal),
    )
    service.get(
        ROOM,
        "get_sfu_room",
        "See who is in a room and what they send",
        s.RoomReply,
        lambda call: face.room(call.principal, call.path["room"]),
    )
    service.post(
        f"{ROOM}/peers",
        "add_sfu_peer",
        "Bring a peer into a room, which is made when there is none",
        s.JoinReply,
        lambda call: face.join(call.principal, call.path["room"], call.body, origin_of(call)),
        s.JoinBody,
    )

    def leave(call: Call) -> s.Done:
        face.peers.leave(call.path["room"], call.path["peer"])
        return s.Done(id=call.path["peer"])

    service.post(
        f"{ROOM}/peers/{{peer}}/leave", "remove_sfu_peer", "End all that a peer has", s.Done, leave, s.SfuBody
    )


def _owned(face: SfuFace, do: Callable[[Peer, str, Any], Any]) -> Work:
    """Does something with one media object of a peer, which the path names."""

    async def work(call: Call) -> Any:
        id_ = call.path["id"]
        peer = face.peers.owner(call.path["room"], id_, getattr(call.body, "peer_id", None))
        answer = do(peer, id_, call.body)
        if hasattr(answer, "__await__"):
            answer = await answer
        return answer if isinstance(answer, BaseModel) else s.Done(id=id_)

    return work


def _transport_routes(service: _Declaring, face: SfuFace) -> None:
    one = f"{ROOM}/transports/{{id}}"
    service.post(
        f"{ROOM}/transports",
        "create_sfu_transport",
        "Make a transport",
        s.TransportReply,
        lambda call: face.create_transport(call.path["room"], call.body),
        s.TransportBody,
    )
    service.post(
        f"{one}/connect",
        "connect_sfu_transport",
        "Give the client's side of DTLS",
        s.Done,
        _owned(face, lambda peer, id_, body: _done(id_, peer.connect_transport(id_, body.dtls_parameters))),
        s.ConnectBody,
    )
    service.post(
        f"{one}/restart-ice",
        "restart_sfu_ice",
        "Restart ICE; the answer is for the client",
        s.IceReply,
        _owned(face, lambda peer, id_, body: face.restart_ice(peer, id_)),
    )
    service.post(
        f"{one}/close",
        "close_sfu_transport",
        "Close a transport and all that is on it",
        s.Done,
        _owned(face, lambda peer, id_, body: peer.close_transport(id_, "The service closed it.")),
    )
    service.get(
        f"{one}/stats",
        "get_sfu_transport_stats",
        "What goes over a transport",
        s.Stats,
        _owned(face, lambda peer, id_, body: s.Stats(transport_stats(peer.transport(id_)))),
    )


def _plain_routes(service: _Declaring, face: SfuFace) -> None:
    service.post(
        f"{ROOM}/plain-transports",
        "create_sfu_plain_transport",
        "Make a transport of plain RTP, for FFmpeg or GStreamer",
        s.PlainTransportReply,
        lambda call: face.create_plain_transport(call.path["room"], call.body),
        s.PlainTransportBody,
    )
    service.post(
        f"{ROOM}/plain-transports/{{id}}/connect",
        "connect_sfu_plain_transport",
        "Say where a peer of plain RTP is, and its key",
        s.PlainTransportReply,
        _owned(face, face.connect_plain_transport),
        s.ConnectPlainBody,
    )

    def describe(call: Call) -> web.StreamResponse:
        text = face.session_description(call.path["room"], call.path["peer"])
        headers = {"Cache-Control": "no-store"}  # there may be keys in it
        return web.Response(text=text, content_type="application/sdp", headers=headers)

    service.table.get(
        f"{ROOM}/peers/{{peer}}/sdp",
        access=Access.SERVICE,
        limit=Limit.SFU,
        reply_types=("application/sdp",),
        summary="Get the file that FFmpeg or GStreamer opens to play what plain transports are sent",
        errors=(404, 409),
    )(_handler("get_sfu_player_description", describe))


def _producer_routes(service: _Declaring, face: SfuFace) -> None:
    one = f"{ROOM}/producers/{{id}}"
    service.post(
        f"{ROOM}/producers",
        "create_sfu_producer",
        "Receive a source",
        s.ProducerReply,
        lambda call: face.produce(call.path["room"], call.body),
        s.ProduceBody,
    )
    for verb, summary in (
        ("pause", "Stop forwarding a producer"),
        ("resume", "Forward it again"),
        ("close", "End a producer"),
    ):
        service.post(
            f"{one}/{verb}", f"{verb}_sfu_producer", summary, s.Done, _owned(face, _to_producer(verb))
        )
    service.get(
        f"{one}/stats",
        "get_sfu_producer_stats",
        "What a producer gets",
        s.Stats,
        _owned(face, lambda peer, id_, body: s.Stats(producer_stats(peer.producer(id_)))),
    )


def _consumer_routes(service: _Declaring, face: SfuFace) -> None:
    one = f"{ROOM}/consumers/{{id}}"
    service.post(
        f"{ROOM}/consumers",
        "create_sfu_consumer",
        "Send somebody's producer to a peer",
        s.ConsumerReply,
        lambda call: face.consume(call.path["room"], call.body),
        s.ConsumeBody,
    )
    for verb, summary in (
        ("pause", "Stop sending to a peer"),
        ("resume", "Send again, video from the next key frame"),
        ("close", "End a consumer"),
    ):
        service.post(
            f"{one}/{verb}", f"{verb}_sfu_consumer", summary, s.Done, _owned(face, _to_consumer(verb))
        )
    service.post(
        f"{one}/layers",
        "set_sfu_layers",
        "Say which layers a peer wants at most",
        s.Done,
        _owned(
            face,
            lambda peer, id_, body: _done(
                id_, peer.prefer_layers(id_, body.spatial_layer, body.temporal_layer)
            ),
        ),
        s.LayersBody,
    )
    service.post(
        f"{one}/keyframe",
        "request_sfu_keyframe",
        "Ask the sender for a key frame",
        s.Done,
        _owned(face, lambda peer, id_, body: peer.request_key_frame(id_)),
    )
    service.get(
        f"{one}/stats",
        "get_sfu_consumer_stats",
        "What a consumer sends",
        s.Stats,
        _owned(face, lambda peer, id_, body: s.Stats(consumer_stats(peer.consumer(id_)))),
    )


def _data_routes(service: _Declaring, face: SfuFace) -> None:
    service.post(
        f"{ROOM}/data-producers",
        "create_sfu_data_producer",
        "Receive messages",
        s.DataProducerReply,
        lambda call: face.produce_data(call.path["room"], call.body),
        s.ProduceDataBody,
    )
    service.post(
        f"{ROOM}/data-producers/{{id}}/close",
        "close_sfu_data_producer",
        "End a data producer",
        s.Done,
        _owned(face, lambda peer, id_, body: peer.data_producer(id_).close()),
    )
    service.post(
        f"{ROOM}/data-consumers",
        "create_sfu_data_consumer",
        "Send somebody's messages to a peer",
        s.DataConsumerReply,
        lambda call: face.consume_data(call.path["room"], call.body),
        s.ConsumeDataBody,
    )
    service.post(
        f"{ROOM}/data-consumers/{{id}}/resume",
        "resume_sfu_data_consumer",
        "Send the messages that come from now on",
        s.Done,
        _owned(face, lambda peer, id_, body: peer.data_consumer(id_).resume()),
    )
    service.post(
        f"{ROOM}/data-consumers/{{id}}/close",
        "close_sfu_data_consumer",
        "End a data consumer",
        s.Done,
        _owned(face, lambda peer, id_, body: peer.data_consumer(id_).close()),
    )


def _to_producer(verb: str) -> Callable[[Peer, str, Any], None]:
    def do(peer: Peer, id_: str, body: Any) -> None:
        producer = peer.producer(id_)
        {"pause": producer.pause, "resume": producer.resume, "close": producer.close}[verb]()

    return do


def _to_consumer(verb: str) -> Callable[[Peer, str, Any], None]:
    def do(peer: Peer, id_: str, body: Any) -> None:
        consumer = peer.consumer(id_)
        {"pause": consumer.pause, "resume": consumer.resume, "close": consumer.close}[verb]()

    return do


def _done(id_: str, result: object) -> s.Done:
    """The answer to a call whose own result says nothing more."""
    return s.Done(id=id_)
