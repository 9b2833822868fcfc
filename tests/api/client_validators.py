"""What mediasoup-client of any age and libmediasoupclient insist on before they take an answer, in our words.

Each raises AssertionError with the path. The strictest of them counts: C++ wants whole numbers and takes no
null; old releases read `ip` of a candidate, `OS`, `MIS` and `maxMessageSize` of SCTP.
"""

import re
from typing import Any

Json = dict[str, Any]


def text(value: object, path: str) -> None:
    assert isinstance(value, str) and value, f"{path} is {value!r}"


def whole(value: object, path: str) -> None:
    assert isinstance(value, int) and not isinstance(value, bool) and value >= 0, f"{path} is {value!r}"


def no_null(value: object, path: str) -> None:
    assert value is not None, f"{path} is null"
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inside:
        no_null(one, f"{path}.{name}")


def check_transport(answer: Json, *, sctp: bool) -> None:
    """`createSendTransport` and `createRecvTransport`."""
    no_null(answer, "transport")
    text(answer["id"], "id")
    check_ice(answer["iceParameters"])
    assert answer["iceCandidates"], "no candidates"
    for one in answer["iceCandidates"]:
        for name in ("foundation", "ip", "address"):
            text(one[name], f"candidate.{name}")
        whole(one["priority"], "candidate.priority")
        whole(one["port"], "candidate.port")
        assert one["protocol"] in ("udp", "tcp") and one["type"] in ("host", "srflx", "prflx", "relay")
        assert one["protocol"] == "udp" or one["tcpType"] == "passive"
    dtls = answer["dtlsParameters"]
    assert dtls["role"] in ("auto", "client", "server") and dtls["fingerprints"]
    for one in dtls["fingerprints"]:
        text(one["algorithm"], "fingerprint.algorithm")
        assert re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2})+", one["value"]), one
    assert ("sctpParameters" in answer) == sctp
    if sctp:
        for name in ("port", "OS", "MIS", "maxMessageSize"):
            whole(answer["sctpParameters"][name], f"sctpParameters.{name}")
        assert answer["sctpParameters"]["port"] == 5000


def check_ice(parameters: Json) -> None:
    """`restartIce` and the transports."""
    text(parameters["usernameFragment"], "usernameFragment")
    text(parameters["password"], "password")
    assert parameters["iceLite"] is True


def check_restart(answer: Json) -> None:
    """`updateIceServers` and `restartIce`."""
    no_null(answer, "restart")
    check_ice(answer["iceParameters"])
    for server in answer["iceServers"]:
        text(server["urls"], "urls")
        assert ("username" in server) == ("credential" in server) == server["urls"].startswith("turn")


def check_router(capabilities: Json) -> None:
    """`device.load`."""
    no_null(capabilities, "routerRtpCapabilities")
    payload_types = set()
    for codec in capabilities["codecs"]:
        check_codec(codec, "preferredPayloadType")
        assert codec["kind"] == codec["mimeType"].partition("/")[0]
        apt = codec["parameters"].get("apt")
        assert ("rtx" in codec["mimeType"]) == (apt is not None)
        assert apt is None or apt in payload_types, "RTX comes before its codec"
        assert codec["preferredPayloadType"] not in payload_types
        payload_types.add(codec["preferredPayloadType"])
    for one in capabilities["headerExtensions"]:
        assert one["kind"] in ("audio", "video")
        text(one["uri"], "uri")
        assert 1 <= one["preferredId"] <= 14, one
        assert isinstance(one["preferredEncrypt"], bool)
        assert one["direction"] in ("sendrecv", "sendonly", "recvonly", "inactive")


def check_codec(codec: Json, payload_type: str) -> None:
    kind = re.fullmatch(r"(audio|video)/(.+)", codec["mimeType"])
    assert kind, codec
    whole(codec[payload_type], payload_type)
    whole(codec["clockRate"], "clockRate")
    assert ("channels" in codec) == (kind[1] == "audio"), codec
    for name, value in codec["parameters"].items():
        assert isinstance(value, str | int | float) and not isinstance(value, bool), (name, value)
    for one in codec["rtcpFeedback"]:
        text(one["type"], "rtcpFeedback.type")
        assert isinstance(one["parameter"], str)


def check_consumer(answer: Json, router: Json) -> None:
    """`transport.consume`: readable, and in payload types that the device knows by the router's names."""
    no_null(answer, "consumer")
    text(answer["id"], "id")
    text(answer["producerId"], "producerId")
    assert answer["kind"] in ("audio", "video")
    parameters = answer["rtpParameters"]
    text(parameters["mid"], "mid")
    for codec in parameters["codecs"]:
        check_codec(codec, "payloadType")
        known = next(c for c in router["codecs"] if c["preferredPayloadType"] == codec["payloadType"])
        assert known["mimeType"] == codec["mimeType"] and known["clockRate"] == codec["clockRate"]
    for one in parameters["headerExtensions"]:
        whole(one["id"], "id")
        assert isinstance(one["encrypt"], bool) and isinstance(one["parameters"], dict)
        assert any(
            known["uri"] == one["uri"]
            and known["preferredId"] == one["id"]
            and known["kind"] == answer["kind"]
            for known in router["headerExtensions"]
        ), one
    [encoding] = parameters["encodings"]
    whole(encoding["ssrc"], "ssrc")
    with_rtx = any(codec["mimeType"] == "video/rtx" for codec in parameters["codecs"])
    assert ("rtx" in encoding) == with_rtx
    if with_rtx:
        whole(encoding["rtx"]["ssrc"], "rtx.ssrc")
    text(parameters["rtcp"]["cname"], "cname")
    assert parameters["rtcp"]["reducedSize"] is True


def check_data_consumer(answer: Json) -> None:
    """`transport.consumeData`."""
    no_null(answer, "dataConsumer")
    text(answer["id"], "id")
    text(answer["dataProducerId"], "dataProducerId")
    stream = answer["sctpStreamParameters"]
    whole(stream["streamId"], "streamId")
    assert isinstance(stream["ordered"], bool)
    limits = {"maxPacketLifeTime", "maxRetransmits"} & stream.keys()
    assert len(limits) <= 1 and not (limits and stream["ordered"]), stream
    assert isinstance(answer["label"], str) and isinstance(answer["protocol"], str)
