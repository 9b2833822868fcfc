"""The client's answer to an offering server: what it takes, what it refuses, and in whose numbers."""

import pytest

from vtp.bench.client_answer import write_answer
from vtp.bench.client_dtls import Fingerprint, Role
from vtp.bench.client_sdp import IceCredentials, parse_answer
from vtp.media.sdp_parse import parse_session

ICE = IceCredentials("abcd", "p" * 32)
FINGERPRINT = Fingerprint("sha-256", ":".join(["AB"] * 32))
OFFER = """v=0
o=- 7 1 IN IP4 192.0.2.1
s=-
t=0 0
a=group:BUNDLE a v x d
a=fingerprint:sha-256 AA:BB
m=audio 9 UDP/TLS/RTP/SAVPF 111 9
c=IN IP4 192.0.2.1
a=sendonly
a=mid:a
a=ice-ufrag:serv
a=ice-pwd:serverpasswordserverpassword
a=setup:actpass
a=rtpmap:111 opus/48000/2
a=fmtp:111 useinbandfec=1
a=rtpmap:9 G722/8000
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=ssrc:11 cname:janus
a=candidate:1 1 udp 2015363327 192.0.2.1 40000 typ host
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98
c=IN IP4 192.0.2.1
a=sendonly
a=mid:v
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 transport-cc
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 rtx/90000
a=fmtp:98 apt=99
a=extmap:3/sendonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=ssrc-group:FID 21 22
a=ssrc:21 cname:janus
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 192.0.2.1
a=recvonly
a=mid:x
a=rtpmap:96 VP8/90000
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.1
a=mid:d
a=sctp-port:5000
"""


def sections(answer: str) -> list[list[str]]:
    """The lines of each m-line."""
    parts = ("\r\n" + answer).split("\r\nm=")[1:]
    return [("m=" + part).split("\r\n") for part in parts]


def test_what_is_sent_is_taken_and_everything_else_has_port_0_in_the_same_order() -> None:
    heads = [lines[0] for lines in sections(write_answer(OFFER, ICE, FINGERPRINT))]
    assert heads == [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
        "m=video 0 UDP/TLS/RTP/SAVPF 96",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    ]


def test_only_what_was_taken_is_bundled() -> None:
    assert "a=group:BUNDLE a v\r\n" in write_answer(OFFER, ICE, FINGERPRINT)


def test_extensions_keep_the_ids_of_the_offer_and_unknown_ones_go() -> None:
    audio, video, *_ = sections(write_answer(OFFER, ICE, FINGERPRINT))
    assert [line for line in audio if "extmap" in line] == ["a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"]
    assert any(line.startswith("a=extmap:3 http://www.ietf.org/id/draft-holmer") for line in video)


def test_lines_about_payload_types_that_go_go_with_them() -> None:
    text = write_answer(OFFER, ICE, FINGERPRINT)
    assert "a=rtcp-fb:96 transport-cc" in text and "a=fmtp:97 apt=96" in text
    assert "G722" not in text and "apt=99" not in text


def test_the_answer_says_our_role_and_receives() -> None:
    audio, *_ = sections(write_answer(OFFER, ICE, FINGERPRINT, role=Role.SERVER))
    assert {"a=setup:passive", "a=recvonly", "a=ice-ufrag:abcd", "a=rtcp-mux"} <= set(audio)


def test_unwanted_kinds_are_refused() -> None:
    audio, video, *_ = sections(write_answer(OFFER, ICE, FINGERPRINT, wanted=frozenset({"audio"})))
    assert audio[0].startswith("m=audio 9") and video[0].startswith("m=video 0")


def test_an_offer_with_nothing_to_receive_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="nothing in it"):
        write_answer(OFFER.replace("a=sendonly", "a=recvonly"), ICE, FINGERPRINT)


def test_the_servers_parser_reads_the_answer() -> None:
    answer = parse_session(write_answer(OFFER, ICE, FINGERPRINT))
    assert [media.kind for media in answer.media] == ["audio", "video", "video", "application"]


def test_an_offer_reads_like_an_answer() -> None:
    offer = parse_answer(OFFER)
    assert offer.role is Role.CLIENT and not offer.ice_lite
    assert offer.candidates == [("192.0.2.1", 40000)]
    assert [(m.mid, m.ssrc, m.rtx_ssrc) for m in offer.media[:2]] == [("a", 11, 0), ("v", 21, 22)]


def test_candidates_may_follow_a_description_that_says_so() -> None:
    trickled = "\n".join(line for line in OFFER.splitlines() if not line.startswith("a=candidate"))
    assert parse_answer(trickled, candidates_follow=True).candidates == []
    with pytest.raises(ValueError, match="no UDP candidate"):
        parse_answer(trickled)
