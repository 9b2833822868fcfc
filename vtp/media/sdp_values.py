"""Values of single SDP attributes: each function reads one, or raises ValueError when it is malformed.

The parser ignores lines whose value is malformed; what these functions accept is safe to write back into
an answer: tokens hold no spaces or control characters, numbers are in range.
"""

import contextlib
import re

from vtp.media.sdp import (
    Candidate,
    Direction,
    ExtMap,
    Feedback,
    Fingerprint,
    Group,
    RidLine,
    RtpMap,
    Simulcast,
    SimulcastRid,
    SsrcGroup,
)

MAX_SSRC = 0xFFFFFFFF
MAX_EXTENSION_ID = 255
"""RFC 8285 section 4.3: two-byte header extensions carry an 8-bit id."""

STATIC_PAYLOADS: dict[int, tuple[str, int, int | None]] = {
    0: ("PCMU", 8000, None), 3: ("GSM", 8000, None), 4: ("G723", 8000, None), 5: ("DVI4", 8000, None),
    6: ("DVI4", 16000, None), 7: ("LPC", 8000, None), 8: ("PCMA", 8000, None), 9: ("G722", 8000, None),
    10: ("L16", 44100, 2), 11: ("L16", 44100, None), 12: ("QCELP", 8000, None), 13: ("CN", 8000, None),
    14: ("MPA", 90000, None), 15: ("G728", 8000, None), 16: ("DVI4", 11025, None), 17: ("DVI4", 22050, None),
    18: ("G729", 8000, None), 25: ("CelB", 90000, None), 26: ("JPEG", 90000, None), 28: ("nv", 90000, None),
    31: ("H261", 90000, None), 32: ("MPV", 90000, None), 33: ("MP2T", 90000, None), 34: ("H263", 90000, None),
}  # fmt: skip
"""Payload types that mean a codec without `a=rtpmap`, RFC 3551 section 6."""

_TOKEN = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,255}")  # RFC 8866 section 9, "token"
_NAME = re.compile(r"[A-Za-z0-9_.+\-]{1,64}")
_RID = re.compile(r"[A-Za-z0-9_-]{1,32}")  # RFC 8851 section 10, bounded
_HEX_PAIRS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){15,63}")
_VISIBLE = re.compile(r"[!-~]{1,2048}")
_ICE = re.compile(r"[A-Za-z0-9+/_=-]{1,256}")
_ADDRESS = re.compile(r"[A-Za-z0-9.:%_-]{1,255}")


def _matched(pattern: re.Pattern[str], text: str, what: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(f"{what} is malformed")
    return text


def read_number(text: str, maximum: int) -> int:
    """A plain decimal number of at most `maximum`: no sign, no underscore, ASCII digits only."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 20) or int(text) > maximum:
        raise ValueError("number is malformed or out of range")
    return int(text)


def read_token(text: str) -> str:
    """A token as RFC 8866 defines it: of mids, groups, protocols."""
    return _matched(_TOKEN, text, "token")


def read_protocol(text: str) -> str:
    """The protocol of a media line: tokens joined by slashes."""
    return "/".join(read_token(part) for part in text.split("/", 8))


def read_visible(text: str) -> str:
    """One word of printable ASCII: a URI, a cname, a stream id."""
    return _matched(_VISIBLE, text, "word")


def read_words(text: str) -> str:
    """Words of printable ASCII separated by single spaces."""
    return " ".join(read_visible(word) for word in text.split(" ") if word)


def read_ice(text: str) -> str:
    """An ICE user name fragment or password, RFC 8839 section 5.4."""
    return _matched(_ICE, text.strip(), "ICE credential")


def read_rtpmap(text: str) -> RtpMap:
    payload_type, _, encoding = text.partition(" ")
    name, clock_rate, *channels = encoding.strip().split("/")
    return RtpMap(
        read_number(payload_type, 127),
        _matched(_NAME, name, "codec name"),
        read_number(clock_rate, 0x7FFFFFFF),
        _channels(channels[0]) if channels and channels[0] else None,
    )


def _channels(text: str) -> int | None:
    """One channel is written and left out alike (`G722/8000/1`); None stands for it."""
    channels = read_number(text, 255)
    return None if channels == 1 else channels


def static_codec(payload_type: int) -> RtpMap | None:
    """What a payload type means without `a=rtpmap`; None when it is dynamic."""
    known = STATIC_PAYLOADS.get(payload_type)
    return None if known is None else RtpMap(payload_type, *known)


def read_fmtp(text: str) -> tuple[int, dict[str, str]]:
    """Payload type and parameters of `a=fmtp`; names in lower case, a bare value under the name ''.

    A malformed parameter is left out alone: the others still say how to read the codec.
    """
    payload_type, _, rest = text.partition(" ")
    parameters: dict[str, str] = {}
    for item in rest.split(";")[:64]:
        with contextlib.suppress(ValueError):
            name, equals, value = item.strip().partition("=")
            if equals:
                parameters[_matched(_NAME, name.strip().lower(), "parameter name")] = _parameter(value)
            elif name:
                parameters.setdefault("", _parameter(name))
    return read_number(payload_type, 127), parameters


def _parameter(text: str) -> str:
    text = text.strip()
    return read_words(text) if text else ""


def read_feedback(text: str) -> Feedback:
    payload_type, _, rest = text.partition(" ")
    type_, _, parameter = rest.strip().partition(" ")
    return Feedback(
        None if payload_type == "*" else read_number(payload_type, 127),
        read_token(type_),
        read_words(parameter),
    )


def read_extmap(text: str) -> ExtMap:
    number, _, rest = text.partition(" ")
    id_text, slash, direction = number.partition("/")
    uri, _, attributes = rest.strip().partition(" ")
    extension_id = read_number(id_text, MAX_EXTENSION_ID)
    if extension_id == 0:
        raise ValueError("header extension id 0 is reserved for padding")
    return ExtMap(
        extension_id, read_visible(uri), Direction(direction) if slash else None, read_words(attributes)
    )


def read_rid(text: str) -> RidLine:
    rid, _, rest = text.partition(" ")
    direction, _, restrictions = rest.strip().partition(" ")
    if direction not in ("send", "recv"):
        raise ValueError("rid direction must be send or recv")
    pairs: dict[str, str] = {}
    for item in restrictions.split(";")[:32]:
        name, _, value = item.strip().partition("=")
        if name:
            pairs[read_token(name)] = read_visible(value) if value else ""
    return RidLine(_matched(_RID, rid, "rid"), direction, pairs)


def read_simulcast(text: str) -> Simulcast:
    """RFC 8853, and the `rid=` prefix that older Firefox wrote."""
    words = text.split()
    if len(words) not in (2, 4):
        raise ValueError("simulcast needs a direction and a list of rids")
    simulcast = Simulcast()
    for direction, streams in zip(words[::2], words[1::2], strict=True):
        match direction:
            case "send":
                simulcast.send = _simulcast_streams(streams)
            case "recv":
                simulcast.recv = _simulcast_streams(streams)
            case _:
                raise ValueError("simulcast direction must be send or recv")
    return simulcast


def _simulcast_streams(text: str) -> list[list[SimulcastRid]]:
    streams = text.removeprefix("rid=").split(";")[:64]
    return [[_simulcast_rid(rid) for rid in stream.split(",")[:16]] for stream in streams]


def _simulcast_rid(text: str) -> SimulcastRid:
    paused = text.startswith("~")
    return SimulcastRid(_matched(_RID, text[1:] if paused else text, "rid"), paused)


def read_ssrc(text: str) -> tuple[int, str, str]:
    """SSRC, attribute name and value of `a=ssrc`; the name is empty when there is none."""
    ssrc, _, attribute = text.partition(" ")
    name, _, value = attribute.strip().partition(":")
    return read_number(ssrc, MAX_SSRC), read_token(name) if name else "", read_words(value)


def read_ssrc_group(text: str) -> SsrcGroup:
    semantics, *ssrcs = text.split()
    if not ssrcs:
        raise ValueError("ssrc-group names no SSRC")
    return SsrcGroup(read_token(semantics), tuple(read_number(ssrc, MAX_SSRC) for ssrc in ssrcs[:64]))


def read_group(text: str) -> Group:
    semantics, *mids = text.split() or [""]
    return Group(read_token(semantics), tuple(read_token(mid) for mid in mids[:256]))


def read_fingerprint(text: str) -> Fingerprint:
    algorithm, _, value = text.strip().partition(" ")
    return Fingerprint(
        read_token(algorithm).lower(), _matched(_HEX_PAIRS, value.strip().upper(), "fingerprint")
    )


def read_candidate(text: str) -> Candidate:
    """RFC 8839 section 5.1; `text` is what follows `candidate:`."""
    words = text.split()
    if len(words) < 8 or words[6] != "typ":
        raise ValueError("candidate is malformed")
    pairs = dict(zip(words[8::2], words[9::2], strict=False))
    related_port = pairs.pop("rport", None)
    related_address = pairs.pop("raddr", None)
    tcp_type = pairs.pop("tcptype", None)
    return Candidate(
        foundation=read_token(words[0]),
        component=read_number(words[1], 256),
        protocol=read_token(words[2]).lower(),
        priority=read_number(words[3], MAX_SSRC),
        address=_matched(_ADDRESS, words[4], "address"),
        port=read_number(words[5], 65535),
        type=read_token(words[7]).lower(),
        related_address=None if related_address is None else _matched(_ADDRESS, related_address, "address"),
        related_port=None if related_port is None else read_number(related_port, 65535),
        tcp_type=None if tcp_type is None else read_token(tcp_type),
        extensions=tuple((read_token(name), read_visible(value)) for name, value in pairs.items()),
    )
