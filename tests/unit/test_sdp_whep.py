"""Answers to viewers."""

import pytest

from tests.unit.sdp_material import DTLS, ICE, line, offer, publish, watch
from vtp import _rtp_fast as fast
from vtp.media.capabilities import ABS_SEND_TIME, MID, RID, TRANSPORT_CC
from vtp.media.ortc import generate_router_capabilities, get_consumable_parameters, get_producer_mapping
from vtp.media.parameters import Kind, RtpParameters
from vtp.media.sdp import Direction, SsrcGroup
from vtp.media.sdp_ortc import NotAcceptableMedia, WhepLine


def consumables(name: str) -> dict[Kind, RtpParameters]:
    """What a captured publisher offers to consumers, by kind."""
    answer, _ = publish(offer(name))
    capabilities = generate_router_capabilities()
    return {
        media.kind: get_consumable_parameters(
            media.kind,
            media.rtp_parameters,
            capabilities,
            get_producer_mapping(media.rtp_parameters, capabilities, lambda: 7),
            "cname",
        )
        for media in answer.media
    }


def feedback(line: WhepLine) -> set[str]:
    """Names of what was agreed on."""
    return {name for name in ("nack", "pli", "transport_cc", "remb") if getattr(line, name)}


def test_every_line_is_sent_on_before_anything_is_published() -> None:
    answer, answered = watch(offer("chromium_watch"))
    assert [media.kind for media in answer.media] == ["audio", "video"]
    assert [media.direction for media in answered.media] == [Direction.SENDONLY, Direction.SENDONLY]
    assert answered.groups[0].mids == ("0", "1")
    assert answered.transport.ice_lite
    assert answered.media[1].transport.ice_ufrag == ICE.username_fragment
    assert answered.media[1].transport.fingerprints[0].value == DTLS.fingerprints[0].value
    assert answer.remote.dtls_role == "server"


def test_all_codecs_both_know_are_named_with_their_rtx() -> None:
    answer, answered = watch(offer("chromium_watch"))
    video = answer.media[1]
    assert [(c.name, c.payload_type, c.rtx_payload_type) for c in video.line.codecs] == [
        ("vp8", 96, 97),
        ("vp9", 98, 99),
        ("h264", 108, 109),
        ("h264", 102, 103),
        ("h264", 116, 117),
        ("av1", 45, 46),
    ]
    formats = line(answered, "video").formats
    assert [int(text) for text in formats] == [96, 97, 98, 99, 108, 109, 102, 103, 116, 117, 45, 46]
    assert [(c.name, c.payload_type, c.rtx_payload_type) for c in answer.media[0].line.codecs] == [
        ("opus", 111, None),
        ("pcmu", 0, None),
        ("pcma", 8, None),
    ]


def test_red_is_taken_where_it_is_offered_and_named_as_the_viewer_does() -> None:
    answer, answered = watch(offer("chromium_watch"))
    assert line(answered, "audio").formats[:2] == ["111", "63"]
    assert (fast.CODEC_RED, 63, -1) in answer.media[0].line.form.codecs
    safari, _ = watch(offer("safari_watch"))
    assert fast.CODEC_RED not in [codec for codec, _, _ in safari.media[0].line.form.codecs]


def test_ssrcs_are_fixed_and_announced() -> None:
    answer, answered = watch(offer("chromium_watch"))
    audio, video = answer.media
    assert (audio.ssrc, audio.rtx_ssrc, video.ssrc, video.rtx_ssrc) == (1000, None, 1001, 1002)
    described = line(answered, "video")
    assert described.ssrc_groups == [SsrcGroup("FID", (1001, 1002))]
    assert described.ssrcs == {
        1001: {"cname": "presenter", "msid": "program video"},
        1002: {"cname": "presenter", "msid": "program video"},
    }
    assert described.msids == ["program video"]
    assert line(answered, "audio").ssrcs == {1000: {"cname": "presenter", "msid": "program audio"}}


def test_extensions_that_only_publishers_need_are_left_out() -> None:
    answer, _ = watch(offer("chromium_watch"))
    audio, video = answer.media
    assert video.line.extensions[MID] == 4
    assert video.line.extensions[TRANSPORT_CC] == 3
    assert RID not in video.line.extensions
    assert TRANSPORT_CC not in audio.line.extensions
    assert ABS_SEND_TIME in audio.line.extensions


def test_feedback_flags_say_what_was_agreed() -> None:
    audio, video = watch(offer("chromium_watch"))[0].media
    assert feedback(video.line) == {"nack", "pli", "transport_cc"}
    assert feedback(audio.line) == set()


def test_remb_serves_viewers_without_transport_wide_feedback() -> None:
    video = watch(offer("chromium_watch", (TRANSPORT_CC, "urn:other")))[0].media[1]
    assert feedback(video.line) == {"nack", "pli", "remb"}


def test_no_rtx_is_promised_to_a_viewer_that_does_not_nack() -> None:
    _, answered = watch(offer("chromium_watch", (" nack\r\n", " odd\r\n")))
    assert line(answered, "video").ssrc_groups == []
    assert "rtx" not in [codec.name for codec in line(answered, "video").codecs]


def test_with_producers_only_their_kinds_and_codecs_are_named() -> None:
    producers = consumables("obs_publish")
    answer, _ = watch(offer("chromium_watch"), producers)
    assert [codec.name for codec in answer.media[0].line.codecs] == ["opus"]
    assert {codec.name for codec in answer.media[1].line.codecs} == {"h264"}
    video = producers["video"]
    answer, answered = watch(offer("chromium_watch"), {"video": video})
    assert [media.kind for media in answer.media] == ["video"]
    assert [media.port for media in answered.media] == [0, 40000]


def test_parameters_have_mediasoups_shape() -> None:
    video = watch(offer("safari_watch"))[0].media[1].rtp_parameters.to_json()
    assert video["mid"] == "1"
    assert video["encodings"] == [{"ssrc": 1001, "rtx": {"ssrc": 1002}}]
    assert video["rtcp"] == {"cname": "presenter", "reducedSize": True}
    assert [codec["payloadType"] for codec in video["codecs"]] == [98, 99, 96, 97, 100, 101]


@pytest.mark.parametrize(
    ("replacements", "producers", "sentence"),
    [
        ([("a=recvonly", "a=sendonly")], None, "receives nothing"),
        ([("m=audio", "m=text"), ("m=video", "m=image")], None, "only audio and video"),
        ([], {}, "which is not published"),
    ],
)
def test_an_offer_to_watch_nothing_is_refused(
    replacements: list[tuple[str, str]], producers: dict[Kind, RtpParameters] | None, sentence: str
) -> None:
    with pytest.raises(NotAcceptableMedia, match=sentence):
        watch(offer("chromium_watch", *replacements), producers)
