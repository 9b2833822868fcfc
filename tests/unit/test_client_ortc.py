"""The client's JSON as mediasoup has it, read by the server's own rules."""

from typing import Any

import pytest

from tests.unit.sdp_material import ssrcs
from vtp.bench.client_dtls import Fingerprint, Role
from vtp.bench.client_ortc import read_parameters, read_transport, receivable, write_dtls, write_parameters
from vtp.bench.client_sdp import EXTENSION_URIS, OfferedCodec, OfferedMedia
from vtp.media.capabilities import router_codecs
from vtp.media.ortc import (
    generate_router_capabilities,
    get_consumable_parameters,
    get_consumer_parameters,
    get_producer_mapping,
    validate_producer_parameters,
)
from vtp.media.parameters import DtlsParameters, Kind, RtpCapabilities, RtpParameters

OPUS = OfferedCodec("opus", 111, 48_000, "minptime=10;useinbandfec=1", channels=2)
VP8 = OfferedCodec("vp8", 96, 90_000, rtx_payload_type=97)
LINES: dict[Kind, OfferedMedia] = {
    "audio": OfferedMedia("audio", "0", [OPUS], 1111),
    "video": OfferedMedia("video", "1", [VP8], 2222, 3333),
}
ROUTER = generate_router_capabilities(router_codecs())


def produced(kind: Kind) -> RtpParameters:
    """What the server takes for a producer of this kind."""
    written = write_parameters(LINES[kind], ROUTER.to_json(), "somebody")
    return validate_producer_parameters(kind, RtpParameters.from_json(written))


def consumed(kind: Kind) -> dict[str, Any]:
    """What the server tells who consumes it with our capabilities."""
    source = produced(kind)
    mapping = get_producer_mapping(source, ROUTER, ssrcs(5000))
    consumable = get_consumable_parameters(kind, source, ROUTER, mapping, "somebody")
    ours = RtpCapabilities.from_json(receivable(ROUTER.to_json()))
    return get_consumer_parameters(consumable, ours, mid="7", allocate_ssrc=ssrcs(9000)).to_json()


def test_the_server_takes_what_a_line_sends() -> None:
    opus = produced("audio")
    assert [(c.mime_type, c.payload_type, c.channels) for c in opus.codecs] == [("audio/opus", 111, 2)]
    assert opus.codecs[0].parameters == {"minptime": 10, "useinbandfec": 1}
    vp8 = produced("video")
    assert [(c.name, c.payload_type, c.apt) for c in vp8.codecs] == [("vp8", 96, None), ("rtx", 97, 96)]
    assert (vp8.encodings[0].ssrc, vp8.encodings[0].rtx and vp8.encodings[0].rtx.ssrc) == (2222, 3333)
    assert (vp8.mid, vp8.rtcp.cname) == ("1", "somebody")
    assert {extension.uri for extension in vp8.header_extensions} <= set(EXTENSION_URIS.values())


def test_a_sent_line_is_read_back_with_what_source_needs() -> None:
    line = read_parameters("video", write_parameters(LINES["video"], ROUTER.to_json(), "somebody"))
    assert (line.kind, line.mid, line.ssrc, line.rtx_ssrc) == ("video", "1", 2222, 3333)
    assert [(c.name, c.payload_type, c.rtx_payload_type) for c in line.codecs] == [("vp8", 96, 97)]
    assert {"mid", "transport-cc", "abs-send-time"} <= set(line.extensions)
    assert "audio-level" not in line.extensions


def test_a_consumers_line_has_its_ssrcs_and_asks_for_losses_of_pictures() -> None:
    video, audio = read_parameters("video", consumed("video")), read_parameters("audio", consumed("audio"))
    assert (video.ssrc >= 9000, video.rtx_ssrc >= 9000, video.ssrc != video.rtx_ssrc) == (True, True, True)
    assert (audio.ssrc >= 9000, audio.rtx_ssrc) == (True, 0)
    assert {"nack", "nack pli", "transport-cc"} <= video.codecs[0].feedback
    assert "nack" not in audio.codecs[0].feedback
    assert video.extensions["transport-cc"] > 0
    assert video.codecs[0].rtx_payload_type > 0


def test_of_a_routers_capabilities_only_what_the_client_reads_is_received() -> None:
    told = ROUTER.to_json()
    stranger = {"mimeType": "video/Strange", "kind": "video", "clockRate": 90_000, "preferredPayloadType": 50}
    repair = {**stranger, "mimeType": "video/rtx", "preferredPayloadType": 51, "parameters": {"apt": 50}}
    told["codecs"] += [stranger, repair]
    told["headerExtensions"] += [{"kind": "video", "uri": "urn:strange", "preferredId": 14}]
    assert receivable(told) == receivable(ROUTER.to_json())
    assert {one["mimeType"] for one in receivable(told)["codecs"]} >= {"audio/opus", "video/VP8", "video/rtx"}


@pytest.mark.parametrize("missing", ["codecs", "encodings"])
def test_parameters_without_a_stream_are_refused(missing: str) -> None:
    with pytest.raises(ValueError, match="video name no codec or encoding"):
        read_parameters("video", {**consumed("video"), missing: []})


@pytest.mark.parametrize("name", ["address", "ip"])
def test_a_transport_is_read_from_newer_and_older_servers(name: str) -> None:
    fingerprint = Fingerprint("sha-256", ":".join(["AB"] * 32))
    udp = {name: "192.0.2.1", "port": 40000, "protocol": "udp", "type": "host"}
    remote = read_transport(
        {
            "iceParameters": {"usernameFragment": "abcd", "password": "p" * 22},
            "iceCandidates": [udp, {**udp, "protocol": "tcp", "port": 9}],
            "dtlsParameters": write_dtls(fingerprint) | {"role": "auto"},
        }
    )
    assert (remote.candidates, remote.ice.ufrag) == ([("192.0.2.1", 40000)], "abcd")
    assert (remote.fingerprints, remote.role, remote.controlling) == ([fingerprint], Role.CLIENT, True)


def test_the_server_takes_our_side_of_dtls() -> None:
    ours = DtlsParameters.from_json(write_dtls(Fingerprint("sha-256", ":".join(["AB"] * 32))))
    assert ours.role == "client"
