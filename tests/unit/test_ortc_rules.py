"""From a producer's parameters over the router's to a consumer's: mediasoup's cases, told anew."""

from typing import Any

import pytest

from tests.unit.sdp_material import ssrcs
from vtp.media.capabilities import ABS_SEND_TIME, MID, RID, TRANSPORT_CC, router_codecs
from vtp.media.ortc import (
    ScalabilityMode,
    UnsupportedCodec,
    can_consume,
    generate_router_capabilities,
    get_consumable_parameters,
    get_consumer_parameters,
    get_producer_mapping,
    get_stream_type,
    parse_scalability_mode,
    validate_producer_parameters,
)
from vtp.media.parameters import Kind, RtcpFeedback, RtpCapabilities, RtpCodecCapability, RtpParameters

OPUS = {"mimeType": "audio/opus", "clockRate": 48000, "channels": 2}
VP8 = {"mimeType": "video/VP8", "clockRate": 90000}
H264 = {
    "mimeType": "video/H264",
    "clockRate": 90000,
    "parameters": {"packetization-mode": 1, "level-asymmetry-allowed": 1, "profile-level-id": "42e01f"},
}


def router(*codecs: dict[str, Any]) -> RtpCapabilities:
    return generate_router_capabilities([RtpCodecCapability.from_json(codec) for codec in codecs])


def parameters(*codecs: dict[str, Any], **members: Any) -> RtpParameters:
    return RtpParameters.from_json({"codecs": list(codecs), "encodings": [{"ssrc": 11111}]} | members)


def vp8(payload_type: int = 112, **changes: Any) -> dict[str, Any]:
    return VP8 | {"payloadType": payload_type} | changes


def rtx(payload_type: int, apt: int) -> dict[str, Any]:
    return {
        "mimeType": "video/rtx",
        "clockRate": 90000,
        "payloadType": payload_type,
        "parameters": {"apt": apt},
    }


def consumable(kind: Kind, produced: RtpParameters, capabilities: RtpCapabilities) -> RtpParameters:
    checked = validate_producer_parameters(kind, produced)
    mapping = get_producer_mapping(checked, capabilities, ssrcs(5000))
    return get_consumable_parameters(kind, checked, capabilities, mapping, "transportcname")


def endpoint(capabilities: RtpCapabilities, **codec_changes: Any) -> RtpCapabilities:
    """What a mediasoup-client answers: the router's codecs with the router's payload types."""
    copy = capabilities.model_copy(deep=True)
    for codec in copy.codecs:
        for name, value in codec_changes.items():
            setattr(codec, name, value)
    return copy


# --- router capabilities


def test_payload_types_are_given_in_order_and_video_gets_rtx() -> None:
    found = [(c.name, c.preferred_payload_type, c.apt) for c in router(OPUS, VP8, H264).codecs]
    assert found == [
        ("opus", 100, None),
        ("vp8", 101, None),
        ("rtx", 102, 101),
        ("h264", 103, None),
        ("rtx", 104, 103),
    ]


def test_static_payload_types_stay() -> None:
    pcmu = {"mimeType": "audio/PCMU", "clockRate": 8000}
    assert router(pcmu).codecs[0].preferred_payload_type == 0


def test_wanted_payload_types_are_kept_and_not_given_twice() -> None:
    found = router(OPUS, VP8 | {"preferredPayloadType": 100})
    assert [codec.preferred_payload_type for codec in found.codecs] == [101, 100, 102]


def test_payload_type_127_stays_free_for_the_probator() -> None:
    assert 127 not in [codec.preferred_payload_type for codec in generate_router_capabilities().codecs]


def test_every_codec_of_the_server_fits() -> None:
    names = {codec.name for codec in generate_router_capabilities().codecs}
    assert names == {"opus", "pcmu", "pcma", "vp8", "h264", "vp9", "av1", "rtx"}


def test_capabilities_have_exactly_mediasoups_shape() -> None:
    found = router(OPUS, VP8).to_json()
    assert found["codecs"][0] == {
        "kind": "audio",
        "mimeType": "audio/opus",
        "clockRate": 48000,
        "channels": 2,
        "preferredPayloadType": 100,
        "parameters": {"useinbandfec": 1},
        "rtcpFeedback": [{"type": "nack", "parameter": ""}, {"type": "transport-cc", "parameter": ""}],
    }
    assert found["codecs"][2] == {
        "kind": "video",
        "mimeType": "video/rtx",
        "preferredPayloadType": 102,
        "clockRate": 90000,
        "parameters": {"apt": 101},
        "rtcpFeedback": [],
    }
    assert found["headerExtensions"][0] == {
        "kind": "audio",
        "uri": MID,
        "preferredId": 1,
        "preferredEncrypt": False,
        "direction": "sendrecv",
    }


def test_extension_ids_are_unique_and_fit_the_one_byte_form() -> None:
    by_id: dict[int, str] = {}
    for extension in generate_router_capabilities().header_extensions:
        assert 1 <= extension.preferred_id <= 14
        assert by_id.setdefault(extension.preferred_id, extension.uri) == extension.uri


def test_names_of_codecs_are_found_in_any_case() -> None:
    assert [codec.mime_type for codec in router(VP8 | {"mimeType": "video/vp8"}).codecs] == [
        "video/VP8",
        "video/rtx",
    ]


def test_a_wanted_parameter_wins() -> None:
    assert router(OPUS | {"parameters": {"useinbandfec": 0, "foo": "bar"}}).codecs[0].parameters == {
        "useinbandfec": 0,
        "foo": "bar",
    }


@pytest.mark.parametrize(
    "codec",
    [
        {"mimeType": "audio/chicken", "clockRate": 8000, "channels": 4},
        {"mimeType": "audio/opus", "clockRate": 48000, "channels": 1},
        {"mimeType": "video/VP8", "clockRate": 80000},
    ],
)
def test_an_unknown_codec_is_refused(codec: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedCodec, match="not known to this server"):
        router(codec)


def test_a_payload_type_used_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="same preferredPayloadType"):
        router(OPUS | {"preferredPayloadType": 120}, VP8 | {"preferredPayloadType": 120})


def test_too_many_codecs_are_refused() -> None:
    with pytest.raises(ValueError, match="more codecs than there are dynamic payload types"):
        router(*([VP8] * 16))


def test_an_unknown_codec_name_is_refused() -> None:
    with pytest.raises(ValueError, match="chicken is not a codec of this server"):
        router_codecs(["opus", "chicken"])


# --- producer


def test_a_producer_maps_payload_types_and_ssrcs() -> None:
    produced = parameters(
        vp8(112), rtx(113, 112), encodings=[{"ssrc": 1, "rtx": {"ssrc": 2}}, {"ssrc": 3}, {"rid": "r"}]
    )
    mapping = get_producer_mapping(produced, router(OPUS, VP8), ssrcs(5000))
    assert mapping.codecs == {112: 101, 113: 102}
    assert [(e.ssrc, e.rid, e.mapped_ssrc) for e in mapping.encodings] == [
        (1, None, 5000),
        (3, None, 5001),
        (None, "r", 5002),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"mimeType": "video/VP9"},
        {"clockRate": 8000},
        H264 | {"parameters": {"packetization-mode": 1, "profile-level-id": "4d001f"}},
        H264 | {"parameters": {"packetization-mode": 0, "profile-level-id": "42e01f"}},
        H264 | {"parameters": {"packetization-mode": 1, "profile-level-id": "nonsense"}},
        {"mimeType": "video/AV1"},
    ],
)
def test_a_producer_with_another_codec_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedCodec):
        get_producer_mapping(parameters(vp8(**change)), router(OPUS, VP8, H264), ssrcs())


def test_profiles_of_vp9_and_av1_must_agree_and_default_to_0() -> None:
    capabilities = router(
        {"mimeType": "video/VP9", "clockRate": 90000}, {"mimeType": "video/AV1", "clockRate": 90000}
    )
    for name, parameter in (("VP9", "profile-id"), ("AV1", "profile")):
        plain = vp8(mimeType=f"video/{name}")
        get_producer_mapping(parameters(plain), capabilities, ssrcs())
        get_producer_mapping(parameters(plain | {"parameters": {parameter: "0"}}), capabilities, ssrcs())
        with pytest.raises(UnsupportedCodec):
            get_producer_mapping(parameters(plain | {"parameters": {parameter: 2}}), capabilities, ssrcs())


def test_rtx_without_its_media_codec_is_refused() -> None:
    with pytest.raises(ValueError, match="RTX payload type 113 has no media codec with payload type 99"):
        get_producer_mapping(parameters(vp8(112), rtx(113, 99)), router(VP8), ssrcs())


@pytest.mark.parametrize(
    ("produced", "sentence"),
    [
        (
            parameters(OPUS | {"payloadType": 100}),
            r"codecs\[0\].mimeType is audio/opus in a producer of video",
        ),
        (parameters(rtx(97, 96), vp8(96)), r"codecs\[0\] is RTX"),
        (parameters(vp8(96), vp8(96)), "same payloadType twice"),
        (parameters(vp8(), encodings=[{"rid": "a"}, {"rid": "a"}]), "same rid twice"),
        (parameters(vp8(), encodings=[{"ssrc": 1, "rtx": {"ssrc": 1}}]), "same ssrc twice"),
        (parameters(vp8(), encodings=[{}, {}]), "neither rid nor ssrc"),
        (
            parameters(vp8(), headerExtensions=[{"uri": "a", "id": 1}, {"uri": "b", "id": 1}]),
            "headerExtensions names the same id twice",
        ),
    ],
)
def test_what_cannot_be_produced_is_refused_with_a_sentence(produced: RtpParameters, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        validate_producer_parameters("video", produced)


def test_a_producer_without_encodings_has_one() -> None:
    assert len(validate_producer_parameters("video", parameters(vp8(), encodings=[])).encodings) == 1


# --- consumable


def test_consumable_parameters_are_in_the_routers_terms() -> None:
    produced = parameters(
        vp8(112, parameters={"x-google-start-bitrate": 1000}),
        rtx(113, 112),
        headerExtensions=[{"uri": MID, "id": 12}],
        encodings=[
            {"rid": "a", "maxBitrate": 100},
            {"rid": "b", "maxBitrate": 900, "scalabilityMode": "L1T3"},
        ],
        rtcp={"cname": "own"},
        msid="s t",
    )
    found = consumable("video", produced, router(OPUS, VP8)).to_json()
    assert [(c["payloadType"], c["parameters"]) for c in found["codecs"]] == [
        (101, {"x-google-start-bitrate": 1000}),
        (102, {"apt": 101}),
    ]
    assert [f["type"] for f in found["codecs"][0]["rtcpFeedback"]] == [
        "nack",
        "nack",
        "ccm",
        "goog-remb",
        "transport-cc",
    ]
    assert found["encodings"] == [
        {"ssrc": 5000, "maxBitrate": 100},
        {"ssrc": 5001, "maxBitrate": 900, "scalabilityMode": "L1T3"},
    ]
    assert found["rtcp"] == {"cname": "transportcname", "reducedSize": True}
    assert found["msid"] == "s t"
    uris = [extension["uri"] for extension in found["headerExtensions"]]
    assert MID in uris
    assert RID not in uris


def test_rtx_is_consumable_even_when_the_producer_has_none() -> None:
    assert [c.name for c in consumable("video", parameters(vp8()), router(VP8)).codecs] == ["vp8", "rtx"]


def test_h264_answers_with_our_level_where_asymmetry_is_allowed() -> None:
    low = H264["parameters"] | {"profile-level-id": "42e015"}  # type: ignore[operator]
    produced = parameters(H264 | {"payloadType": 99, "parameters": low})
    assert consumable("video", produced, router(H264)).codecs[0].parameters["profile-level-id"] == "42e01f"
    low.pop("level-asymmetry-allowed")
    produced = parameters(H264 | {"payloadType": 99, "parameters": low})
    assert consumable("video", produced, router(H264)).codecs[0].parameters["profile-level-id"] == "42e015"


def test_nothing_passed_in_is_changed() -> None:
    capabilities = router(OPUS, VP8, H264)
    produced = parameters(vp8(112), rtx(113, 112))
    before = (capabilities.model_copy(deep=True), produced.model_copy(deep=True))
    source = consumable("video", produced, capabilities)
    kept = source.model_copy(deep=True)
    get_consumer_parameters(source, endpoint(capabilities), mid="0", allocate_ssrc=ssrcs())
    assert (capabilities, produced) == before
    assert source == kept


# --- consumer


def test_an_endpoint_that_knows_a_codec_can_consume_it() -> None:
    capabilities = router(OPUS, VP8, H264)
    source = consumable("video", parameters(vp8()), capabilities)
    assert can_consume(source, endpoint(capabilities))
    assert not can_consume(source, router(OPUS))
    assert not can_consume(source, RtpCapabilities())


def test_an_endpoint_with_only_rtx_cannot_consume() -> None:
    capabilities = router(VP8)
    source = consumable("video", parameters(vp8()), capabilities)
    only_rtx = RtpCapabilities(codecs=[codec for codec in capabilities.codecs if codec.is_rtx])
    assert not can_consume(source, only_rtx)
    with pytest.raises(UnsupportedCodec, match=r"none of the producer's codecs \(video/VP8\)"):
        get_consumer_parameters(source, only_rtx, mid="0", allocate_ssrc=ssrcs())


def test_consumer_parameters_have_exactly_mediasoups_shape() -> None:
    capabilities = router(OPUS, VP8)
    produced = parameters(
        vp8(112),
        encodings=[
            {"rid": "a", "scalabilityMode": "L1T3", "maxBitrate": 5},
            {"rid": "b", "maxBitrate": 9},
            {"rid": "c"},
        ],
    )
    found = get_consumer_parameters(
        consumable("video", produced, capabilities),
        endpoint(capabilities),
        mid="7",
        allocate_ssrc=ssrcs(222220),
    ).to_json()
    assert found["mid"] == "7"
    assert found["encodings"] == [
        {"ssrc": 222220, "rtx": {"ssrc": 222221}, "scalabilityMode": "L3T3", "maxBitrate": 9}
    ]
    assert [codec["payloadType"] for codec in found["codecs"]] == [101, 102]
    assert [(f["type"], f["parameter"]) for f in found["codecs"][0]["rtcpFeedback"]] == [
        ("nack", ""),
        ("nack", "pli"),
        ("ccm", "fir"),
        ("transport-cc", ""),
    ]
    assert found["rtcp"] == {"cname": "transportcname", "reducedSize": True}


def test_feedback_is_what_the_endpoint_names_known_or_not() -> None:
    capabilities = router(VP8)
    client = endpoint(capabilities)
    client.codecs[0].rtcp_feedback = [RtcpFeedback(type="nack"), RtcpFeedback(type="foo", parameter="FOO")]
    source = consumable("video", parameters(vp8()), capabilities)
    found = get_consumer_parameters(source, client, mid="0", allocate_ssrc=ssrcs())
    assert [(f.type, f.parameter) for f in found.codecs[0].rtcp_feedback] == [("nack", ""), ("foo", "FOO")]


def test_without_rtx_there_is_neither_repair_nor_plain_nack() -> None:
    capabilities = router(VP8)
    source = consumable("video", parameters(vp8(), rtx(113, 112)), capabilities)
    found = get_consumer_parameters(
        source, endpoint(capabilities), mid="0", allocate_ssrc=ssrcs(), enable_rtx=False
    )
    assert [codec.name for codec in found.codecs] == ["vp8"]
    assert found.encodings[0].rtx is None
    assert [(f.type, f.parameter) for f in found.codecs[0].rtcp_feedback if f.type == "nack"] == [
        ("nack", "pli")
    ]


def test_audio_has_no_nack_unless_it_is_asked_for() -> None:
    capabilities = router(OPUS)
    source = consumable("audio", parameters(OPUS | {"payloadType": 111}), capabilities)
    for enable, expected in ((None, []), (True, ["nack"])):
        found = get_consumer_parameters(
            source, endpoint(capabilities), mid="0", allocate_ssrc=ssrcs(), enable_rtx=enable
        )
        assert [feedback.type for feedback in found.codecs[0].rtcp_feedback] == expected
        assert found.encodings[0].rtx is None


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ([], {"nack", "ccm", "transport-cc"}),
        ([TRANSPORT_CC], {"nack", "ccm", "goog-remb"}),
        ([TRANSPORT_CC, ABS_SEND_TIME], {"nack", "ccm"}),
    ],
)
def test_one_way_of_congestion_control_is_left(without: list[str], expected: set[str]) -> None:
    capabilities = router(VP8)
    client = endpoint(capabilities)
    client.header_extensions = [e for e in client.header_extensions if e.uri not in without]
    found = get_consumer_parameters(
        consumable("video", parameters(vp8()), capabilities), client, mid="0", allocate_ssrc=ssrcs()
    )
    assert {feedback.type for feedback in found.codecs[0].rtcp_feedback} == expected
    assert not set(without) & {extension.uri for extension in found.header_extensions}


def test_an_extension_under_another_id_is_left_out() -> None:
    capabilities = router(VP8)
    client = endpoint(capabilities)
    for extension in client.header_extensions:
        extension.preferred_id += 1 if extension.uri == MID else 0
    found = get_consumer_parameters(
        consumable("video", parameters(vp8()), capabilities), client, mid="0", allocate_ssrc=ssrcs()
    )
    assert found.extension_id(MID) is None


# --- types and layers


@pytest.mark.parametrize(
    ("codec", "encodings", "expected"),
    [
        (OPUS, [{}], "simple"),
        (VP8, [{}], "simple"),
        (VP8, [{"scalabilityMode": "L1T1"}], "simple"),
        (VP8, [{"scalabilityMode": "L1T3"}], "simulcast"),
        (H264, [{"rid": "a"}, {"rid": "b"}], "simulcast"),
        ({"mimeType": "video/VP9", "clockRate": 90000}, [{"scalabilityMode": "L3T3_KEY"}], "svc"),
        ({"mimeType": "video/VP9", "clockRate": 90000}, [{"scalabilityMode": "L1T3"}], "svc"),
        ({"mimeType": "video/AV1", "clockRate": 90000}, [{"rid": "a"}, {"rid": "b"}], "simulcast"),
    ],
)
def test_the_type_follows_the_encodings(
    codec: dict[str, Any], encodings: list[dict[str, Any]], expected: str
) -> None:
    assert get_stream_type(parameters(codec | {"payloadType": 100}, encodings=encodings)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L1T3", ScalabilityMode(1, 3)),
        ("L3T2_KEY", ScalabilityMode(3, 2, True)),
        ("S2T3", ScalabilityMode(2, 3)),
        ("L20T3", ScalabilityMode(20, 3)),
        ("L200T3", ScalabilityMode()),
        ("foo", ScalabilityMode()),
        (None, ScalabilityMode()),
        ("S0T3", ScalabilityMode()),
        ("S1T0", ScalabilityMode()),
    ],
)
def test_scalability_modes_are_read(text: str | None, expected: ScalabilityMode) -> None:
    assert parse_scalability_mode(text) == expected
