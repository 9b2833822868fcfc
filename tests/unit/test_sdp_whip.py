"""Answers to publishers."""

import pytest

from tests.unit.sdp_material import DTLS, ICE, line, offer, offer_names, publish
from vtp import _rtp_fast as fast
from vtp.media.capabilities import DEPENDENCY_DESCRIPTOR, MID, REPAIRED_RID, RID, router_codecs
from vtp.media.ortc import (
    generate_router_capabilities,
    get_consumable_parameters,
    get_producer_mapping,
    validate_producer_parameters,
)
from vtp.media.packet_path import producer_arguments
from vtp.media.parameters import RtcpFeedback, RtpParameters
from vtp.media.sdp import Direction, RidLine, SimulcastRid
from vtp.media.sdp_ortc import NotAcceptableMedia
from vtp.media.sdp_write import write_session

PUBLISHERS = [name for name in offer_names() if "publish" in name]


def producer(name: str, kind: str = "video", *replacements: tuple[str, str]) -> RtpParameters:
    answer, _ = publish(offer(name, *replacements))
    return next(media.rtp_parameters for media in answer.media if media.kind == kind)


@pytest.mark.parametrize("name", PUBLISHERS)
def test_answers_name_only_what_the_offer_named(name: str) -> None:
    offered = offer(name)
    _, answered = publish(offered)
    assert [media.kind for media in answered.media] == [media.kind for media in offered.media]
    assert [media.mid for media in answered.media] == [media.mid for media in offered.media]
    for theirs, ours in zip(offered.media, answered.media, strict=True):
        assert set(ours.formats) <= set(theirs.formats)
        assert {(e.id, e.uri) for e in ours.extensions} <= {(e.id, e.uri) for e in theirs.extensions}
        assert {(r.rid, r.direction) for r in ours.rids} <= {(r.rid, "recv") for r in theirs.rids}
        assert set(ours.feedback) <= set(theirs.feedback)


@pytest.mark.parametrize("name", PUBLISHERS)
def test_every_publisher_feeds_an_audio_and_a_video_producer(name: str) -> None:
    answer, _ = publish(offer(name))
    capabilities = generate_router_capabilities()
    assert [media.kind for media in answer.media] == ["audio", "video"]
    for media in answer.media:
        parameters = validate_producer_parameters(media.kind, media.rtp_parameters)
        mapping = get_producer_mapping(parameters, capabilities, lambda: 7)
        consumable = get_consumable_parameters(media.kind, parameters, capabilities, mapping, "cname")
        assert consumable.codecs[0].mime_type.lower() == parameters.codecs[0].mime_type.lower()
        assert RtpParameters.from_json(parameters.to_json()) == parameters


def test_our_side_of_the_transport_is_on_every_accepted_line() -> None:
    _, answered = publish(offer("chromium_publish_all_codecs"))
    assert answered.transport.ice_lite
    for media in answered.media:
        transport = media.transport
        assert (transport.ice_ufrag, transport.ice_pwd) == (ICE.username_fragment, ICE.password)
        assert transport.fingerprints[0].value == DTLS.fingerprints[0].value
        assert [(c.protocol, c.address) for c in transport.candidates] == [
            ("udp", "192.0.2.7"),
            ("udp", "2001:db8::7"),
            ("tcp", "192.0.2.7"),
        ]
        assert transport.end_of_candidates
        assert (media.port, media.connection) == (40000, "IN IP4 192.0.2.7")
        assert media.rtcp_mux
        assert media.rtcp_rsize
        assert media.direction is Direction.RECVONLY


def test_extmap_allow_mixed_is_echoed_where_it_was_offered() -> None:
    assert publish(offer("chromium_publish_vp8"))[1].extmap_allow_mixed
    assert not publish(offer("obs_publish"))[1].extmap_allow_mixed


def test_browsers_keep_their_own_codec_order() -> None:
    parameters = producer("chromium_publish_all_codecs")
    assert [codec.name for codec in parameters.media_codecs()] == [
        "vp8",
        "h264",
        "h264",
        "h264",
        "av1",
        "vp9",
    ]


def test_preferred_codecs_come_first() -> None:
    answer, answered = publish(offer("chromium_publish_all_codecs"), prefer=("H264", "VP9"))
    names = [codec.name for codec in answer.media[1].rtp_parameters.media_codecs()]
    assert names == ["h264", "h264", "h264", "vp9", "vp8", "av1"]
    assert line(answered, "video").codecs[0].name == "H264"


def test_constrained_baseline_stands_before_the_other_h264_profiles() -> None:
    parameters = producer("chromium_publish_h264")
    profiles = [codec.parameters["profile-level-id"] for codec in parameters.media_codecs()]
    assert profiles == ["42e01f", "42001f", "4d001f"]


def test_h264_with_packetization_mode_0_is_not_taken() -> None:
    parameters = producer("firefox_publish_simulcast")
    assert 126 in [codec.payload_type for codec in parameters.codecs]
    assert 97 not in [codec.payload_type for codec in parameters.codecs]


def test_unknown_profiles_of_vp9_are_not_taken() -> None:
    parameters = producer("chromium_publish_vp9")
    assert [codec.parameters["profile-id"] for codec in parameters.media_codecs()] == [0]


def test_every_video_codec_keeps_its_rtx() -> None:
    parameters = producer("chromium_publish_vp8")
    assert [(codec.name, codec.payload_type, codec.apt) for codec in parameters.codecs] == [
        ("vp8", 96, None),
        ("rtx", 97, 96),
    ]


def test_feedback_is_what_both_know_and_one_congestion_control() -> None:
    parameters = producer("chromium_publish_vp8")
    assert [(f.type, f.parameter) for f in parameters.codecs[0].rtcp_feedback] == [
        ("transport-cc", ""),
        ("ccm", "fir"),
        ("nack", ""),
        ("nack", "pli"),
    ]


def test_remb_is_left_to_publishers_without_transport_wide_feedback() -> None:
    uri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    parameters = producer("chromium_publish_vp8", "video", (uri, "urn:other"))
    types = [feedback.type for feedback in parameters.codecs[0].rtcp_feedback]
    assert "goog-remb" in types
    assert "transport-cc" not in types


def test_obs_without_any_extension_still_gets_nack_and_pli() -> None:
    parameters = producer("obs_publish")
    assert parameters.codecs[0].rtcp_feedback == [
        RtcpFeedback(type="nack"),
        RtcpFeedback(type="nack", parameter="pli"),
        RtcpFeedback(type="goog-remb"),
    ]
    assert parameters.header_extensions == []


def test_extensions_keep_the_ids_of_the_publisher() -> None:
    parameters = producer("chromium_publish_simulcast")
    offered = line(offer("chromium_publish_simulcast"), "video")
    ids = {extension.uri: extension.id for extension in offered.extensions}
    for uri in (MID, RID, REPAIRED_RID, DEPENDENCY_DESCRIPTOR):
        assert parameters.extension_id(uri) == ids[uri]


def test_extension_directions_are_answered_from_our_side() -> None:
    _, answered = publish(offer("firefox_publish_simulcast"))
    directions = {extension.id: extension.direction for extension in line(answered, "video").extensions}
    assert directions == {3: None, 4: None, 5: None, 7: None, 8: Direction.RECVONLY, 9: Direction.RECVONLY}


def test_each_simulcast_rid_is_answered() -> None:
    answer, answered = publish(offer("chromium_publish_simulcast"))
    video = line(answered, "video")
    assert video.rids == [RidLine("q", "recv"), RidLine("h", "recv"), RidLine("f", "recv")]
    assert video.simulcast is not None
    assert video.simulcast.recv == [[SimulcastRid("q")], [SimulcastRid("h")], [SimulcastRid("f")]]
    assert "a=simulcast:recv q;h;f\r\n" in answer.sdp
    encodings = answer.media[1].rtp_parameters.encodings
    assert [(e.rid, e.ssrc) for e in encodings] == [("q", None), ("h", None), ("f", None)]


def test_simulcast_order_wins_over_rid_order() -> None:
    answer, _ = publish(offer("chromium_publish_simulcast", ("send q;h;f", "send f;~h;q")))
    assert [e.rid for e in answer.media[1].rtp_parameters.encodings] == ["f", "h", "q"]


def test_a_single_rid_needs_no_simulcast_line() -> None:
    answer, answered = publish(
        offer(
            "chromium_publish_simulcast",
            ("a=simulcast:send q;h;f\r\n", ""),
            ("a=rid:h send\r\na=rid:f send\r\n", ""),
        )
    )
    assert [e.rid for e in answer.media[1].rtp_parameters.encodings] == ["q"]
    assert line(answered, "video").rids == [RidLine("q", "recv")]
    assert line(answered, "video").simulcast is None


def test_simulcast_without_rid_extension_falls_back_to_one_encoding() -> None:
    answer, answered = publish(offer("obs_publish_simulcast", ("sdes:rtp-stream-id", "sdes:other")))
    assert line(answered, "video").simulcast is None
    assert line(answered, "video").rids == []
    assert len(answer.media[1].rtp_parameters.encodings) == 1


def test_a_rid_limited_to_rejected_payload_types_is_not_taken() -> None:
    changed = offer(
        "chromium_publish_simulcast",
        ("a=rid:q send", "a=rid:q send pt=118"),
        ("a=rid:h send", "a=rid:h send pt=118,96"),
    )
    _, answered = publish(changed)
    assert line(answered, "video").rids == [RidLine("h", "recv", {"pt": "96"}), RidLine("f", "recv")]


def test_ssrcs_and_their_repair_streams_are_known_from_the_offer() -> None:
    offered = line(offer("chromium_publish_vp8"), "video")
    media, rtx = offered.ssrc_groups[0].ssrcs
    (encoding,) = producer("chromium_publish_vp8").encodings
    assert encoding.ssrc == media
    assert encoding.rtx is not None
    assert encoding.rtx.ssrc == rtx


def test_a_sim_group_gives_one_encoding_per_layer() -> None:
    group = "a=ssrc-group:SIM 3388068601 5 6\r\na=ssrc-group:FID 5 7\r\na=ssrc:3388068601 cname"
    (first, second, third) = producer("obs_publish", "video", ("a=ssrc:3388068601 cname", group)).encodings
    assert (first.ssrc, second.ssrc, third.ssrc) == (3388068601, 5, 6)
    assert second.rtx is not None
    assert second.rtx.ssrc == 7


def test_a_line_without_ssrcs_is_one_open_encoding() -> None:
    (encoding,) = producer("gstreamer_publish", "video", ("a=ssrc:2", "a=odd:2")).encodings
    assert (encoding.ssrc, encoding.rid, encoding.rtx) == (None, None, None)


def test_cname_and_msid_are_kept() -> None:
    parameters = producer("ffmpeg_publish")
    assert (parameters.rtcp.cname, parameters.msid) == ("FFmpeg", "FFmpeg video")
    assert producer("gstreamer_publish").msid == "user2758407039@host-74d09c1a webrtctransceiver1"


def test_numbers_in_fmtp_are_numbers_but_profiles_stay_text() -> None:
    parameters = producer("obs_publish", "video", ("42e01f", "640032"))
    assert parameters.codecs[0].parameters == {
        "profile-level-id": "640032",
        "packetization-mode": 1,
        "level-asymmetry-allowed": 1,
    }


RED_FIRST = ("UDP/TLS/RTP/SAVPF 111 63", "UDP/TLS/RTP/SAVPF 63 111")


def sound_line(*replacements: tuple[str, str]) -> tuple[list[str], dict[str, int]]:
    """Formats of the answer's line of sound, and payload types of its producer by name."""
    answer, answered = publish(offer("chromium_publish_vp8", *replacements))
    (sound,) = [media.rtp_parameters for media in answer.media if media.kind == "audio"]
    return answered.media[0].formats, {codec.name: codec.payload_type for codec in sound.codecs}


def test_red_stands_behind_or_before_its_opus_as_offered() -> None:
    assert sound_line()[0][:2] == ["111", "63"]
    formats, codecs = sound_line(RED_FIRST)
    assert formats[:2] == ["63", "111"]
    assert (codecs["red"], codecs["opus"]) == (63, 111)
    text = write_session(publish(offer("chromium_publish_vp8", RED_FIRST))[1])
    assert "a=rtpmap:63 red/48000/2" in text and "a=fmtp:63 111/111" in text


@pytest.mark.parametrize("blocks", ["a=fmtp:63 111/110", "a=fmtp:63 9/9", "a=fmtp:63 x=1", "a=fmtp:63 /"])
def test_red_of_anything_but_the_agreed_opus_is_not_taken(blocks: str) -> None:
    formats, codecs = sound_line(("a=fmtp:63 111/111", blocks))
    assert "63" not in formats and "red" not in codecs


def test_red_of_another_clock_is_not_taken() -> None:
    assert "63" not in sound_line(("red/48000/2", "red/8000"))[0]


def test_producer_of_red_alone_is_refused() -> None:
    codec = {"mimeType": "audio/red", "payloadType": 63, "clockRate": 48000, "channels": 2}
    with pytest.raises(ValueError, match="names RED alone"):
        validate_producer_parameters("audio", RtpParameters.from_json({"codecs": [codec]}))


def test_producer_of_red_is_one_of_opus_that_the_packet_path_is_told_both_of() -> None:
    parameters = validate_producer_parameters("audio", producer("chromium_publish_vp8", "audio", RED_FIRST))
    capabilities = generate_router_capabilities()
    mapping = get_producer_mapping(parameters, capabilities, lambda: 7)
    consumable = get_consumable_parameters("audio", parameters, capabilities, mapping, "cname")
    assert [codec.name for codec in consumable.codecs][:1] == ["opus"]
    assert "red" not in {codec.name for codec in consumable.codecs}
    arguments = producer_arguments("audio", parameters)
    assert (63, fast.CODEC_RED, 48_000, -1) in arguments["codecs"]
    assert (111, fast.CODEC_OPUS, 48_000, -1) in arguments["codecs"]


def test_stereo_is_asked_for_where_it_is_sent() -> None:
    _, answered = publish(offer("gstreamer_publish"))
    assert line(answered, "audio").codecs[0].parameters == {"useinbandfec": "1", "stereo": "1"}


@pytest.mark.parametrize(
    ("offered", "role", "answered"),
    [
        ("actpass", "server", "passive"),
        ("active", "server", "passive"),
        ("passive", "client", "active"),
    ],
)
def test_the_dtls_role_follows_the_offer(offered: str, role: str, answered: str) -> None:
    answer, description = publish(offer("obs_publish", ("setup:actpass", f"setup:{offered}")))
    assert answer.remote.dtls_role == role
    assert [media.transport.setup for media in description.media] == [answered, answered]


def test_ffmpeg_is_answered_as_dtls_client() -> None:
    answer, _ = publish(offer("ffmpeg_publish"))
    assert answer.remote.dtls_role == "client"
    assert answer.remote.ufrag == line(offer("ffmpeg_publish"), "audio").transport.ice_ufrag


def test_credentials_at_session_level_hold_for_every_line() -> None:
    answer, _ = publish(offer("obs_publish"))
    assert (answer.remote.ufrag, answer.remote.password) == ("nxcM", "ezjAjgSSLLvbRhUA1zc6Se")
    assert answer.remote.fingerprints[0].value.startswith("4E:7F")


def test_a_bundle_only_line_with_port_0_is_accepted() -> None:
    _, answered = publish(offer("gstreamer_publish"))
    assert [media.port for media in answered.media] == [40000, 40000]
    assert answered.groups[0].mids == ("audio0", "video1")


def test_a_rejected_data_channel_leaves_the_bundle() -> None:
    answer, answered = publish(offer("chromium_publish_data_first"))
    assert [(media.kind, media.port > 0) for media in answered.media] == [
        ("application", False),
        ("audio", True),
        ("video", True),
    ]
    assert answered.groups[0].mids == ("1", "2")
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n" in answer.sdp
    assert answer.remote.ufrag == line(offer("chromium_publish_data_first"), "audio").transport.ice_ufrag


def test_a_line_outside_the_bundle_is_rejected() -> None:
    answer, answered = publish(offer("obs_publish", ("BUNDLE 0 1", "BUNDLE 1")))
    assert [media.port for media in answered.media] == [0, 40000]
    assert [media.kind for media in answer.media] == ["video"]


def test_a_single_line_needs_no_bundle() -> None:
    one = offer("obs_publish", ("a=group:BUNDLE 0 1\r\n", ""), ("m=audio 57249", "m=audio 0"))
    answer, answered = publish(one)
    assert [media.kind for media in answer.media] == ["video"]
    assert answered.groups == []


def test_several_lines_without_bundle_are_refused() -> None:
    with pytest.raises(NotAcceptableMedia, match="must bundle"):
        publish(offer("obs_publish", ("a=group:BUNDLE 0 1\r\n", "")))


def test_a_second_line_of_a_kind_is_rejected() -> None:
    _, answered = publish(
        offer(
            "obs_publish",
            ("m=audio", "m=video"),
            (" 111\r", " 96\r"),
            ("rtpmap:111 opus/48000/2", "rtpmap:96 VP8/90000"),
        )
    )
    assert [media.port for media in answered.media] == [40000, 0]


def test_a_line_without_mid_is_named_by_its_place() -> None:
    bare = offer(
        "obs_publish", ("a=group:BUNDLE 0 1\r\n", ""), ("m=audio 57249", "m=audio 0"), ("a=mid:1\r\n", "")
    )
    answer, answered = publish(bare)
    assert answer.media[0].mid == "1"
    assert answer.media[0].rtp_parameters.mid is None
    assert answered.media[1].mid is None


@pytest.mark.parametrize(
    ("replacements", "sentence"),
    [
        ([("H264/90000", "H265/90000"), ("opus/48000", "speex/48000")], "no codec that can be taken .speex."),
        (
            [("packetization-mode=1;", ""), ("opus/48000", "speex/48000")],
            "H264 with packetization-mode=1|packetization",
        ),
        ([("a=sendonly", "a=recvonly")], "sends nothing"),
        ([("a=rtcp-mux\r\n", "")], "does not multiplex RTCP"),
        ([("UDP/TLS/RTP/SAVPF", "RTP/AVP")], "instead of DTLS-SRTP"),
        ([("m=audio 57249", "m=audio 0"), ("m=video 57249", "m=video 0")], "disabled by the offer"),
        ([("a=setup:actpass", "a=ice-lite\r\na=setup:actpass")], "one side must send ICE checks"),
    ],
)
def test_unknown_media_is_refused_with_a_reason(replacements: list[tuple[str, str]], sentence: str) -> None:
    with pytest.raises(NotAcceptableMedia, match=sentence):
        publish(offer("obs_publish", *replacements))


@pytest.mark.parametrize(
    ("replacement", "sentence"),
    [
        (("a=ice-ufrag:nxcM\r\n", ""), "lacks ICE credentials"),
        (("a=fingerprint:sha-256", "a=fingerprint:md5"), "lacks a certificate fingerprint"),
        (("setup:actpass", "setup:holdconn"), "is not actpass, active or passive"),
        (("a=mid:1", "a=mid:0"), "same a=mid"),
    ],
)
def test_an_offer_that_cannot_connect_is_an_error(replacement: tuple[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        publish(offer("obs_publish", replacement))
    assert not isinstance(caught.value, NotAcceptableMedia)


def test_a_router_with_few_codecs_takes_only_those() -> None:
    capabilities = generate_router_capabilities(router_codecs(["opus", "VP8"]))
    answer, _ = publish(offer("chromium_publish_all_codecs"), capabilities=capabilities)
    assert [codec.name for codec in answer.media[1].rtp_parameters.media_codecs()] == ["vp8"]
