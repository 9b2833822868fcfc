"""The server as somebody's SDP peer over signalling: one offer is one transport of theirs, answered at once.

What an offer sends is published as WHIP does it, what it only receives shows the room's program as WHEP does;
rights, limits and the end are the peer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vtp.errors import Conflict, Invalid
from vtp.media.ortc import UnsupportedCodec
from vtp.media.producer import Producer
from vtp.media.sdp import SessionDescription
from vtp.media.sdp_answer import effective_direction
from vtp.media.sdp_offers import ViewerOffer
from vtp.media.sdp_ortc import NotAcceptableMedia, whep_answer, whip_answer
from vtp.media.sdp_parse import parse_session
from vtp.media.transport import WebRtcTransport
from vtp.signalling.peers import Peer
from vtp.signalling.whip import RECORDED_FIRST, connect

_ORIGIN = "sdp_origin"  # in a transport's `app_data`: whose offer it answers


@dataclass(frozen=True, slots=True)
class Answered:
    """Our answer, the transport it speaks of, and what the offer publishes."""

    sdp: str
    transport: WebRtcTransport
    producers: Sequence[Producer] = ()


def answer_offer(peer: Peer, text: str) -> Answered:
    """Makes a transport of an offer.

    Raises Invalid for an offer that is faulty or that nothing can be taken of, Forbidden for what the peer
    may not send or see, Conflict when it has too much already. Of a refused offer nothing is left.
    """
    try:
        offer = parse_session(text)
        origin = _origin(offer)
        if any(one.app_data.get(_ORIGIN) == origin for one in peer.transports):
            raise Conflict(
                "This connection has its answer: offer more from another one.",
                code="already_answered",
            )
        answered = _publish(peer, offer) if _sends(offer) else _watch(peer, offer)
        answered.transport.app_data[_ORIGIN] = origin
        return answered
    except (NotAcceptableMedia, UnsupportedCodec) as error:
        raise Invalid(f"{str(error).rstrip('.')}.", code="media_not_acceptable") from error
    except ValueError as error:
        raise Invalid(f"The offer is faulty: {str(error).rstrip('.')}.", code="faulty_offer") from error


def _origin(offer: SessionDescription) -> tuple[int, frozenset[str]]:
    """The same for all offers of one RTCPeerConnection: its session (RFC 8829, 5.2.1) and its certificate."""
    transports = [offer.transport, *(media.transport for media in offer.media)]
    return offer.session_id, frozenset(print_.value for one in transports for print_ in one.fingerprints)


def _sends(offer: SessionDescription) -> bool:
    live = [media for media in offer.media if media.kind in ("audio", "video") and not media.is_rejected]
    return any(effective_direction(offer, media).sends for media in live)


def _publish(peer: Peer, offer: SessionDescription) -> Answered:
    transport = peer.create_transport("send")
    try:
        answer = whip_answer(
            offer,
            peer.live.router.rtp_capabilities,
            transport.ice_parameters,
            transport.dtls_parameters,
            transport.ice_candidates,
            RECORDED_FIRST,
        )
        peer.check_sending([media.kind for media in answer.media])
        made = [peer.produce(transport.id, media.kind, media.rtp_parameters) for media in answer.media]
        connect(transport, answer.remote)
    except BaseException:
        transport.close("Its offer was refused.")
        raise
    return Answered(answer.sdp, transport, made)


def _watch(peer: Peer, offer: SessionDescription) -> Answered:
    transport = peer.create_transport("recv")
    try:
        answer = whep_answer(
            ViewerOffer.alone(offer),
            peer.live.router.rtp_capabilities,
            transport.ice_parameters,
            transport.dtls_parameters,
            transport.ice_candidates,
            allocate_ssrc=transport.allocate_ssrc,
            cname=transport.id,
        )
        for media in answer.media:
            consumer = transport.consume_any(media.kind, media.rtp_parameters, form=media.line.form)
            peer.live.program.follow(consumer)
        connect(transport, answer.remote)
    except BaseException:
        transport.close("Its offer was refused.")
        raise
    return Answered(answer.sdp, transport)
