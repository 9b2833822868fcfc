"""The client's side of mediasoup's JSON: what it sends and can receive, and what a server says it will get.

Kept apart from the server's own parameters on purpose, as `client_sdp` is from its SDP module. A line is the
same `AnsweredMedia` whichever of the two it came from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from vtp.bench.client_dtls import Fingerprint, Role
from vtp.bench.client_sdp import (
    CODEC_NUMBERS,
    EXTENSION_URIS,
    AnsweredCodec,
    AnsweredMedia,
    IceCredentials,
    OfferedCodec,
    OfferedMedia,
)
from vtp.bench.driver import Remote

Json = dict[str, Any]
_NAMES = {uri: name for name, uri in EXTENSION_URIS.items()}
_MIME_NAMES = {"vp8": "VP8", "vp9": "VP9", "h264": "H264", "av1": "AV1", "pcmu": "PCMU", "pcma": "PCMA"}
_FEEDBACK = {
    "audio": ("transport-cc",),
    "video": ("transport-cc", "nack", "nack pli", "ccm fir", "goog-remb"),
}


def write_parameters(line: OfferedMedia, capabilities: Json, cname: str) -> Json:
    """What a producer of this line sends, with the extensions that the router's capabilities name."""
    return {
        "mid": line.mid,
        "codecs": [one for codec in line.codecs for one in _written(line.kind, codec)],
        "headerExtensions": [
            {"uri": one["uri"], "id": one["preferredId"]}
            for one in capabilities["headerExtensions"]
            if one["uri"] in _NAMES and one.get("kind", line.kind) in (line.kind, "")
        ],
        "encodings": [{"ssrc": line.ssrc, **({"rtx": {"ssrc": line.rtx_ssrc}} if line.rtx_ssrc else {})}],
        "rtcp": {"cname": cname, "reducedSize": True},
    }


def receivable(capabilities: Json) -> Json:
    """Of a router's capabilities, what this client receives: codecs and extensions it knows, and RTX."""
    known = [one for one in capabilities["codecs"] if _name(one) in CODEC_NUMBERS]
    numbers = {one["preferredPayloadType"] for one in known}
    repairs = [one for one in capabilities["codecs"] if _name(one) == "rtx"]
    return {
        "codecs": [*known, *(one for one in repairs if one["parameters"]["apt"] in numbers)],
        "headerExtensions": [one for one in capabilities["headerExtensions"] if one["uri"] in _NAMES],
    }


def read_parameters(kind: str, parameters: Json) -> AnsweredMedia:
    """The line of a producer or a consumer. Raises ValueError when it has no encoding or no codec we know."""
    codecs = {
        one["payloadType"]: AnsweredCodec(
            _name(one), one["payloadType"], one["clockRate"], feedback=_feedback(one)
        )
        for one in parameters["codecs"]
        if _name(one) in CODEC_NUMBERS
    }
    for one in parameters["codecs"]:
        if _name(one) == "rtx" and one["parameters"]["apt"] in codecs:
            codecs[one["parameters"]["apt"]].rtx_payload_type = one["payloadType"]
    if not codecs or not parameters["encodings"]:
        raise ValueError(f"The server's parameters for {kind} name no codec or encoding that we know.")
    encoding = parameters["encodings"][0]
    return AnsweredMedia(
        kind=kind,
        refused=False,
        mid=parameters.get("mid") or "",
        codecs=list(codecs.values()),
        extensions={
            _NAMES[one["uri"]]: one["id"] for one in parameters["headerExtensions"] if one["uri"] in _NAMES
        },
        ssrc=encoding["ssrc"],
        rtx_ssrc=(encoding.get("rtx") or {}).get("ssrc", 0),
    )


def read_transport(transport: Json) -> Remote:
    """Whom a client of this transport connects to: an ICE-lite server that waits for our ClientHello."""
    ice = transport["iceParameters"]
    candidates = [
        (one.get("address") or one["ip"], int(one["port"]))
        for one in transport["iceCandidates"]
        if one["protocol"] == "udp"
    ]
    fingerprints = [
        Fingerprint(one["algorithm"], one["value"]) for one in transport["dtlsParameters"]["fingerprints"]
    ]
    credentials = IceCredentials(ice["usernameFragment"], ice["password"])
    return Remote(candidates, credentials, fingerprints, Role.CLIENT)


def write_dtls(fingerprint: Fingerprint) -> Json:
    """Our side of DTLS, as `connect` takes it: the client."""
    return {"role": "client", "fingerprints": [dataclasses.asdict(fingerprint)]}


def _written(kind: str, codec: OfferedCodec) -> Sequence[Json]:
    """A codec, and its RTX."""
    media = {
        "mimeType": f"{kind}/{_MIME_NAMES.get(codec.name, codec.name)}",
        "payloadType": codec.payload_type,
        "clockRate": codec.clock_rate,
        "parameters": _format(codec.parameters),
        "rtcpFeedback": [
            {"type": type_, "parameter": parameter}
            for type_, _, parameter in (one.partition(" ") for one in _FEEDBACK[kind])
        ],
        **({"channels": codec.channels} if codec.channels > 1 else {}),
    }
    if codec.rtx_payload_type is None:
        return [media]
    rtx = {
        "mimeType": f"{kind}/rtx",
        "payloadType": codec.rtx_payload_type,
        "clockRate": codec.clock_rate,
        "parameters": {"apt": codec.payload_type},
    }
    return [media, rtx]


def _format(text: str) -> Json:
    """An fmtp line's "a=1;b=x" as an object; numbers as such."""
    pairs = (one.partition("=") for one in text.split(";") if one)
    return {name: int(value) if value.isdecimal() else value for name, _, value in pairs}


def _name(codec: Json) -> str:
    return str(codec["mimeType"]).partition("/")[2].lower()


def _feedback(codec: Json) -> set[str]:
    return {f"{one['type']} {one.get('parameter') or ''}".strip() for one in codec.get("rtcpFeedback") or ()}
