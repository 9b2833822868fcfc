"""WHIP (RFC 9725): a publisher's offer becomes a transport, its producers, and the room's program."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.permissions import Action, require
from vtp.http.identity import Principal
from vtp.media.dtls import DtlsRole
from vtp.media.parameters import DtlsParameters
from vtp.media.sdp import SessionDescription
from vtp.media.sdp_ortc import RemoteTransport, WhipAnswer, whip_answer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.entrance import Entrance, require_entry
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom
from vtp.rooms.participants import APP_DATA_KEY, Participant, join
from vtp.rooms.program import Presenter
from vtp.rooms.sources import action_for, read_source
from vtp.signalling.directory import RoomDirectory
from vtp.signalling.sessions import Face, MediaSession, Sessions, owner_of

RECORDED_FIRST = ("H264", "VP9", "AV1")


@dataclass(frozen=True)
class Accepted:
    """An answered offer: the session made for it, the answer's SDP, and what its maker should be told."""

    session: MediaSession
    sdp: str
    notice: str | None = None


class Whip:
    """Takes publishers in."""

    def __init__(self, entrance: Entrance, rooms: RoomDirectory, sessions: Sessions) -> None:
        self._entrance = entrance
        self._rooms = rooms
        self._sessions = sessions

    async def publish(
        self, principal: Principal, address: str, reference: str, offer: SessionDescription
    ) -> Accepted:
        """Makes what `offer` sends the program of the room; `address` is where the caller is.

        Raises NotFound, Forbidden, Conflict while somebody else presents, Unavailable, NotAcceptableMedia
        when nothing of the offer can be taken, ValueError when the offer is faulty.
        """
        room = await self._rooms.find(reference)
        principal = await self._entrance.admit(principal, room)
        require(principal, Action.ROOM_PUBLISH, room)
        live = await self._entrance.open(room)
        principal = live.people.as_here(principal)
        require(principal, Action.ROOM_PUBLISH, live.room)
        participant = join(principal, is_producer=True, address=address, in_main_only=True)
        require_entry(live, participant)
        live.program.check_claim(owner_of(principal))
        transport = live.router.create_transport({APP_DATA_KEY: participant}, publishes=True)
        try:
            answer = _answer(live, transport, offer)
            for media in answer.media:
                source = read_source(media.kind, {}, sends_picture=False)
                require(principal, action_for(source), live.room)
            session = self._start(principal, participant, live, transport, answer)
        except BaseException:
            transport.close("Its offer was refused.")
            raise
        return Accepted(
            session, answer.sdp, live.program.unrecordable_reason if live.recording or live.streamed else None
        )

    def _start(
        self,
        principal: Principal,
        participant: Participant,
        live: LiveRoom,
        transport: WebRtcTransport,
        answer: WhipAnswer,
    ) -> MediaSession:
        first = answer.media[0]
        session = MediaSession(
            Face.WHIP, live.id, principal, transport, answer.remote.ufrag, first.mid, first.kind
        )
        for media in answer.media:
            transport.produce(
                media.kind, media.rtp_parameters, app_data={PARTICIPANT_ID: participant.participant_id}
            )
        connect(transport, answer.remote)
        owner = owner_of(principal)
        live.program.present(Presenter(owner, participant.participant_id, participant.full_name, transport))
        self._sessions.add(session)
        return session


def _answer(live: LiveRoom, transport: WebRtcTransport, offer: SessionDescription) -> WhipAnswer:
    return whip_answer(
        offer,
        live.router.rtp_capabilities,
        transport.ice_parameters,
        transport.dtls_parameters,
        transport.ice_candidates,
        RECORDED_FIRST,
    )


def connect(transport: WebRtcTransport, remote: RemoteTransport) -> None:
    """Starts the transport with the peer's side as its offer named it."""
    parameters = DtlsParameters(fingerprints=remote.fingerprints)
    transport.connect(parameters, role=DtlsRole(remote.dtls_role))
