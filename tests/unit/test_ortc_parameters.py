"""RTP, ICE, DTLS and SCTP parameters: to and from mediasoup's JSON."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vtp.media.parameters import (
    DtlsParameters,
    IceCandidate,
    IceParameters,
    RtpCapabilities,
    RtpParameters,
    SctpParameters,
    SctpStreamParameters,
)

PRODUCED = {
    "mid": "1",
    "codecs": [
        {
            "mimeType": "video/VP8",
            "payloadType": 96,
            "clockRate": 90000,
            "parameters": {},
            "rtcpFeedback": [{"type": "goog-remb", "parameter": ""}, {"type": "nack", "parameter": "pli"}],
        },
        {
            "mimeType": "video/rtx",
            "payloadType": 97,
            "clockRate": 90000,
            "parameters": {"apt": 96},
            "rtcpFeedback": [],
        },
    ],
    "headerExtensions": [
        {"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 9, "encrypt": False, "parameters": {}}
    ],
    "encodings": [
        {
            "rid": "r0",
            "scalabilityMode": "L1T3",
            "maxBitrate": 150000,
            "scaleResolutionDownBy": 4,
            "active": True,
        },
        {"rid": "r1", "scalabilityMode": "L1T3", "maxBitrate": 500000, "scaleResolutionDownBy": 1.5},
    ],
    "rtcp": {"cname": "AbCdEf", "reducedSize": True},
    "msid": "stream track",
}


def produced(**changes: object) -> dict[str, object]:
    copy: dict[str, object] = json.loads(json.dumps(PRODUCED))
    return copy | changes


def test_what_mediasoup_client_produces_comes_back_the_same() -> None:
    assert RtpParameters.from_json(produced()).to_json() == PRODUCED


def test_unknown_members_are_ignored() -> None:
    codec = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2, "future": 1}
    assert RtpParameters.from_json({"codecs": [codec], "other": {}}).codecs[0].channels == 2


def test_audio_has_one_channel_unless_said_and_video_none() -> None:
    capabilities = RtpCapabilities.from_json(
        {
            "codecs": [
                {"kind": "audio", "mimeType": "audio/PCMU", "clockRate": 8000, "preferredPayloadType": 0},
                {"kind": "video", "mimeType": "video/VP8", "clockRate": 90000, "channels": 1},
            ]
        }
    )
    assert capabilities.codecs[0].to_json()["channels"] == 1
    assert "channels" not in capabilities.codecs[1].to_json()


def test_the_kind_of_a_codec_comes_from_its_media_type() -> None:
    codec = {"kind": "audio", "mimeType": "video/VP8", "clockRate": 90000}
    assert RtpCapabilities.from_json({"codecs": [codec]}).codecs[0].kind == "video"


def test_absent_feedback_parameters_and_codec_values_are_empty_text() -> None:
    codec = {
        "mimeType": "video/VP8",
        "payloadType": 96,
        "clockRate": 90000,
        "parameters": {"x": None},
        "rtcpFeedback": [{"type": "nack"}, {"type": "ccm", "parameter": None}],
    }
    (read,) = RtpParameters.from_json({"codecs": [codec]}).codecs
    assert read.parameters == {"x": ""}
    assert [feedback.parameter for feedback in read.rtcp_feedback] == ["", ""]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "rtpParameters: input should be"),
        ([], "rtpParameters: input should be"),
        ({}, "rtpParameters.codecs is missing"),
        (produced(codecs=[]), "rtpParameters.codecs: list should have at least 1 item"),
        (produced(codecs=[{}]), r"rtpParameters.codecs\[0\].mimeType is missing"),
        (produced(mid=1), "rtpParameters.mid: input should be a valid string"),
        (produced(encodings=[{"ssrc": "5"}]), r"encodings\[0\].ssrc: input should be a valid integer"),
        (produced(encodings=[{"ssrc": True}]), r"encodings\[0\].ssrc: input should be a valid integer"),
        (produced(encodings=[{"ssrc": 2**32}]), r"encodings\[0\].ssrc"),
        (produced(encodings=[{"rid": "a b"}]), r"encodings\[0\].rid"),
        (produced(headerExtensions=[{"uri": "", "id": 1}]), r"headerExtensions\[0\].uri"),
        (produced(headerExtensions=[{"uri": "u", "id": 0}]), r"headerExtensions\[0\].id"),
    ],
)
def test_wrong_input_is_refused_with_the_path(value: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        RtpParameters.from_json(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"mimeType": "chicken/VP8"},
        {"mimeType": "VP8"},
        {"payloadType": 128},
        {"payloadType": "96"},
        {"payloadType": 96.5},
        {"clockRate": 0},
        {"parameters": {"apt": "96"}},
        {"parameters": {"apt": 200}},
        {"parameters": {"x": [1]}},
        {"parameters": {"x": float("nan")}},
        {"rtcpFeedback": [{"parameter": "pli"}]},
        {"rtcpFeedback": "nack"},
    ],
)
def test_a_wrong_codec_is_refused_with_the_path(change: dict[str, object]) -> None:
    codec = {"mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000} | change
    with pytest.raises(ValueError, match=rf"^rtpParameters\.codecs\[0\]\.{next(iter(change))}"):
        RtpParameters.from_json({"codecs": [codec]})


def test_the_path_can_be_named_by_the_caller() -> None:
    with pytest.raises(ValueError, match=r"^rtpCapabilities.codecs\[0\].clockRate is missing$"):
        RtpCapabilities.from_json({"codecs": [{"mimeType": "video/VP8"}]}, "rtpCapabilities")


def test_a_candidate_carries_its_address_twice_for_older_clients() -> None:
    candidate = IceCandidate(
        foundation="udpcandidate", priority=1076302079, address="203.0.113.7", protocol="udp", port=44444
    )
    assert candidate.to_json() == {
        "foundation": "udpcandidate",
        "priority": 1076302079,
        "address": "203.0.113.7",
        "ip": "203.0.113.7",
        "protocol": "udp",
        "port": 44444,
        "type": "host",
    }


def test_ice_and_dtls_have_mediasoups_names() -> None:
    ice = IceParameters(username_fragment="abcd", password="x" * 22, ice_lite=True)
    assert ice.to_json() == {"usernameFragment": "abcd", "password": "x" * 22, "iceLite": True}
    value = ":".join(["82"] * 32)
    dtls = {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": value}]}
    assert DtlsParameters.from_json(dtls).to_json() == dtls


def test_fingerprints_are_checked() -> None:
    for fingerprint in ({"algorithm": "md5", "value": "82"}, {"algorithm": "sha-256", "value": "xx"}):
        with pytest.raises(ValueError, match=r"^dtlsParameters\.fingerprints\[0\]"):
            DtlsParameters.from_json({"role": "client", "fingerprints": [fingerprint]})


def test_sctp_parameters_serve_old_and_new_clients() -> None:
    assert SctpParameters().to_json().keys() >= {
        "port",
        "OS",
        "MIS",
        "maxMessageSize",
        "maxSendMessageSize",
        "maxReceiveMessageSize",
        "sendBufferSize",
        "perStreamSendQueueLimit",
        "maxReceiverWindowBufferSize",
        "isDataChannel",
    }


def test_sctp_streams_are_ordered_unless_they_are_partially_reliable() -> None:
    assert SctpStreamParameters.from_json({"streamId": 1}).ordered is True
    assert SctpStreamParameters.from_json({"streamId": 1, "maxRetransmits": 2}).ordered is False
    with pytest.raises(ValueError, match="exclude each other"):
        SctpStreamParameters.from_json({"streamId": 1, "maxRetransmits": 2, "maxPacketLifeTime": 3})
    with pytest.raises(ValueError, match="an ordered stream"):
        SctpStreamParameters.from_json({"streamId": 1, "ordered": True, "maxRetransmits": 2})


NAMES = (
    "codecs mimeType payloadType clockRate parameters apt encodings rid ssrc rtx rtcp cname mid "
    "headerExtensions uri id rtcpFeedback type kind fingerprints algorithm value role streamId ordered"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(sorted(NAMES.split(" "))), inner, max_size=6)
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    for model in (
        RtpParameters,
        RtpCapabilities,
        DtlsParameters,
        IceParameters,
        IceCandidate,
        SctpStreamParameters,
    ):
        try:
            read = model.from_json(value)
        except ValueError as error:
            assert str(error).count("\n") <= str(value).count("\n")
        else:
            assert model.from_json(read.to_json()) == read


@pytest.mark.parametrize("broken", ["x\r\na=candidate:1", "x\ny", "\r", "x\x00"])
@pytest.mark.parametrize("field", ["cname", "fmtp name", "fmtp value", "feedback", "uri", "mid"])
def test_what_would_break_the_lines_of_a_description_is_refused(field: str, broken: str) -> None:
    """Other people's SDP is made of what a publisher says."""
    codec: dict[str, Any] = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}
    said: dict[str, Any] = {"mid": "0", "codecs": [codec], "encodings": [{"ssrc": 7}]}
    assert RtpParameters.from_json(said)
    if field == "cname":
        said["rtcp"] = {"cname": broken}
    elif field == "fmtp name":
        codec["parameters"] = {broken: 1}
    elif field == "fmtp value":
        codec["parameters"] = {"sprop": broken}
    elif field == "feedback":
        codec["rtcpFeedback"] = [{"type": broken}]
    elif field == "uri":
        said["headerExtensions"] = [{"uri": broken, "id": 1}]
    else:
        said["mid"] = broken
    with pytest.raises(ValueError, match="pattern"):
        RtpParameters.from_json(said)
