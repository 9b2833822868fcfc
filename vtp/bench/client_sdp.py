"""The client's side of SDP: the offers WHIP and WHEP take, and the little of an answer that a client needs.

Kept apart from the server's SDP module on purpose: a tool that shares its parser with what it tests proves
little.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vtp.bench.client_dtls import Fingerprint, Role

EXTENSION_URIS = {
    "mid": "urn:ietf:params:rtp-hdrext:sdes:mid",
    "abs-send-time": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "transport-cc": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "abs-capture-time": "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "audio-level": "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
}
SIMULCAST_URIS = {
    "rid": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "repaired-rid": "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
}
"""Of lines with several encodings only (RFC 8852)."""
_AUDIO_ONLY = {"audio-level"}
_OFFERED_IDS = {name: number for number, name in enumerate({**EXTENSION_URIS, **SIMULCAST_URIS}, start=1)}
CODEC_NUMBERS = {"opus": 1, "pcmu": 2, "pcma": 3, "vp8": 4, "vp9": 5, "h264": 6, "av1": 7}
"""As the compiled modules number them."""


@dataclass(frozen=True)
class OfferedCodec:
    """One codec of an offered line; with `rtx_payload_type` also its retransmission format."""

    name: str
    payload_type: int
    clock_rate: int
    parameters: str = ""
    channels: int = 1
    rtx_payload_type: int | None = None


@dataclass(frozen=True)
class OfferedEncoding:
    """One of several encodings of a line (RFC 8853), which its packets name by their RID."""

    rid: str
    ssrc: int
    rtx_ssrc: int = 0


@dataclass(frozen=True)
class OfferedMedia:
    """One m-line. Without SSRCs it receives, with them, or with encodings, it sends."""

    kind: str
    mid: str
    codecs: Sequence[OfferedCodec]
    ssrc: int = 0
    rtx_ssrc: int = 0
    encodings: Sequence[OfferedEncoding] = ()
    """The smallest first."""


@dataclass(frozen=True)
class IceCredentials:
    ufrag: str
    password: str


@dataclass
class AnsweredCodec:
    """A payload type that the answer kept."""

    name: str
    payload_type: int
    clock_rate: int
    parameters: str = ""
    rtx_payload_type: int = -1
    feedback: set[str] = field(default_factory=set)

    @property
    def number(self) -> int:
        return CODEC_NUMBERS[self.name]


@dataclass
class AnsweredMedia:
    """One m-line of the answer; `refused` when its port is 0 or it is inactive."""

    kind: str
    refused: bool
    mid: str = ""
    codecs: list[AnsweredCodec] = field(default_factory=list)
    extensions: dict[str, int] = field(default_factory=dict)
    ssrc: int = 0
    rtx_ssrc: int = 0
    track: str = ""
    """The track's id by its msid (RFC 8830): what the server calls the stream."""
    rids: list[str] = field(default_factory=list)
    """The encodings that may be sent."""
    encodings: Sequence[OfferedEncoding] = ()
    """Of `sent_media`: those of them that were offered."""


@dataclass
class Answer:
    """What a client needs to connect, and what it may send or will receive."""

    ice: IceCredentials
    fingerprints: list[Fingerprint]
    role: Role
    candidates: list[tuple[str, int]]
    media: list[AnsweredMedia]
    ice_lite: bool = False


def write_offer(
    media: Sequence[OfferedMedia], ice: IceCredentials, fingerprint: Fingerprint, cname: str
) -> str:
    """A bundled offer: every line `sendonly` or `recvonly`, setup actpass (RFC 9725 section 4.4.1)."""
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(line.mid for line in media),
        "a=msid-semantic: WMS *",
    ]
    for line in media:
        lines += _media_lines(line, ice, fingerprint, cname)
    return "\r\n".join(lines) + "\r\n"


def _media_lines(media: OfferedMedia, ice: IceCredentials, fingerprint: Fingerprint, cname: str) -> list[str]:
    payload_types = [
        str(number)
        for c in media.codecs
        for number in (c.payload_type, c.rtx_payload_type)
        if number is not None
    ]
    lines = [
        f"m={media.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(payload_types)}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ice.ufrag}",
        f"a=ice-pwd:{ice.password}",
        "a=ice-options:trickle",
        f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}",
        "a=setup:actpass",
        f"a=mid:{media.mid}",
        *(
            f"a=extmap:{_OFFERED_IDS[name]} {uri}"
            for name, uri in EXTENSION_URIS.items()
            if media.kind == "audio" or name not in _AUDIO_ONLY
        ),
        "a=sendonly" if media.ssrc or media.encodings else "a=recvonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]
    for codec in media.codecs:
        lines += _codec_lines(media.kind, codec)
    return lines + (_rid_lines(media, cname) if media.encodings else _ssrc_lines(media, cname))


def _codec_lines(kind: str, codec: OfferedCodec) -> list[str]:
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{number} {_SDP_NAMES.get(codec.name, codec.name)}/{codec.clock_rate}{channels}"]
    if codec.parameters:
        lines.append(f"a=fmtp:{number} {codec.parameters}")
    lines.append(f"a=rtcp-fb:{number} transport-cc")
    if kind == "video":
        lines += [f"a=rtcp-fb:{number} {kind_}" for kind_ in ("nack", "nack pli", "ccm fir", "goog-remb")]
    if codec.rtx_payload_type is not None:
        lines += [
            f"a=rtpmap:{codec.rtx_payload_type} rtx/{codec.clock_rate}",
            f"a=fmtp:{codec.rtx_payload_type} apt={number}",
        ]
    return lines


_SDP_NAMES = {"h264": "H264", "vp8": "VP8", "vp9": "VP9", "av1": "AV1", "pcmu": "PCMU", "pcma": "PCMA"}


def _rid_lines(media: OfferedMedia, cname: str) -> list[str]:
    """As browsers write them: SSRCs are not told, packets say by themselves what they are."""
    return [
        f"a=msid:{cname} {cname}-{media.mid}",
        *(f"a=extmap:{_OFFERED_IDS[name]} {uri}" for name, uri in SIMULCAST_URIS.items()),
        *(f"a=rid:{encoding.rid} send" for encoding in media.encodings),
        "a=simulcast:send " + ";".join(encoding.rid for encoding in media.encodings),
    ]


def _ssrc_lines(media: OfferedMedia, cname: str) -> list[str]:
    if not media.ssrc:
        return []
    lines = [f"a=msid:{cname} {cname}-{media.mid}", f"a=ssrc:{media.ssrc} cname:{cname}"]
    if media.rtx_ssrc:
        lines.insert(1, f"a=ssrc-group:FID {media.ssrc} {media.rtx_ssrc}")
        lines.append(f"a=ssrc:{media.rtx_ssrc} cname:{cname}")
    return lines


def parse_answer(text: str, *, candidates_follow: bool = False) -> Answer:
    """Reads an answer, or an offer that is going to be answered; `role` is then ours towards it.

    Raises ValueError with a sentence when it lacks what a connection needs: that is a candidate too, unless
    `candidates_follow` by other means.
    """
    session, sections = split_sections(text)
    first = [*session, *(sections[0] if sections else [])]
    everything = [*session, *(line for section in sections for line in section)]
    candidates = [c for c in map(parse_candidate, attributes(everything, "candidate")) if c is not None]
    if not candidates and not candidates_follow:
        raise ValueError("The answer has no UDP candidate to connect to.")
    return Answer(
        ice=IceCredentials(_required(first, "ice-ufrag"), _required(first, "ice-pwd")),
        fingerprints=[_fingerprint(value) for value in attributes(first, "fingerprint")],
        role=Role.SERVER if _required(first, "setup") == "active" else Role.CLIENT,
        candidates=list(dict.fromkeys(candidates)),
        media=[_answered(section) for section in sections],
        ice_lite="a=ice-lite" in everything,
    )


def split_sections(text: str) -> tuple[list[str], list[list[str]]]:
    """The lines before the first m-line, and those of each m-line with what follows it."""
    session: list[str] = []
    sections: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("m="):
            sections.append([])
        (sections[-1] if sections else session).append(line.strip())
    return session, sections


def attributes(lines: Sequence[str], name: str) -> list[str]:
    """The values of all `a=name:` lines."""
    return [line[len(name) + 3 :] for line in lines if line.startswith(f"a={name}:")]


def _required(lines: Sequence[str], name: str) -> str:
    values = attributes(lines, name)
    if not values:
        raise ValueError(f"The answer has no a={name}.")
    return values[0]


def _fingerprint(value: str) -> Fingerprint:
    algorithm, _, digest = value.partition(" ")
    return Fingerprint(algorithm.lower(), digest.strip())


def parse_candidate(value: str) -> tuple[str, int] | None:
    """Address and port of a UDP candidate of component 1 (RFC 8839 section 5.1); names are not resolved."""
    parts = value.split()
    if len(parts) < 8 or parts[1] != "1" or parts[2].lower() != "udp" or not parts[5].isdecimal():
        return None
    return None if parts[4].endswith(".local") else (parts[4], int(parts[5]))


def _answered(section: Sequence[str]) -> AnsweredMedia:
    head = section[0][2:].split()
    media = AnsweredMedia(kind=head[0], refused=head[1] == "0" or "a=inactive" in section)
    media.mid = next(iter(attributes(section, "mid")), "")
    media.track = next(iter(attributes(section, "msid")), "").rpartition(" ")[2]
    media.codecs = _codecs(section, head[3:])
    for value in attributes(section, "extmap"):
        number, uri = value.split()[:2]
        for name, known in (*EXTENSION_URIS.items(), *SIMULCAST_URIS.items()):
            if uri == known:
                media.extensions[name] = int(number.split("/")[0])
    rids = [value.split() for value in attributes(section, "rid")]
    media.rids = [rid[0] for rid in rids if rid[1:2] == ["recv"]]
    _read_ssrcs(section, media)
    return media


def _read_ssrcs(section: Sequence[str], media: AnsweredMedia) -> None:
    groups = [value.split() for value in attributes(section, "ssrc-group")]
    for group in groups:
        if group[0] == "FID" and len(group) == 3:
            media.ssrc, media.rtx_ssrc = int(group[1]), int(group[2])
            return
    ssrcs = [int(value.split()[0]) for value in attributes(section, "ssrc")]
    media.ssrc = ssrcs[0] if ssrcs else 0


def _codecs(section: Sequence[str], payload_types: Sequence[str]) -> list[AnsweredCodec]:
    maps = dict(value.split(" ", 1) for value in attributes(section, "rtpmap"))
    formats = dict(value.split(" ", 1) for value in attributes(section, "fmtp") if " " in value)
    codecs: dict[int, AnsweredCodec] = {}
    rtx: dict[int, int] = {}
    for payload_type in payload_types:
        name, _, rest = maps.get(payload_type, "").partition("/")
        if name.lower() == "rtx":
            rtx[int(formats[payload_type].removeprefix("apt="))] = int(payload_type)
        elif name.lower() in CODEC_NUMBERS:
            codecs[int(payload_type)] = AnsweredCodec(
                name.lower(), int(payload_type), int(rest.split("/")[0]), formats.get(payload_type, "")
            )
    for value in attributes(section, "rtcp-fb"):
        payload_type, _, feedback = value.partition(" ")
        for codec in codecs.values():
            if payload_type in ("*", str(codec.payload_type)):
                codec.feedback.add(feedback)
    for number, codec in codecs.items():
        codec.rtx_payload_type = rtx.get(number, -1)
    return list(codecs.values())
