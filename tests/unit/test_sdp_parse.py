"""Reading and writing session descriptions."""

import pytest

from tests.unit.sdp_material import line, offer, offer_names, offer_text
from vtp.media.sdp import (
    Candidate,
    Direction,
    ExtMap,
    Feedback,
    MediaDescription,
    RidLine,
    SimulcastRid,
    SsrcGroup,
)
from vtp.media.sdp_parse import MAX_BYTES, MAX_LINES, parse_session
from vtp.media.sdp_write import write_session

HEADER = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"


def parse_line(attributes: str, head: str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97") -> MediaDescription:
    return parse_session(f"{HEADER}{head}\r\n{attributes}").media[0]


@pytest.mark.parametrize("name", offer_names())
def test_captured_offers_survive_reading_and_writing(name: str) -> None:
    description = parse_session(offer_text(name))
    assert parse_session(write_session(description)) == description


@pytest.mark.parametrize("name", [name for name in offer_names() if name.startswith("chromium")])
def test_no_line_of_a_browser_offer_is_lost(name: str) -> None:
    text = offer_text(name)
    written = write_session(parse_session(text))
    assert sorted(text.split("\r\n")) == sorted(written.split("\r\n"))


def test_payload_types_keep_the_order_of_the_line() -> None:
    video = line(offer("chromium_publish_all_codecs"), "video")
    assert [codec.payload_type for codec in video.codecs] == [int(text) for text in video.formats]


def test_static_payload_types_need_no_rtpmap() -> None:
    media = parse_line("a=rtpmap:111 opus/48000/2\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 77")
    assert [(c.payload_type, c.name, c.clock_rate, c.channels) for c in media.codecs] == [
        (111, "opus", 48000, 2),
        (0, "PCMU", 8000, None),
        (8, "PCMA", 8000, None),
    ]


def test_an_rtpmap_overrides_the_static_meaning() -> None:
    media = parse_line("a=rtpmap:0 opus/48000/2\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 0")
    assert media.codecs[0].name == "opus"


def test_fmtp_may_come_before_its_rtpmap() -> None:
    media = parse_line("a=fmtp:96 profile-id=2\r\na=rtpmap:96 VP9/90000\r\n")
    assert media.codecs[0].parameters == {"profile-id": "2"}


def test_fmtp_values_keep_their_equals_signs() -> None:
    media = line(offer("gstreamer_publish"), "video")
    assert media.codecs[0].parameters["sprop-parameter-sets"] == "Z0LAH9oBQBbpqAgICg==,aM48gA=="


def test_bare_fmtp_values_have_an_empty_name() -> None:
    media = line(offer("firefox_publish_simulcast"), "audio")
    codec = media.codec(101)
    assert codec is not None
    assert codec.parameters == {"": "0-15"}


def test_one_malformed_fmtp_parameter_does_not_hide_the_others() -> None:
    media = parse_line("a=rtpmap:96 H264/90000\r\na=fmtp:96 b\x01d=1;packetization-mode=1; ;x=\r\n")
    assert media.codecs[0].parameters == {"packetization-mode": "1", "x": ""}


def test_feedback_for_all_payload_types_is_joined_without_repeats() -> None:
    media = parse_line(
        "a=rtcp-fb:* nack\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:97 ccm fir\r\n"
    )
    assert media.feedback_of(96) == [Feedback(96, "nack"), Feedback(96, "nack", "pli")]


def test_extmap_keeps_direction_and_attributes() -> None:
    media = parse_line("a=extmap:3/recvonly urn:x:y some words\r\na=extmap:4 urn:z\r\n")
    assert media.extensions == [
        ExtMap(3, "urn:x:y", Direction.RECVONLY, "some words"),
        ExtMap(4, "urn:z"),
    ]


def test_rids_and_simulcast_keep_order_alternatives_and_pauses() -> None:
    media = parse_line(
        "a=rid:hi send pt=96,97;max-width=640\r\na=rid:lo send\r\na=simulcast:send hi,~mid;~lo recv a\r\n"
    )
    assert media.rids == [RidLine("hi", "send", {"pt": "96,97", "max-width": "640"}), RidLine("lo", "send")]
    assert media.rids[0].payload_types == [96, 97]
    assert media.simulcast is not None
    assert media.simulcast.send == [
        [SimulcastRid("hi"), SimulcastRid("mid", True)],
        [SimulcastRid("lo", True)],
    ]
    assert media.simulcast.recv == [[SimulcastRid("a")]]


def test_ssrcs_and_their_groups_are_read() -> None:
    media = parse_line(
        "a=ssrc-group:FID 1 2\r\na=ssrc:1 cname:c\r\na=ssrc:1 msid:s t\r\na=ssrc:2 cname:c\r\n"
    )
    assert media.ssrc_groups == [SsrcGroup("FID", (1, 2))]
    assert media.ssrcs == {1: {"cname": "c", "msid": "s t"}, 2: {"cname": "c"}}


def test_candidates_keep_every_field() -> None:
    text = "1 1 UDP 2122252543 192.168.1.34 63375 typ srflx raddr 10.0.0.1 rport 99 generation 0 ufrag ab"
    media = parse_line(f"a=candidate:{text}\r\na=candidate:2 1 tcp 5 h.local 9 typ host tcptype active\r\n")
    assert media.transport.candidates == [
        Candidate(
            "1", 1, "udp", 2122252543, "192.168.1.34", 63375, "srflx", "10.0.0.1", 99, None,
            (("generation", "0"), ("ufrag", "ab")),
        ),
        Candidate("2", 1, "tcp", 5, "h.local", 9, "host", tcp_type="active"),
    ]  # fmt: skip


def test_transport_attributes_are_read_at_session_level_too() -> None:
    session = offer("obs_publish").transport
    assert (session.ice_ufrag, session.setup) == ("nxcM", "actpass")
    assert session.ice_options == ("ice2", "trickle")
    assert session.fingerprints[0].algorithm == "sha-256"


def test_a_line_with_port_0_is_rejected_unless_it_is_bundle_only() -> None:
    assert parse_line("", "m=video 0 UDP/TLS/RTP/SAVPF 96").is_rejected
    assert not parse_line("a=bundle-only\r\n", "m=video 0 UDP/TLS/RTP/SAVPF 96").is_rejected


def test_odd_lines_are_ignored() -> None:
    odd = (
        "garbage\r\na=\r\na=rtpmap:x\r\na=rtpmap:96\r\na=fmtp\r\na=ssrc:-1 cname:x\r\n"
        "a=extmap:0 urn:x\r\n"
        "a=extmap:99999 urn:x\r\na=candidate:\r\na=simulcast:\r\na=rid:\r\na=rtcp-fb:\r\n"
        "a=fingerprint:sha-256 zz\r\n"
        "y=1\r\n=\r\na=ssrc-group:FID\r\na=ice-ufrag:a b\r\na=group:\r\na=mid:\r\n\r\n\ta=mid:0\r\n"
    )
    media = parse_line(odd + "a=rtpmap:96 VP8/90000\r\n")
    assert [codec.name for codec in media.codecs] == ["VP8"]
    assert media.mid == "0"


def test_any_line_ending_is_read() -> None:
    text = offer_text("obs_publish")
    expected = parse_session(text)
    assert parse_session(text.replace("\r\n", "\n")) == expected
    assert parse_session(text.replace("\r\n", "\r")) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must begin with the line v=0"),
        ("hello", "must begin with the line v=0"),
        (HEADER + "m=video 9\r\n", "lacks kind, port, protocol or formats"),
        (HEADER + "m=video nine RTP/AVP 0\r\n", "Media line 0"),
        (HEADER + "m=audio 9 RTP/AVP 0\r\n" * 65, "more than 64 media lines"),
        (HEADER + "a=x\r\n" * MAX_LINES, f"more than {MAX_LINES} lines"),
        (HEADER + "a" * MAX_BYTES, f"larger than {MAX_BYTES} bytes"),
    ],
)
def test_what_is_not_sdp_or_too_large_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_session(text)
