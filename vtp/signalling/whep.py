"""WHEP (draft-ietf-wish-whep): a viewer's offer becomes a transport and consumers with fixed SSRCs.

They follow the room's program, whoever presents; with a chosen participant or producer they stay with it
and the session ends when all of it is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vtp.accounts.permissions import Action, require
from vtp.errors import Conflict
from vtp.http.identity import Principal
from vtp.media.consumer import Consumer
from vtp.media.parameters import Kind
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent
from vtp.media.sdp_offers import ViewerOffer
from vtp.media.sdp_ortc import WhepAnswer, whep_answer
from vtp.media.transport import TransportClosed, TransportEvent, WebRtcTransport
from vtp.rooms.live import LiveRoom, LiveRooms
from vtp.rooms.participants import APP_DATA_KEY, join
from vtp.signalling.directory import RoomDirectory
from vtp.signalling.sessions import Face, MediaSession, Sessions, owner_of
from vtp.signalling.whip import Accepted, connect


class NotThere(Conflict):
    """The chosen participant or producer is not there (yet); worth another try soon."""

    default_code = "nothing_published"


@dataclass(frozen=True)
class Choice:
    """What a viewer wants: the program, or one participant's or one producer's media."""

    participant_id: str = ""
    producer_id: str = ""

    @property
    def is_program(self) -> bool:
        return not (self.participant_id or self.producer_id)


class Whep:
    """Takes viewers in."""

    def __init__(self, live_rooms: LiveRooms, rooms: RoomDirectory, sessions: Sessions) -> None:
        self._live_rooms = live_rooms
        self._rooms = rooms
        self._sessions = sessions

    async def watch(
        self, principal: Principal, reference: str, choice: Choice, offer: ViewerOffer
    ) -> Accepted:
        """Sends what is chosen to who made `offer`, now or when it is published.

        Raises NotFound, Forbidden, NotThere, Unavailable, NotAcceptableMedia when nothing of the offer can be
        served, ValueError when the offer is faulty.
        """
        room = await self._rooms.find(reference)
        require(principal, Action.ROOM_WATCH, room)
        chosen = self._choose(str(room.room_id), choice)
        live = await self._live_rooms.open(str(room.room_id))
        transport = live.router.create_transport({APP_DATA_KEY: join(principal, is_producer=False)})
        try:
            answer = _answer(live, transport, offer, chosen)
            session = self._start(principal, live, transport, answer, chosen)
        except BaseException:
            transport.close("Its offer was refused.")
            raise
        return Accepted(session, answer.sdp)

    def _choose(self, room_id: str, choice: Choice) -> dict[Kind, Producer] | None:
        """The chosen producers by kind, None for the program. Raises NotThere."""
        if choice.is_program:
            return None
        live = self._live_rooms.get(room_id)
        found: list[Producer] = []
        if live is not None and choice.producer_id:
            producer = live.router.producers.get(choice.producer_id)
            found = [producer] if producer else []
        elif live is not None:
            found = live.producers_of(choice.participant_id)
        if not found:
            raise NotThere(
                "What you want to watch is not being published in this room now; try again shortly."
            )
        return {producer.kind: producer for producer in found}

    def _start(
        self,
        principal: Principal,
        live: LiveRoom,
        transport: WebRtcTransport,
        answer: WhepAnswer,
        chosen: Mapping[Kind, Producer] | None,
    ) -> MediaSession:
        first = answer.media[0]
        for media in answer.media:
            consumer = transport.consume_any(media.kind, media.rtp_parameters, form=media.line.form)
            if chosen is None:
                live.program.follow(consumer)
            else:
                _stay_with(transport, consumer, chosen.get(media.kind))
        connect(transport, answer.remote)
        session = MediaSession(
            Face.WHEP, live.id, owner_of(principal), transport, answer.remote.ufrag, first.mid, first.kind
        )
        self._sessions.add(session)
        return session


def _answer(
    live: LiveRoom,
    transport: WebRtcTransport,
    offer: ViewerOffer,
    chosen: Mapping[Kind, Producer] | None,
) -> WhepAnswer:
    return whep_answer(
        offer,
        live.router.rtp_capabilities,
        transport.ice_parameters,
        transport.dtls_parameters,
        transport.ice_candidates,
        allocate_ssrc=transport.allocate_ssrc,
        cname=transport.id,
        producers=None if chosen is None else {kind: p.consumable for kind, p in chosen.items()},
    )


def _stay_with(transport: WebRtcTransport, consumer: Consumer, producer: Producer | None) -> None:
    """Shows one producer; when it and the session's other ones are gone, so is the session."""
    if producer is None:
        return
    consumer.set_source(producer)

    def close_when_all_gone(event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed) and all(
            c.producer is None for c in transport.consumers.values()
        ):
            transport.close("What it showed is not published any more.")

    def forget(event: TransportEvent) -> None:
        if isinstance(event, TransportClosed):
            producer.remove_listener(close_when_all_gone)

    producer.add_listener(close_when_all_gone)
    transport.add_listener(forget)
