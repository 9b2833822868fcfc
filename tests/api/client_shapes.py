"""What clients that do not run here send: the members, payload types and omissions of each family.

Written from what each family's handlers put together: Firefox and Safari under mediasoup-client, its handlers
of 2019 for browsers with Plan B and for Edge's ORTC, its releases that announced every codec, and
libmediasoupclient in C++; besides, programs that write null for what they leave out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
TOFFSET = "urn:ietf:params:rtp-hdrext:toffset"
NACK = [{"type": "nack"}, {"type": "nack", "parameter": "pli"}, {"type": "ccm", "parameter": "fir"}]


@dataclass(frozen=True)
class Shape:
    """One family of clients: what it produces, how it connects, how it asks to consume."""

    name: str
    audio: Json
    video: Json
    video_type: str = "simple"
    dtls_role: str | None = "client"
    fingerprints: int = 1
    as_text: bool = False
    """Payloads are JSON strings, answers are events: the original contract."""
    capabilities: Callable[[Json], Json] = lambda router: endpoint(router, ("opus", "VP8", "H264"))
    create: tuple[tuple[str, Any], ...] = ()
    data: Json | None = None

    @property
    def dtls(self) -> Json:
        """What it connects a transport with."""
        algorithms = ("sha-256", "sha-1", "sha-512")[: self.fingerprints]
        length = {"sha-256": 32, "sha-1": 20, "sha-512": 64}
        prints = [{"algorithm": one, "value": ":".join(["AB"] * length[one])} for one in algorithms]
        return {"fingerprints": prints} | ({} if self.dtls_role is None else {"role": self.dtls_role})

    def __str__(self) -> str:
        return self.name


def endpoint(router: Json, names: tuple[str, ...], *, drop: tuple[str, ...] = ()) -> Json:
    """Receiving capabilities as mediasoup-client derives them: the router's payload types and ids.

    `drop` names members that the family leaves out.
    """
    wanted = {f"{kind}/{name}".lower() for kind in ("audio", "video") for name in names}
    kept = [one for one in router["codecs"] if one["mimeType"].lower() in wanted]
    media = {one["preferredPayloadType"] for one in kept}
    kept += [one for one in router["codecs"] if one["parameters"].get("apt") in media]
    known = (MID, ABS_SEND_TIME, TRANSPORT_CC, LEVEL, TOFFSET)
    extensions = [one for one in router["headerExtensions"] if one["uri"] in known]
    return {
        "codecs": [{k: v for k, v in one.items() if k not in drop} for one in kept],
        "headerExtensions": [{k: v for k, v in one.items() if k not in drop} for one in extensions],
    }


def with_nulls(router: Json) -> Json:
    """The same from a program that writes every member of its classes, null where it has none."""
    found = endpoint(router, ("opus", "VP8"))
    codecs = [{"channels": None, **one} for one in found["codecs"]]
    extensions = [{**one, "kind": None, "preferredEncrypt": None} for one in found["headerExtensions"]]
    return {"codecs": codecs, "headerExtensions": extensions, "fecMechanisms": None}


def with_channels(router: Json) -> Json:
    """libmediasoupclient's: its validator gives every codec channels."""
    found = endpoint(router, ("opus", "VP8"))
    return found | {"codecs": [{"channels": 1, **one} for one in found["codecs"]]}


def opus(payload_type: int, **more: Any) -> Json:
    codec: Json = {"mimeType": "audio/opus", "payloadType": payload_type, "clockRate": 48000, "channels": 2}
    return codec | {"parameters": {"minptime": 10, "useinbandfec": 1}, "rtcpFeedback": []} | more


def video(name: str, payload_type: int, **parameters: Any) -> Json:
    codec = {"mimeType": f"video/{name}", "payloadType": payload_type, "clockRate": 90000}
    return codec | {"parameters": parameters, "rtcpFeedback": NACK}


def rtx(payload_type: int, apt: int) -> Json:
    return video("rtx", payload_type, apt=apt) | {"rtcpFeedback": []}


def extensions(**ids: int) -> list[Json]:
    uris = {"mid": MID, "rid": RID, "level": LEVEL, "abs": ABS_SEND_TIME, "cc": TRANSPORT_CC}
    return [{"uri": uris[name], "id": number} for name, number in ids.items()]


FIREFOX = Shape(
    "Firefox under mediasoup-client",
    audio={
        "mid": "0",
        "codecs": [opus(109)],
        "headerExtensions": extensions(level=1, mid=3),
        "encodings": [{"ssrc": 3_012_345_678, "dtx": False}],
        "rtcp": {"cname": "{5d3b4a0e-9d3c-4c36-9a3c-2a7c0a6d0b11}", "reducedSize": True},
    },
    video={
        "mid": "1",
        "codecs": [video("VP8", 120, **{"max-fs": 12288, "max-fr": 60}), rtx(124, 120)],
        "headerExtensions": extensions(mid=3, abs=4, cc=7, rid=10),
        "encodings": [
            {"rid": f"r{i}", "scaleResolutionDownBy": 4 >> i, "maxBitrate": 200_000 << i, "active": True}
            for i in range(3)
        ],
        "rtcp": {"cname": "{5d3b4a0e-9d3c-4c36-9a3c-2a7c0a6d0b11}", "reducedSize": True},
    },
    video_type="simulcast",
    data={"streamId": 0, "ordered": True},
    create=(("sctpCapabilities", {"numStreams": {"OS": 16, "MIS": 2048}}),),
)

SAFARI = Shape(
    "Safari under mediasoup-client",
    audio={
        "mid": "0",
        "codecs": [opus(111, rtcpFeedback=[{"type": "transport-cc", "parameter": ""}])],
        "headerExtensions": extensions(level=1, abs=2, cc=3, mid=4),
        "encodings": [{"ssrc": 77_001, "dtx": True}],
        "rtcp": {"cname": "zR5bGmWQx1VnJ2Ck", "reducedSize": True, "mux": True},
    },
    video={
        "mid": "1",
        "codecs": [
            # a reader of SDP makes a number of a profile that is all digits
            video(
                "H264",
                98,
                **{"level-asymmetry-allowed": 1, "packetization-mode": 1, "profile-level-id": 420029},
            ),
            rtx(99, 98),
        ],
        "headerExtensions": extensions(abs=2, cc=3, mid=4, rid=10),
        "encodings": [{"ssrc": 77_002, "rtx": {"ssrc": 77_003}, "maxBitrate": 900_000}],
        "rtcp": {"cname": "zR5bGmWQx1VnJ2Ck", "reducedSize": True, "mux": True},
    },
    dtls_role="server",
    fingerprints=3,
    data={"streamId": 1, "ordered": False, "maxRetransmits": 0},
    create=(("enableSctp", True),),
)

PLAN_B = Shape(
    "Plan B of 2019: no mid, simulcast told by SSRCs",
    audio={
        "codecs": [opus(111)],
        "headerExtensions": extensions(level=1),
        "encodings": [{"ssrc": 88_000}],
        "rtcp": {"cname": "planb"},
    },
    video={
        "codecs": [video("VP8", 96), rtx(97, 96)],
        "headerExtensions": extensions(abs=3, cc=5),
        "encodings": [
            {"ssrc": 88_001 + i, "rtx": {"ssrc": 88_011 + i}, "scalabilityMode": "S1T3"} for i in range(3)
        ],
        "rtcp": {"cname": "planb"},
    },
    video_type="simulcast",
    dtls_role="server",
    as_text=True,
    capabilities=lambda router: endpoint(router, ("opus", "VP8"), drop=("direction", "preferredEncrypt")),
)

EDGE = Shape(
    "Edge's ORTC of 2019: bare parameters",
    audio={"codecs": [opus(100)], "encodings": [{"ssrc": 99_001}], "rtcp": {"cname": "CNAME-1"}},
    video={
        "codecs": [
            video("H264", 107, **{"packetization-mode": 1, "profile-level-id": "42e01f"}),
            rtx(99, 107),
        ],
        "encodings": [{"ssrc": 99_002, "rtx": {"ssrc": 99_003}}],
        "rtcp": {"cname": "CNAME-1", "reducedSize": True, "mux": True},
    },
    as_text=True,
    dtls_role="server",
    capabilities=lambda router: endpoint(router, ("opus", "H264"), drop=("rtcpFeedback", "direction")),
)

EVERY_CODEC = Shape(
    "mediasoup-client 3.0: all codecs announced, the first is sent",
    audio={
        "mid": "0",
        "codecs": [opus(111), {"mimeType": "audio/PCMU", "payloadType": 0, "clockRate": 8000, "channels": 1}],
        "headerExtensions": extensions(level=1, mid=9),
        "encodings": [{"ssrc": 66_001}],
        "rtcp": {"cname": "every"},
    },
    video={
        "mid": "1",
        "codecs": [
            video("VP8", 96),
            rtx(97, 96),
            video("H264", 102, **{"packetization-mode": 1, "profile-level-id": "42e01f"}),
            rtx(121, 102),
        ],
        "headerExtensions": extensions(mid=9, abs=3),
        "encodings": [{"ssrc": 66_002, "rtx": {"ssrc": 66_003}}],
        "rtcp": {"cname": "every"},
    },
    dtls_role="server",
    as_text=True,
)

LIBMEDIASOUPCLIENT = Shape(
    "libmediasoupclient",
    audio={
        "mid": "0",
        "codecs": [opus(111)],
        "headerExtensions": [
            one | {"encrypt": False, "parameters": {}} for one in extensions(level=1, mid=4)
        ],
        "encodings": [{"ssrc": 55_001, "dtx": False}],
        "rtcp": {"cname": "Cpp", "reducedSize": True, "mux": True},
    },
    video={
        "mid": "1",
        # its validator gives every codec channels, pictures too
        "codecs": [
            one | {"channels": 1}
            for one in (video("VP8", 96, **{"x-google-start-bitrate": 1000}), rtx(97, 96))
        ],
        "headerExtensions": [one | {"encrypt": False, "parameters": {}} for one in extensions(mid=4, cc=5)],
        "encodings": [{"ssrc": 55_002, "rtx": {"ssrc": 55_003}, "scalabilityMode": "L1T3"}],
        "rtcp": {"cname": "Cpp", "reducedSize": True, "mux": True},
    },
    video_type="simulcast",
    capabilities=with_channels,
    data={"streamId": 0, "ordered": False, "maxPacketLifeTime": 3000},
    create=(("sctpCapabilities", {"numStreams": {"OS": 1024, "MIS": 1024}}),),
)

WRITES_NULL = Shape(
    "a program that writes null",
    audio={
        "mid": "0",
        "msid": None,
        "codecs": [opus(96, rtcpFeedback=None)],
        "headerExtensions": None,
        "encodings": [{"ssrc": 44_001, "rid": None, "rtx": None, "dtx": None, "maxBitrate": None}],
        "rtcp": {"cname": None, "reducedSize": None, "mux": None},
    },
    video={
        "mid": "1",
        "codecs": [
            video("VP8", 97) | {"channels": None, "rtcpFeedback": [{"type": "nack", "parameter": None}]}
        ],
        "headerExtensions": [one | {"encrypt": None, "parameters": None} for one in extensions(mid=1)],
        "encodings": [{"ssrc": 44_002, "codecPayloadType": None, "scalabilityMode": None}],
        "rtcp": None,
    },
    dtls_role=None,
    capabilities=with_nulls,
    data={"streamId": 3, "ordered": None, "maxPacketLifeTime": None, "maxRetransmits": None, "label": None},
    create=(("enableSctp", True),),
)

SHAPES = (FIREFOX, SAFARI, PLAN_B, EDGE, EVERY_CODEC, LIBMEDIASOUPCLIENT, WRITES_NULL)
