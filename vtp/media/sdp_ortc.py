"""SDP to ORTC and back, for WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): what the routes call.

`whip_answer` turns a publisher's offer into the answer to send and into the RTP parameters that feed
producers; `whep_answer` turns a viewer's offer into the answer and into the consumers it promises. Both
are pure functions of their arguments: SSRCs, credentials and candidates come from the caller.
"""

from collections.abc import Callable, Mapping, Sequence

from vtp.media.parameters import (
    DtlsParameters,
    IceCandidate,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
)
from vtp.media.sdp import SessionDescription
from vtp.media.sdp_answer import LocalTransport, NotAcceptableMedia, RemoteTransport
from vtp.media.sdp_offers import ViewerOffer
from vtp.media.sdp_whep import Sender, WhepAnswer, WhepCodec, WhepLine, WhepMedia, answer_viewer
from vtp.media.sdp_whip import WhipAnswer, WhipMedia, answer_publisher

__all__ = [
    "NotAcceptableMedia",
    "RemoteTransport",
    "WhepAnswer",
    "WhepCodec",
    "WhepLine",
    "WhepMedia",
    "WhipAnswer",
    "WhipMedia",
    "whep_answer",
    "whip_answer",
]


def whip_answer(
    offer: SessionDescription,
    router_capabilities: RtpCapabilities,
    ice: IceParameters,
    dtls: DtlsParameters,
    candidates: Sequence[IceCandidate],
    prefer: Sequence[str] = (),
    *,
    session_id: int = 1,
) -> WhipAnswer:
    """Answer a publisher.

    `prefer` names codecs (`"H264"`) that stand first in the answer, in that order; without it the
    publisher's own order holds. The first sending audio and the first sending video line that we can take
    are accepted, every other line is rejected with port 0; the order of lines, payload types and extension
    ids are the offer's. `ice` and `dtls` are OUR credentials and fingerprints; all `candidates` go into the
    answer. Raises NotAcceptableMedia with a sentence when nothing can be taken or the peer is ICE-lite too,
    ValueError when the offer lacks what RFC 9725 demands (credentials, fingerprint).
    """
    local = LocalTransport(ice, dtls, candidates, session_id)
    return answer_publisher(offer, router_capabilities, local, prefer)


def whep_answer(
    offer: ViewerOffer,
    router_capabilities: RtpCapabilities,
    ice: IceParameters,
    dtls: DtlsParameters,
    candidates: Sequence[IceCandidate],
    *,
    allocate_ssrc: Callable[[], int],
    cname: str,
    stream_id: str = "vtp",
    producers: Mapping[Kind, RtpParameters] | None = None,
    session_id: int = 1,
) -> WhepAnswer:
    """Answer a viewer.

    The first receiving line of each kind is answered `sendonly` with every codec that both sides know, even
    while nothing is published, so that the program may change publisher and codec later. With `producers`
    (the consumable parameters by kind of the one peer or producer that is asked for) only its kinds are
    sent and only its codecs are named. `allocate_ssrc` is called once per line and once more for its RTX.
    Raises like `whip_answer`.
    """
    local = LocalTransport(ice, dtls, candidates, session_id)
    sender = Sender(allocate_ssrc, cname, stream_id)
    return answer_viewer(offer, router_capabilities, local, sender, producers)
