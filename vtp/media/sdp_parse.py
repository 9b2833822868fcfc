"""Reads session descriptions from strangers: tolerant of odd lines, bounded in size.

A line whose type, attribute or value we do not understand is ignored (attributes without a field of their
own are kept in `other`). Only what would shift the meaning of the rest is an error: text that is not SDP,
a malformed `m=` line, more than the bounds below.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vtp.media.sdp import Direction, MediaDescription, RtpMap, SessionDescription, TransportAttributes
from vtp.media.sdp_values import (
    read_candidate,
    read_extmap,
    read_feedback,
    read_fingerprint,
    read_fmtp,
    read_group,
    read_ice,
    read_number,
    read_protocol,
    read_rid,
    read_rtpmap,
    read_simulcast,
    read_ssrc,
    read_ssrc_group,
    read_token,
    read_visible,
    read_words,
    static_codec,
)

MAX_BYTES = 131_072
"""Chromium's largest offers (three tracks, all codecs) are under 20,000 bytes."""
MAX_LINES = 4_000
MAX_LINE = 4_096
MAX_MEDIA = 64
MAX_CANDIDATES = 256

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(slots=True)
class _MediaState:
    """A media section while it is read: rtpmap and fmtp lines come in any order."""

    media: MediaDescription
    rtpmaps: dict[int, RtpMap] = field(default_factory=dict)
    fmtps: dict[int, dict[str, str]] = field(default_factory=dict)


def parse_session(text: str) -> SessionDescription:
    """Read an offer or answer. Raises ValueError with a sentence when it is not SDP or beyond bounds."""
    return parse_lines(split_lines(text))


def parse_lines(lines: Sequence[str]) -> SessionDescription:
    """Read what `split_lines` gave. Raises ValueError with a sentence when it is not SDP or beyond bounds."""
    if not lines or lines[0] != "v=0":
        raise ValueError("The session description must begin with the line v=0")
    session = SessionDescription()
    state: _MediaState | None = None
    for line in lines[1:]:
        if line.startswith("m="):
            if state is not None:
                _finish(state)
            state = _MediaState(_media_line(line[2:], session))
        else:
            _read_line(session, state, line)
    if state is not None:
        _finish(state)
    return session


def split_lines(text: str) -> list[str]:
    """Lines without their ends, empty ones left out. Raises ValueError beyond the bounds."""
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise ValueError(f"The session description is larger than {MAX_BYTES} bytes")
    lines = [line.strip(" \t") for line in _LINE_END.split(text.removeprefix("\ufeff"))]
    lines = [line for line in lines if line]
    if len(lines) > MAX_LINES:
        raise ValueError(f"The session description has more than {MAX_LINES} lines")
    return lines


def _media_line(value: str, session: SessionDescription) -> MediaDescription:
    """RFC 8866 section 5.14; a malformed one is an error, since answers count media lines."""
    if len(session.media) == MAX_MEDIA:
        raise ValueError(f"The session description has more than {MAX_MEDIA} media lines")
    words = value.split()
    if len(words) < 4:
        raise ValueError("A media line of the session description lacks kind, port, protocol or formats")
    try:
        formats = [read_token(word) for word in words[3:]]
        port = read_number(words[1].partition("/")[0], 65535)
        media = MediaDescription(read_token(words[0]).lower(), port, read_protocol(words[2]), formats)
    except ValueError:
        raise ValueError(f"Media line {len(session.media)} of the session description is malformed") from None
    session.media.append(media)
    return media


def _read_line(session: SessionDescription, state: _MediaState | None, line: str) -> None:
    """One line other than `m=`; a malformed one is ignored."""
    if len(line) > MAX_LINE or line[1:2] != "=":
        return
    try:
        match line[0]:
            case "a":
                name, _, value = line[2:].partition(":")
                _read_attribute(session, state, name.strip().lower(), value.strip())
            case "o" if state is None:
                words = line[2:].split()
                session.session_id = read_number(words[1], 2**64 - 1)
                session.session_version = read_number(words[2], 2**64 - 1)
            case "s" if state is None:
                session.name = read_words(line[2:]) or "-"
            case "c" if state is not None:
                state.media.connection = read_words(line[2:])
    except (ValueError, IndexError):
        return


def _read_attribute(session: SessionDescription, state: _MediaState | None, name: str, value: str) -> None:
    transport = session.transport if state is None else state.media.transport
    if (read_transport := TRANSPORT_ATTRIBUTES.get(name)) is not None:
        read_transport(transport, value)
    elif state is None and (read_session := _SESSION_ATTRIBUTES.get(name)) is not None:
        read_session(session, value)
    elif state is not None and (read_media := _MEDIA_ATTRIBUTES.get(name)) is not None:
        read_media(state, value)
    else:
        other = session.other if state is None else state.media.other
        other.append(read_token(name) + (f":{read_words(value)}" if value else ""))


def _finish(state: _MediaState) -> None:
    """Join rtpmap and fmtp into codecs in the order of the media line's formats."""
    for text in dict.fromkeys(state.media.formats):
        if not (text.isascii() and text.isdecimal() and len(text) <= 3):
            continue
        payload_type = int(text)
        codec = state.rtpmaps.get(payload_type) or static_codec(payload_type)
        if codec is not None:
            codec.parameters = state.fmtps.get(payload_type, {})
            state.media.codecs.append(codec)


def _set_ufrag(transport: TransportAttributes, value: str) -> None:
    transport.ice_ufrag = read_ice(value)


def _set_pwd(transport: TransportAttributes, value: str) -> None:
    transport.ice_pwd = read_ice(value)


def _set_options(transport: TransportAttributes, value: str) -> None:
    transport.ice_options = tuple(read_token(word) for word in value.replace(",", " ").split())


def _set_lite(transport: TransportAttributes, value: str) -> None:
    transport.ice_lite = True


def _set_setup(transport: TransportAttributes, value: str) -> None:
    transport.setup = read_token(value).lower()


def _add_fingerprint(transport: TransportAttributes, value: str) -> None:
    transport.fingerprints.append(read_fingerprint(value))


def _add_candidate(transport: TransportAttributes, value: str) -> None:
    if len(transport.candidates) < MAX_CANDIDATES:
        transport.candidates.append(read_candidate(value))


def _set_end(transport: TransportAttributes, value: str) -> None:
    transport.end_of_candidates = True


TRANSPORT_ATTRIBUTES: dict[str, Callable[[TransportAttributes, str], None]] = {
    "ice-ufrag": _set_ufrag,
    "ice-pwd": _set_pwd,
    "ice-options": _set_options,
    "ice-lite": _set_lite,
    "setup": _set_setup,
    "fingerprint": _add_fingerprint,
    "candidate": _add_candidate,
    "end-of-candidates": _set_end,
}
"""Attributes that stand at either level."""


def _add_group(session: SessionDescription, value: str) -> None:
    session.groups.append(read_group(value))


def _set_session_mixed(session: SessionDescription, value: str) -> None:
    session.extmap_allow_mixed = True


def _add_semantic(session: SessionDescription, value: str) -> None:
    session.msid_semantics.append(read_words(value))


def _session_direction(direction: Direction) -> Callable[[SessionDescription, str], None]:
    def read(session: SessionDescription, value: str) -> None:
        session.direction = direction

    return read


_SESSION_ATTRIBUTES: dict[str, Callable[[SessionDescription, str], None]] = {
    "group": _add_group,
    "extmap-allow-mixed": _set_session_mixed,
    "msid-semantic": _add_semantic,
    **{direction.value: _session_direction(direction) for direction in Direction},
}


def _set_mid(state: _MediaState, value: str) -> None:
    if state.media.mid is None:
        state.media.mid = read_token(value)


def _add_rtpmap(state: _MediaState, value: str) -> None:
    codec = read_rtpmap(value)
    state.rtpmaps.setdefault(codec.payload_type, codec)


def _add_fmtp(state: _MediaState, value: str) -> None:
    payload_type, parameters = read_fmtp(value)
    state.fmtps.setdefault(payload_type, {}).update(parameters)


def _add_feedback(state: _MediaState, value: str) -> None:
    state.media.feedback.append(read_feedback(value))


def _add_extension(state: _MediaState, value: str) -> None:
    state.media.extensions.append(read_extmap(value))


def _add_rid(state: _MediaState, value: str) -> None:
    state.media.rids.append(read_rid(value))


def _set_simulcast(state: _MediaState, value: str) -> None:
    state.media.simulcast = read_simulcast(value)


def _add_ssrc(state: _MediaState, value: str) -> None:
    ssrc, name, text = read_ssrc(value)
    attributes = state.media.ssrcs.setdefault(ssrc, {})
    if name:
        attributes[name] = text


def _add_ssrc_group(state: _MediaState, value: str) -> None:
    state.media.ssrc_groups.append(read_ssrc_group(value))


def _add_msid(state: _MediaState, value: str) -> None:
    state.media.msids.append(" ".join(read_visible(word) for word in value.split()[:2]))


def _flag(name: str) -> Callable[[_MediaState, str], None]:
    def read(state: _MediaState, value: str) -> None:
        setattr(state.media, name, True)

    return read


def _media_direction(direction: Direction) -> Callable[[_MediaState, str], None]:
    def read(state: _MediaState, value: str) -> None:
        state.media.direction = direction

    return read


_MEDIA_ATTRIBUTES: dict[str, Callable[[_MediaState, str], None]] = {
    "mid": _set_mid,
    "rtpmap": _add_rtpmap,
    "fmtp": _add_fmtp,
    "rtcp-fb": _add_feedback,
    "extmap": _add_extension,
    "rid": _add_rid,
    "simulcast": _set_simulcast,
    "ssrc": _add_ssrc,
    "ssrc-group": _add_ssrc_group,
    "msid": _add_msid,
    "bundle-only": _flag("bundle_only"),
    "rtcp-mux": _flag("rtcp_mux"),
    "rtcp-mux-only": _flag("rtcp_mux_only"),
    "rtcp-rsize": _flag("rtcp_rsize"),
    "extmap-allow-mixed": _flag("extmap_allow_mixed"),
    **{direction.value: _media_direction(direction) for direction in Direction},
}
