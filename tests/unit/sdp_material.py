"""What the SDP and ORTC tests share: captured offers, our side of a transport, an SSRC allocator."""

import itertools
from collections.abc import Callable
from pathlib import Path

from vtp.media.ortc import generate_router_capabilities
from vtp.media.parameters import (
    DtlsFingerprint,
    DtlsParameters,
    IceCandidate,
    IceParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
)
from vtp.media.sdp import MediaDescription, SessionDescription
from vtp.media.sdp_offers import ViewerOffer
from vtp.media.sdp_ortc import WhepAnswer, WhipAnswer, whep_answer, whip_answer
from vtp.media.sdp_parse import parse_session

OFFERS = Path(__file__).parent / "sdp"
ICE = IceParameters(username_fragment="serverufrag", password="p" * 24, ice_lite=True)
DTLS = DtlsParameters(fingerprints=[DtlsFingerprint(algorithm="sha-256", value=":".join(["AB"] * 32))])
CANDIDATES = [
    IceCandidate(foundation="udp4", priority=1076302079, address="192.0.2.7", protocol="udp", port=40000),
    IceCandidate(foundation="udp6", priority=1076276479, address="2001:db8::7", protocol="udp", port=40000),
    IceCandidate(
        foundation="tcp",
        priority=1076276300,
        address="192.0.2.7",
        protocol="tcp",
        port=40000,
        tcp_type="passive",
    ),
]


def offer_names() -> list[str]:
    return sorted(path.stem for path in OFFERS.glob("*.sdp"))


def offer_text(name: str) -> str:
    return (OFFERS / f"{name}.sdp").read_bytes().decode()


def offer(name: str, *replacements: tuple[str, str]) -> SessionDescription:
    """A captured offer, with some of its text replaced; a replacement that finds nothing is a mistake."""
    text = offer_text(name)
    for old, new in replacements:
        assert old in text, f"{old!r} is not in {name}"
        text = text.replace(old, new)
    return parse_session(text)


def ssrcs(first: int = 1000) -> Callable[[], int]:
    """An allocator that counts up."""
    numbers = itertools.count(first)
    return lambda: next(numbers)


def publish(
    description: SessionDescription, prefer: tuple[str, ...] = (), capabilities: RtpCapabilities | None = None
) -> tuple[WhipAnswer, SessionDescription]:
    """Our answer to a publisher, and the same read back."""
    answer = whip_answer(
        description, capabilities or generate_router_capabilities(), ICE, DTLS, CANDIDATES, prefer
    )
    return answer, parse_session(answer.sdp)


def watch(
    viewer: ViewerOffer | SessionDescription, producers: dict[Kind, RtpParameters] | None = None
) -> tuple[WhepAnswer, SessionDescription]:
    """Our answer to a viewer, and the same read back."""
    answer = whep_answer(
        viewer if isinstance(viewer, ViewerOffer) else ViewerOffer.alone(viewer),
        generate_router_capabilities(),
        ICE,
        DTLS,
        CANDIDATES,
        allocate_ssrc=ssrcs(),
        cname="presenter",
        stream_id="program",
        producers=producers,
    )
    return answer, parse_session(answer.sdp)


def line(description: SessionDescription, kind: str) -> MediaDescription:
    """The first line of a kind."""
    return next(media for media in description.media if media.kind == kind)
