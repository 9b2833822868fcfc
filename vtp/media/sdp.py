"""Our model of a session description (RFC 8866), as much of it as WebRTC uses.

Only data: `sdp_parse.parse_session` reads text into it, `sdp_write.write_session` writes it back. Order is
kept everywhere, because SDP means something by it: of media lines, payload types, rids, candidates.
"""

import enum
from dataclasses import dataclass, field


class Direction(enum.StrEnum):
    """Which way media flows, from the view of who wrote the description (RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)


@dataclass(slots=True)
class RtpMap:
    """One payload type of a media line: `a=rtpmap` (or its static meaning, RFC 3551) and `a=fmtp`."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int | None = None
    """None for one channel and for video."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Of `a=fmtp`, names in lower case; a bare value such as telephone-event's `0-15` has an empty name."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One `a=rtcp-fb` line, RFC 4585 section 4.2. `payload_type` None means `*`."""

    payload_type: int | None
    type: str
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class ExtMap:
    """One `a=extmap` line, RFC 8285 section 5."""

    id: int
    uri: str
    direction: Direction | None = None
    attributes: str = ""


@dataclass(frozen=True, slots=True)
class RidLine:
    """One `a=rid` line, RFC 8851; `restrictions` in order, e.g. {"pt": "96,97", "max-width": "640"}."""

    rid: str
    direction: str
    restrictions: dict[str, str] = field(default_factory=dict)

    @property
    def payload_types(self) -> list[int]:
        """Payload types that this rid is limited to; empty means all."""
        return [
            int(text[:4])
            for text in self.restrictions.get("pt", "").split(",")
            if text.isascii() and text.isdecimal()
        ]


@dataclass(frozen=True, slots=True)
class SimulcastRid:
    """One alternative of a simulcast stream; `paused` is the leading tilde."""

    rid: str
    paused: bool = False


@dataclass(slots=True)
class Simulcast:
    """`a=simulcast`, RFC 8853: streams in order of preference, each a list of alternatives."""

    send: list[list[SimulcastRid]] = field(default_factory=list)
    recv: list[list[SimulcastRid]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SsrcGroup:
    """`a=ssrc-group`, RFC 5576: FID pairs media with RTX, SIM lists simulcast layers."""

    semantics: str
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`a=fingerprint`, RFC 8122; the algorithm in lower case, the value in upper case."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """`a=candidate`, RFC 8839 section 5.1. `address` is text as sent: an IP address or an mDNS name."""

    foundation: str
    component: int
    protocol: str
    priority: int
    address: str
    port: int
    type: str
    related_address: str | None = None
    related_port: int | None = None
    tcp_type: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()
    """Further name and value pairs in order: `generation`, `ufrag`, `network-cost`, …"""


@dataclass(frozen=True, slots=True)
class Group:
    """`a=group`, RFC 5888."""

    semantics: str
    mids: tuple[str, ...]


@dataclass(slots=True)
class TransportAttributes:
    """ICE and DTLS attributes, at session level or of one media line."""

    ice_ufrag: str | None = None
    ice_pwd: str | None = None
    ice_options: tuple[str, ...] = ()
    ice_lite: bool = False
    setup: str | None = None
    fingerprints: list[Fingerprint] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    end_of_candidates: bool = False


@dataclass(slots=True)
class MediaDescription:
    """One `m=` section."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    connection: str = "IN IP4 0.0.0.0"
    mid: str | None = None
    direction: Direction | None = None
    bundle_only: bool = False
    rtcp_mux: bool = False
    rtcp_mux_only: bool = False
    rtcp_rsize: bool = False
    extmap_allow_mixed: bool = False
    codecs: list[RtpMap] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    extensions: list[ExtMap] = field(default_factory=list)
    rids: list[RidLine] = field(default_factory=list)
    simulcast: Simulcast | None = None
    ssrcs: dict[int, dict[str, str]] = field(default_factory=dict)
    """SSRC to its attributes (`cname`, `msid`, …), in order of first appearance."""
    ssrc_groups: list[SsrcGroup] = field(default_factory=list)
    msids: list[str] = field(default_factory=list)
    transport: TransportAttributes = field(default_factory=TransportAttributes)
    other: list[str] = field(default_factory=list)
    """Attributes we have no field for, as `name` or `name:value`, written back as they are."""

    @property
    def is_rejected(self) -> bool:
        """Port 0 rejects a line, unless it is only there for the bundle (RFC 9143 section 6)."""
        return self.port == 0 and not self.bundle_only

    def codec(self, payload_type: int) -> RtpMap | None:
        return next((codec for codec in self.codecs if codec.payload_type == payload_type), None)

    def feedback_of(self, payload_type: int) -> list[Feedback]:
        """Feedback that holds for `payload_type`, with the lines for `*`, without repeats."""
        lines = [f for f in self.feedback if f.payload_type in (None, payload_type)]
        return [
            Feedback(payload_type, type_, parameter)
            for type_, parameter in dict.fromkeys((f.type, f.parameter) for f in lines)
        ]


@dataclass(slots=True)
class SessionDescription:
    """A whole offer or answer."""

    session_id: int = 0
    session_version: int = 0
    name: str = "-"
    groups: list[Group] = field(default_factory=list)
    direction: Direction | None = None
    extmap_allow_mixed: bool = False
    msid_semantics: list[str] = field(default_factory=list)
    transport: TransportAttributes = field(default_factory=TransportAttributes)
    media: list[MediaDescription] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def bundle(self) -> Group | None:
        """The first BUNDLE group (RFC 9143), or None."""
        return next((group for group in self.groups if group.semantics.upper() == "BUNDLE"), None)
