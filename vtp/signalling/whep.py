"""WHEP (draft-ietf-wish-whep): a viewer's offer becomes a transport and consumers with fixed SSRCs.

They follow the room's program, whoever presents; with a chosen participant or producer they stay with it
and the session ends when all of it is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from vtp.accounts.permissions import Action, require
from vtp.errors import Conflict, Forbidden
from vtp.http.identity import Principal
from vtp.media.consumer import Consumer
from vtp.media.media_transport import TransportClosed, TransportEvent
from vtp.media.parameters import Kind
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent
from vtp.media.sdp_offers import ViewerOffer
from vtp.media.sdp_ortc import WhepAnswer, whep_answer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.entrance import Entrance, require_entry
from vtp.rooms.groups import Moved
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom, LiveRooms
from vtp.rooms.participants import APP_DATA_KEY, join
from vtp.rooms.watch_only import WatchOnly
from vtp.signalling.directory import RoomDirectory
from vtp.signalling.sessions import Face, MediaSession, Sessions
from vtp.signalling.whip import Accepted, connect

logger = logging.getLogger(__name__)


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

    def __init__(
        self, live_rooms: LiveRooms, entrance: Entrance, rooms: RoomDirectory, sessions: Sessions
    ) -> None:
        self._live_rooms = live_rooms
        self._entrance = entrance
        self._rooms = rooms
        self._sessions = sessions

    async def watch(
        self, principal: Principal, address: str, reference: str, choice: Choice, offer: ViewerOffer
    ) -> Accepted:
        """Sends what is chosen to who made `offer` at `address`, now or when it is published.

        Raises NotFound, Forbidden, NotThere, Unavailable, NotAcceptableMedia when nothing of the offer can be
        served, ValueError when the offer is faulty.
        """
        room = await self._rooms.find(reference)
        principal = await self._entrance.admit(principal, room)
        require(principal, Action.ROOM_WATCH, room)
        self._choose(room.id, choice)  # opens no room for what is not there
        live = await self._entrance.open(room)
        principal = live.people.as_here(principal)
        participant = join(principal, is_producer=False, address=address, in_main_only=True)
        require_entry(live, participant)
        if live.part(WatchOnly).is_closed_to(participant):
            raise Forbidden(
                "This class is large: who only watches follows its live stream, "
                f"/live/{room.slug}/master.m3u8.",
                code="watch_stream",
            )
        chosen = self._choose(room.id, choice)  # as it is now: nothing waits from here on
        transport = live.router.create_transport({APP_DATA_KEY: participant})
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
        found = [one for one in found if live is not None and _is_in_main(live, one)]
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
        shown: list[tuple[Consumer, Producer]] = []
        for media in answer.media:
            consumer = transport.consume_any(media.kind, media.rtp_parameters, form=media.line.form)
            if chosen is None:
                live.program.follow(consumer)
            elif media.kind in chosen:
                consumer.set_source(chosen[media.kind])
                shown.append((consumer, chosen[media.kind]))
        if shown:
            _stay_with(live, transport, shown)
        connect(transport, answer.remote)
        session = MediaSession(
            Face.WHEP, live.id, principal, transport, answer.remote.ufrag, first.mid, first.kind
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


def _is_in_main(live: LiveRoom, producer: Producer) -> bool:
    return live.groups.is_in_main(str(producer.app_data.get(PARTICIPANT_ID, "")))


def _stay_with(live: LiveRoom, transport: WebRtcTransport, shown: list[tuple[Consumer, Producer]]) -> None:
    """Shows producers while their owner is in the main room; when all are gone, so is the session."""

    def show(event: Moved) -> None:
        for consumer, producer in shown:
            try:
                consumer.set_source(producer if _is_in_main(live, producer) else None)
            except MemoryError:
                logger.error("There is no memory to show a viewer the %s again.", producer.kind)

    def close_when_all_gone(event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed) and all(producer.closed for _, producer in shown):
            transport.close("What it showed is not published any more.")

    stops = [producer.add_listener(close_when_all_gone) for _, producer in shown]
    stops.append(live.groups.add_listener(show))

    def forget(event: TransportEvent) -> None:
        if isinstance(event, TransportClosed):
            for stop in stops:
                stop()

    transport.add_listener(forget)
