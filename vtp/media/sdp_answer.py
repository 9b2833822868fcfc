"""What WHIP and WHEP answers have in common: which lines live, whose transport it is, our side of it.

RFC 9725 section 4.4 and RFC 9143: one bundled transport, RTCP multiplexed on it, all our candidates at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from vtp.media.parameters import DtlsFingerprint, DtlsParameters, IceCandidate, IceParameters
from vtp.media.sdp import (
    Candidate,
    Direction,
    Fingerprint,
    Group,
    MediaDescription,
    SessionDescription,
    TransportAttributes,
)

Accepted = TypeVar("Accepted")
"""What was agreed on an accepted line."""

_DTLS_PROTOCOLS = frozenset(
    (
        "UDP/TLS/RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "TCP/TLS/RTP/SAVPF",
        "TCP/TLS/RTP/SAVP",
        "RTP/SAVPF",
        "RTP/SAVP",
    )
)
"""RTP over DTLS-SRTP (RFC 5764), and the names that old senders use for it (JSEP, RFC 8829 section 5.1.2)."""
MAX_FINGERPRINTS = 16
_HASHES = frozenset(("sha-1", "sha-224", "sha-256", "sha-384", "sha-512"))


class NotAcceptableMedia(ValueError):  # noqa: N818 - named by what happened
    """The offer is well formed, but holds nothing we can take. The text is a sentence (HTTP 406)."""


class LineRefused(Exception):  # noqa: N818 - named by what happened
    """Why one media line is rejected; the text completes "Media line 2 …"."""


@dataclass(frozen=True, slots=True)
class RemoteTransport:
    """The other side of the one transport of an offer."""

    ufrag: str
    password: str
    fingerprints: list[DtlsFingerprint]
    dtls_role: Literal["server", "client"]
    """OUR role: server to `actpass` and `active`, client to `passive` (RFC 8842)."""


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our side of it."""

    ice: IceParameters
    dtls: DtlsParameters
    candidates: Sequence[IceCandidate]
    session_id: int


@dataclass(frozen=True, slots=True)
class Line(Generic[Accepted]):
    """One line of the offer with what was agreed on it; `accepted` None means rejected."""

    index: int
    media: MediaDescription
    accepted: Accepted | None


@dataclass(frozen=True, slots=True)
class Plan(Generic[Accepted]):
    """All lines of an offer in order, and the group that those accepted are bundled in."""

    lines: list[Line[Accepted]]
    bundle: Group | None

    @property
    def live(self) -> list[tuple[MediaDescription, Accepted]]:
        return [(line.media, line.accepted) for line in self.lines if line.accepted is not None]


def effective_direction(offer: SessionDescription, media: MediaDescription) -> Direction:
    """A line's direction, the session's where it has none, else sendrecv (RFC 8866 section 6.7)."""
    return media.direction or offer.direction or Direction.SENDRECV


def plan_lines(
    offer: SessionDescription, negotiate: Callable[[int, MediaDescription], Accepted]
) -> Plan[Accepted]:
    """Try every line with `negotiate`, which raises LineRefused; at most one line of a kind is accepted.

    Raises NotAcceptableMedia when no line is left, or when several are but the offer bundles none of them:
    there is one transport.
    """
    _refuse_repeated_mids(offer)
    bundle = offer.bundle()
    grouped = frozenset(bundle.mids if bundle is not None else ()) & {media.mid for media in offer.media}
    lines: list[Line[Accepted]] = []
    refusals: list[str] = []
    taken: set[str] = set()
    for index, media in enumerate(offer.media):
        try:
            _check_line(media, taken, outside_bundle=bool(grouped) and media.mid not in grouped)
            lines.append(Line(index, media, negotiate(index, media)))
            taken.add(media.kind)
        except LineRefused as refusal:
            refusals.append(f"media line {index} {refusal}")
            lines.append(Line(index, media, None))
    if not taken:
        reasons = "; ".join(refusals[:8]) or "it has no media lines"
        raise NotAcceptableMedia(f"Nothing in this offer can be taken: {reasons}")
    if len(taken) > 1 and not grouped:
        raise NotAcceptableMedia(
            "The offer must bundle its media lines (a=group:BUNDLE): there is one transport"
        )
    return Plan(lines, bundle if grouped else None)


def _refuse_repeated_mids(offer: SessionDescription) -> None:
    """RFC 5888 section 4: packets and answers name a line by its mid."""
    mids = [media.mid for media in offer.media if media.mid is not None]
    if len(set(mids)) < len(mids):
        raise ValueError("Two media lines of the offer have the same a=mid; each needs its own")


def _check_line(media: MediaDescription, taken: set[str], *, outside_bundle: bool) -> None:
    if media.is_rejected:
        raise LineRefused("is disabled by the offer (port 0)")
    if media.kind not in ("audio", "video"):
        raise LineRefused(f"carries {media.kind}, only audio and video are taken here")
    if media.protocol.upper() not in _DTLS_PROTOCOLS:
        raise LineRefused(f"uses {media.protocol} instead of DTLS-SRTP (UDP/TLS/RTP/SAVPF)")
    if media.kind in taken:
        raise LineRefused(f"is a second line of {media.kind}, one is taken")
    if outside_bundle:
        raise LineRefused("is outside the BUNDLE group, there is one transport")
    if not media.rtcp_mux and not media.rtcp_mux_only:
        raise LineRefused("does not multiplex RTCP (a=rtcp-mux)")


def remote_transport(session: TransportAttributes, media: TransportAttributes) -> RemoteTransport:
    """Credentials, fingerprints and roles from the offer's session level and its bundle's tagged line.

    Raises NotAcceptableMedia for a lite peer (nobody would check) and ValueError for missing attributes.
    """
    merged = _merged(session, media)
    if merged.ice_lite:
        raise NotAcceptableMedia("The offer is ICE-lite and so is this server: one side must send ICE checks")
    if merged.ice_ufrag is None or merged.ice_pwd is None:
        raise ValueError("The offer lacks ICE credentials (a=ice-ufrag and a=ice-pwd)")
    fingerprints = [
        DtlsFingerprint.model_validate({"algorithm": fingerprint.algorithm, "value": fingerprint.value})
        for fingerprint in merged.fingerprints
        if fingerprint.algorithm in _HASHES
    ][:MAX_FINGERPRINTS]
    if not fingerprints:
        raise ValueError("The offer lacks a certificate fingerprint that we can read (a=fingerprint)")
    return RemoteTransport(merged.ice_ufrag, merged.ice_pwd, fingerprints, _dtls_role(merged.setup))


def tagged_line(plan: Plan[Accepted]) -> int:
    """Index of the accepted line that stands for the bundle (RFC 9143 section 7.3)."""
    live = [line for line in plan.lines if line.accepted is not None]
    order = plan.bundle.mids if plan.bundle is not None else ()
    return next((line for mid in order for line in live if line.media.mid == mid), live[0]).index


def _merged(session: TransportAttributes, media: TransportAttributes) -> TransportAttributes:
    """Attributes of a line, the session's where it has none."""
    return TransportAttributes(
        ice_ufrag=media.ice_ufrag or session.ice_ufrag,
        ice_pwd=media.ice_pwd or session.ice_pwd,
        ice_lite=media.ice_lite or session.ice_lite,
        setup=media.setup or session.setup,
        fingerprints=media.fingerprints or session.fingerprints,
    )


def _dtls_role(setup: str | None) -> Literal["server", "client"]:
    match setup:
        case None | "actpass" | "active":
            return "server"
        case "passive":
            return "client"
        case _:
            raise ValueError(f"The offer's a=setup:{setup} is not actpass, active or passive")


def build_answer(
    offer: SessionDescription,
    plan: Plan[Accepted],
    local: LocalTransport,
    remote: RemoteTransport,
    write_line: Callable[[MediaDescription, Accepted], MediaDescription],
) -> SessionDescription:
    """The answer: lines in the offer's order, ours on those accepted, port 0 on the others."""
    answer = answer_session(offer, plan, local.session_id)
    transport = our_transport(local, remote)
    port, connection = default_destination(local)
    for line in plan.lines:
        if line.accepted is None:
            answer.media.append(rejected(line.media))
            continue
        ours = multiplexed(write_line(line.media, line.accepted), line.media)
        # Our transport on every accepted line: some clients read it from the first, some from the last.
        ours.transport, ours.port, ours.connection = transport, port, connection
        answer.media.append(ours)
    return answer


def answer_session(offer: SessionDescription, plan: Plan[Accepted], session_id: int) -> SessionDescription:
    """The answer's session level, without lines."""
    answer = SessionDescription(session_id=session_id, session_version=1)
    answer.transport.ice_lite = True
    answer.extmap_allow_mixed = offer.extmap_allow_mixed
    live_mids = {media.mid for media, _ in plan.live}
    if plan.bundle is not None:
        mids = tuple(mid for mid in plan.bundle.mids if mid in live_mids)
        answer.groups.append(Group(plan.bundle.semantics, mids))
    return answer


def rejected(media: MediaDescription) -> MediaDescription:
    """RFC 3264 section 6: port 0, the formats kept because a line needs some."""
    return MediaDescription(
        media.kind, 0, media.protocol, list(media.formats), mid=media.mid, direction=Direction.INACTIVE
    )


def multiplexed(answer: MediaDescription, offered: MediaDescription) -> MediaDescription:
    """Marks an accepted line: RTCP comes on the same transport, and in the forms that were offered."""
    answer.rtcp_mux = True
    answer.rtcp_rsize = offered.rtcp_rsize
    answer.extmap_allow_mixed = offered.extmap_allow_mixed
    return answer


def our_transport(local: LocalTransport, remote: RemoteTransport) -> TransportAttributes:
    """Our side as an accepted line carries it."""
    return TransportAttributes(
        ice_ufrag=local.ice.username_fragment,
        ice_pwd=local.ice.password,
        setup="passive" if remote.dtls_role == "server" else "active",
        fingerprints=[Fingerprint(f.algorithm, f.value.upper()) for f in local.dtls.fingerprints],
        candidates=[sdp_candidate(candidate) for candidate in local.candidates],
        end_of_candidates=True,
    )


def default_destination(local: LocalTransport) -> tuple[int, str]:
    """Port and connection line of the first UDP candidate; where there is none, the discard port."""
    default = next((c for c in local.candidates if c.protocol == "udp"), None)
    if default is None:
        return 9, "IN IP4 0.0.0.0"
    return default.port, f"IN IP{6 if ':' in default.address else 4} {default.address}"


def sdp_candidate(candidate: IceCandidate) -> Candidate:
    """A candidate of ours as SDP writes it. Component 1: RTP and RTCP share it."""
    return Candidate(
        foundation=candidate.foundation,
        component=1,
        protocol=candidate.protocol,
        priority=candidate.priority,
        address=candidate.address,
        port=candidate.port,
        type=candidate.type,
        tcp_type=candidate.tcp_type,
    )
