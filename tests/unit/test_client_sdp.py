"""The client's SDP: its offers are what the server's own parser expects, and answers are read with care."""

import pytest

from vtp.bench.client_dtls import Fingerprint, Role
from vtp.bench.client_sdp import IceCredentials, OfferedCodec, OfferedMedia, parse_answer, write_offer
from vtp.bench.watcher import viewer_media
from vtp.media.sdp_parse import parse_session

ICE = IceCredentials("abcd", "p" * 32)
FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))
ANSWER = """v=0
o=- 7 1 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-lite
a=group:BUNDLE 0 1
m=audio 40000 UDP/TLS/RTP/SAVPF 120
c=IN IP4 192.0.2.1
a=mid:0
a=sendonly
a=ice-ufrag:serv
a=ice-pwd:serverpasswordserverpassword
a=fingerprint:sha-256 AA:BB
a=setup:passive
a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host
a=candidate:2 1 UDP 2130706175 2001:db8::1 40000 typ host
a=candidate:3 1 tcp 1671430143 192.0.2.1 40000 typ host tcptype passive
a=candidate:4 1 udp 2130706431 b5f3a0c1.local 40000 typ host
a=rtpmap:120 opus/48000/2
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=ssrc:11 cname:x
m=video 40000 UDP/TLS/RTP/SAVPF 106 107
c=IN IP4 192.0.2.1
a=mid:1
a=sendonly
a=rtpmap:106 H264/90000
a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtcp-fb:106 nack
a=rtcp-fb:* nack pli
a=rtpmap:107 rtx/90000
a=fmtp:107 apt=106
a=extmap:4/sendonly http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time
a=ssrc-group:FID 21 22
a=ssrc:21 cname:x
a=ssrc:22 cname:x
"""


def without(line_start: str) -> str:
    return "\n".join(line for line in ANSWER.splitlines() if not line.startswith(line_start))


def test_the_servers_parser_reads_a_viewers_offer() -> None:
    offer = parse_session(write_offer(viewer_media(), ICE, FINGERPRINT, "name"))
    assert [media.kind for media in offer.media] == ["audio", "video"]


def test_an_answer_gives_ice_dtls_and_the_reachable_candidates_in_order() -> None:
    answer = parse_answer(ANSWER)
    assert answer.ice == IceCredentials("serv", "serverpasswordserverpassword")
    assert answer.fingerprints == [Fingerprint("sha-256", "AA:BB")]
    assert answer.role is Role.CLIENT
    assert answer.candidates == [("192.0.2.1", 40000), ("2001:db8::1", 40000)]


def test_an_answer_gives_each_lines_ssrcs_codecs_and_extensions() -> None:
    audio, video = parse_answer(ANSWER).media
    assert (audio.ssrc, audio.rtx_ssrc, audio.extensions) == (11, 0, {"mid": 1})
    assert (video.ssrc, video.rtx_ssrc, video.extensions) == (21, 22, {"abs-capture-time": 4})
    (h264,) = video.codecs
    assert (h264.name, h264.payload_type, h264.rtx_payload_type, h264.number) == ("h264", 106, 107, 6)
    assert h264.feedback == {"nack", "nack pli"}


def test_a_server_that_wants_to_be_dtls_client_makes_us_the_server() -> None:
    assert parse_answer(ANSWER.replace("setup:passive", "setup:active")).role is Role.SERVER


@pytest.mark.parametrize("refusal", ["m=video 0 ", "m=video 40000 "])
def test_a_refused_line_is_told(refusal: str) -> None:
    text = ANSWER.replace("m=video 40000 ", refusal)
    text = text if refusal.endswith(" 0 ") else text.replace("a=mid:1\na=sendonly", "a=mid:1\na=inactive")
    assert [media.refused for media in parse_answer(text).media] == [False, True]


@pytest.mark.parametrize(
    ("missing", "named"),
    [("a=ice-ufrag", "a=ice-ufrag"), ("a=setup", "a=setup"), ("a=candidate", "UDP candidate")],
)
def test_an_answer_without_what_a_connection_needs_is_refused(missing: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse_answer(without(missing))


def test_a_sender_names_its_ssrcs_and_their_retransmission() -> None:
    codec = OfferedCodec("h264", 96, 90000, "packetization-mode=1", rtx_payload_type=97)
    offer = write_offer([OfferedMedia("video", "0", [codec], 5, 6)], ICE, FINGERPRINT, "name").splitlines()
    assert "a=ssrc-group:FID 5 6" in offer
    assert "a=fmtp:97 apt=96" in offer
    assert "a=sendonly" in offer
