"""Writes session descriptions: every field of the model, lines in the order browsers write them."""

from collections.abc import Iterator, Mapping, Sequence

from vtp.media.sdp import (
    Candidate,
    ExtMap,
    MediaDescription,
    RidLine,
    RtpMap,
    SessionDescription,
    Simulcast,
    SimulcastRid,
    SsrcGroup,
    TransportAttributes,
)


def write_session(session: SessionDescription) -> str:
    """The description as text with CRLF line ends, RFC 8866."""
    lines = head_lines(session)
    for media in session.media:
        lines += media_head(media)
        lines += write_transport(media.transport)
        lines += media_body(media)
        lines += source_lines(media.ssrcs, media.ssrc_groups)
        lines += [f"a={line}" for line in media.other]
    return join_lines(lines)


def join_lines(lines: Sequence[str]) -> str:
    """Lines as the text of a description."""
    return "\r\n".join(lines) + "\r\n"


def head_lines(session: SessionDescription) -> list[str]:
    """Everything before the first media line."""
    return [
        "v=0",
        f"o=- {session.session_id} {session.session_version} IN IP4 127.0.0.1",
        f"s={session.name or '-'}",
        "t=0 0",
        *(f"a=group:{' '.join((group.semantics, *group.mids))}" for group in session.groups),
        *(["a=extmap-allow-mixed"] if session.extmap_allow_mixed else []),
        *(f"a=msid-semantic: {semantic}" for semantic in session.msid_semantics),
        *([f"a={session.direction}"] if session.direction else []),
        *write_transport(session.transport),
        *(f"a={line}" for line in session.other),
    ]


def media_head(media: MediaDescription) -> list[str]:
    """The media line itself and where it is received."""
    return [
        f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}",
        f"c={media.connection}",
    ]


def media_body(media: MediaDescription) -> list[str]:
    """What stands between a line's transport and its sources: what was agreed."""
    return list(_body_lines(media))


def _body_lines(media: MediaDescription) -> Iterator[str]:
    if media.mid is not None:
        yield f"a=mid:{media.mid}"
    yield from (f"a=extmap:{_extmap(extension)}" for extension in media.extensions)
    if media.direction is not None:
        yield f"a={media.direction}"
    yield from (f"a=msid:{msid}" for msid in media.msids)
    yield from (f"a={name}" for name, present in _flags(media) if present)
    for codec in media.codecs:
        yield from _codec_lines(codec, media)
    for feedback in media.feedback:
        if feedback.payload_type is None:
            yield f"a=rtcp-fb:* {feedback.type} {feedback.parameter}".rstrip()
    yield from (f"a=rid:{_rid(rid)}" for rid in media.rids)
    if media.simulcast is not None and (media.simulcast.send or media.simulcast.recv):
        yield f"a=simulcast:{_simulcast(media.simulcast)}"


def source_lines(ssrcs: Mapping[int, Mapping[str, str]], groups: Sequence[SsrcGroup]) -> list[str]:
    """SSRCs with their attributes, and how they belong together."""
    lines = [f"a=ssrc-group:{group.semantics} {' '.join(map(str, group.ssrcs))}" for group in groups]
    for ssrc, attributes in ssrcs.items():
        for name, value in attributes.items():
            lines.append(f"a=ssrc:{ssrc} {name}:{value}" if value else f"a=ssrc:{ssrc} {name}")
        if not attributes:
            lines.append(f"a=ssrc:{ssrc}")
    return lines


def _flags(media: MediaDescription) -> list[tuple[str, bool]]:
    return [
        ("bundle-only", media.bundle_only),
        ("rtcp-mux", media.rtcp_mux),
        ("rtcp-mux-only", media.rtcp_mux_only),
        ("rtcp-rsize", media.rtcp_rsize),
        ("extmap-allow-mixed", media.extmap_allow_mixed),
    ]


def write_transport(transport: TransportAttributes) -> list[str]:
    """The ICE and DTLS lines of one level."""
    return [
        *(f"a=candidate:{write_candidate(candidate)}" for candidate in transport.candidates),
        *(["a=end-of-candidates"] if transport.end_of_candidates else []),
        *(["a=ice-lite"] if transport.ice_lite else []),
        *([f"a=ice-ufrag:{transport.ice_ufrag}"] if transport.ice_ufrag else []),
        *([f"a=ice-pwd:{transport.ice_pwd}"] if transport.ice_pwd else []),
        *([f"a=ice-options:{' '.join(transport.ice_options)}"] if transport.ice_options else []),
        *(
            f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}"
            for fingerprint in transport.fingerprints
        ),
        *([f"a=setup:{transport.setup}"] if transport.setup else []),
    ]


def write_candidate(candidate: Candidate) -> str:
    """What follows `candidate:`, RFC 8839 section 5.1."""
    words = [
        candidate.foundation,
        str(candidate.component),
        candidate.protocol,
        str(candidate.priority),
        candidate.address,
        str(candidate.port),
        "typ",
        candidate.type,
    ]
    if candidate.related_address is not None:
        words += ["raddr", candidate.related_address]
    if candidate.related_port is not None:
        words += ["rport", str(candidate.related_port)]
    if candidate.tcp_type is not None:
        words += ["tcptype", candidate.tcp_type]
    for name, value in candidate.extensions:
        words += [name, value]
    return " ".join(words)


def _codec_lines(codec: RtpMap, media: MediaDescription) -> Iterator[str]:
    channels = f"/{codec.channels}" if codec.channels is not None and codec.channels > 1 else ""
    yield f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"
    for feedback in media.feedback:
        if feedback.payload_type == codec.payload_type:
            yield f"a=rtcp-fb:{codec.payload_type} {feedback.type} {feedback.parameter}".rstrip()
    if codec.parameters:
        pairs = (f"{name}={value}" if name else value for name, value in codec.parameters.items())
        yield f"a=fmtp:{codec.payload_type} {';'.join(pairs)}"


def _extmap(extension: ExtMap) -> str:
    direction = f"/{extension.direction}" if extension.direction is not None else ""
    return f"{extension.id}{direction} {extension.uri} {extension.attributes}".rstrip()


def _rid(rid: RidLine) -> str:
    pairs = ";".join(f"{name}={value}" if value else name for name, value in rid.restrictions.items())
    return f"{rid.rid} {rid.direction} {pairs}".rstrip()


def _simulcast(simulcast: Simulcast) -> str:
    parts = [("send", simulcast.send), ("recv", simulcast.recv)]
    return " ".join(f"{direction} {_streams(streams)}" for direction, streams in parts if streams)


def _streams(streams: list[list[SimulcastRid]]) -> str:
    return ";".join(",".join(("~" if rid.paused else "") + rid.rid for rid in stream) for stream in streams)
