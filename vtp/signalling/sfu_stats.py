"""Figures of media objects as mediasoup's `getStats` writes them: only what the packet path has counted.

Beside mediasoup's names stand W3C's (webrtc-stats). Where both have one name and mean different units
(`jitter`, `roundTripTime`, `fractionLost` of RTP streams), it is mediasoup's in its own objects, and W3C's in
those that only W3C has: `candidate-pair`, `transport`, `remote-inbound-rtp`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from vtp.media.consumer import Consumer
from vtp.media.layers import NOTHING, TOP
from vtp.media.media_transport import MediaTransport
from vtp.media.plain_transport import PlainTransport
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.signalling.plain import describe_plain

Json = dict[str, Any]
_FRACTION = 256  # RTCP's unit of `fraction lost`, RFC 3550 section 6.4.1


def producer_stats(producer: Producer) -> list[Json]:
    """One `inbound-rtp` per stream that has been seen; `pliCount` is the whole producer's."""
    found = producer.stats()
    codec = producer.media_codec
    about = {
        "type": "inbound-rtp",
        "timestamp": _now_ms(),
        "kind": producer.kind,
        "mimeType": codec.mime_type,
        "roundTripTime": found.get("rtt_ms", 0.0),
        "pliCount": found.get("key_frame_requests", 0),
    }
    if producer.rtp_parameters.mid is not None:
        about["mid"] = producer.rtp_parameters.mid
    return [
        {
            **about,
            "id": f"{producer.id}/{stream['rid'] or stream['ssrc']}",
            **_stream(stream, codec.clock_rate),
            **_scalability(producer, stream),
        }
        for stream in found.get("streams", ())
    ]


def _scalability(producer: Producer, stream: Mapping[str, Any]) -> Json:
    """What the publisher announced of this stream; the only encoding is it, whatever it is called."""
    encodings = producer.rtp_parameters.encodings
    same = [one for one in encodings if (one.rid or "") == stream["rid"]] or encodings
    mode = same[0].scalability_mode if same else None
    return {"scalabilityMode": mode} if mode else {}


def _stream(stream: Mapping[str, Any], clock_rate: int) -> Json:
    told = {
        "ssrc": stream["ssrc"],
        "packetsReceived": stream["packets"],
        "retransmittedPacketsReceived": stream["recovered"],
        "packetCount": stream["packets"],
        "byteCount": stream["bytes"],
        "packetsLost": stream["lost"],
        "fractionLost": round(stream["fraction_lost"] * _FRACTION),
        "packetsRepaired": stream["recovered"],
        "nackPacketCount": stream["nacks"],
        "jitter": round(stream["jitter_ms"] * clock_rate / 1000),
        "active": stream["active"],
        "bitrate": round(stream["bitrate_bps"]),
    }
    if stream["rid"]:
        told["rid"] = stream["rid"]
    if stream["width"]:
        told |= {
            "keyFrameCount": stream["key_frames"],
            "width": stream["width"],
            "height": stream["height"],
            "frameWidth": stream["width"],
            "frameHeight": stream["height"],
            "framesPerSecond": round(stream["frames_per_second"], 1),
            "spatialLayer": stream["layer"],
            "bitrateByLayer": _bitrates(stream["bitrates_bps"]),
        }
    return told


def _bitrates(by_layer: list[list[float]]) -> Json:
    """mediasoup's: of each layer with all that it builds on."""
    return {
        f"{spatial}.{temporal}": round(sum(sum(one[: temporal + 1]) for one in by_layer[: spatial + 1]))
        for spatial, row in enumerate(by_layer)
        for temporal in range(len(row))
    }


def consumer_stats(consumer: Consumer) -> list[Json]:
    """One `outbound-rtp`, what the viewer reports of it, then what its producer gets."""
    found = consumer.stats()
    received = producer_stats(consumer.producer) if consumer.producer is not None else []
    sent: list[Json] = []
    if found:
        sent.append(
            {
                "type": "outbound-rtp",
                "id": consumer.id,
                "timestamp": _now_ms(),
                "ssrc": consumer.rtp_parameters.encodings[0].ssrc,
                "active": not found["paused"],
                "packetsSent": found["packets"] + found["retransmitted"],
                "retransmittedPacketsSent": found["retransmitted"],
                "kind": consumer.kind,
                "mimeType": consumer.rtp_parameters.media_codecs()[0].mime_type,
                "packetCount": found["packets"],
                "byteCount": found["bytes"],
                "packetsLost": found["lost"],
                "fractionLost": round(found["fraction_lost"] * _FRACTION),
                "packetsRetransmitted": found["retransmitted"],
                "nackPacketCount": found["nacks"],
                "pliCount": found["key_frame_requests"],
                "jitter": found["jitter"],
                "roundTripTime": found["rtt_ms"],
                **_layers(found),
                **_shown(consumer, found, received),
            }
        )
        sent.extend(_reported(consumer, found))
    return sent + received


def _shown(consumer: Consumer, found: Mapping[str, Any], received: list[Json]) -> Json:
    """Of the stream that the viewer gets now, what is known of it where it comes from."""
    told: Json = {} if consumer.rtp_parameters.mid is None else {"mid": consumer.rtp_parameters.mid}
    layer = max(found["spatial_layer"], 0)
    shown = [one for one in received if one.get("spatialLayer") == layer]
    if consumer.kind == "audio" or not shown or found["packets"] == 0:
        return told
    same = ("rid", "frameWidth", "frameHeight", "framesPerSecond", "scalabilityMode")
    return told | {name: shown[0][name] for name in same if name in shown[0]}


def _reported(consumer: Consumer, found: Mapping[str, Any]) -> list[Json]:
    """RTCRemoteInboundRtpStreamStats (W3C webrtc-stats): shares and seconds; none before the first report."""
    if not (found["rtt_ms"] or found["jitter"] or found["lost"]):
        return []
    codec = consumer.rtp_parameters.media_codecs()[0]
    trip = {"roundTripTime": round(found["rtt_ms"] / 1000, 4)} if found["rtt_ms"] else {}
    return [
        {
            "type": "remote-inbound-rtp",
            "id": f"{consumer.id}/remote",
            "localId": consumer.id,
            "timestamp": _now_ms(),
            "kind": consumer.kind,
            "ssrc": consumer.rtp_parameters.encodings[0].ssrc,
            "packetsLost": found["lost"],
            "fractionLost": round(found["fraction_lost"], 4),
            "jitter": round(found["jitter"] / codec.clock_rate, 6),
            **trip,
        }
    ]


def _layers(found: Mapping[str, Any]) -> Json:
    """What a viewer of a picture gets, and what it is to get at most."""
    if found["spatial_layer"] == NOTHING:
        return {}
    told = {"spatialLayer": found["spatial_layer"], "temporalLayer": found["temporal_layer"]}
    if found["target_spatial_layer"] != TOP:
        told["targetSpatialLayer"] = found["target_spatial_layer"]
    if found["target_temporal_layer"] != TOP:
        told["targetTemporalLayer"] = found["target_temporal_layer"]
    return told


def transport_stats(transport: MediaTransport) -> list[Json]:
    """Of either kind of transport; see `docs/sfu.md`."""
    if isinstance(transport, PlainTransport):
        return [_plain_stats(transport)]
    return _webrtc_stats(transport) if isinstance(transport, WebRtcTransport) else []


def _plain_stats(transport: PlainTransport) -> Json:
    """mediasoup's `plain-rtp-transport`, with `state`: whether anything valid has come in the last 30 s."""
    found = transport.stats()
    about = describe_plain(transport)
    about = {name: value for name, value in about.items() if name not in ("id", "srtpParameters")}
    told: Json = {
        "type": "plain-rtp-transport",
        "timestamp": _now_ms(),
        **about,
        "state": found["state"],
    }
    if "bytes_sent" in found:
        told |= _traffic(found)
    return told


def _traffic(found: Mapping[str, Any]) -> Json:
    return {
        "bytesReceived": found["bytes_received"],
        "bytesSent": found["bytes_sent"],
        "packetsReceived": found["packets_received"],
        "packetsSent": found["packets_sent"],
    }


def _webrtc_stats(transport: WebRtcTransport) -> list[Json]:
    """One `webrtc-transport`; once there is a pair, W3C's `candidate-pair` and `transport`.

    What is not known is left out.
    """
    found = transport.stats()
    told: Json = {
        "type": "webrtc-transport",
        "transportId": transport.id,
        "timestamp": _now_ms(),
        "iceRole": "controlled",
        "iceState": found["ice_state"],
        "dtlsState": found["dtls_state"],
    }
    if "sctp_state" in found:
        told["sctpState"] = found["sctp_state"]
    if found["selected_address"] is not None:
        host, port = found["selected_address"][:2]
        told["iceSelectedTuple"] = {
            "remoteIp": host,
            "remotePort": port,
            "protocol": _selected_protocol(found),
        }
    if "bytes_sent" in found:
        told |= _traffic(found) | _link(found)
    if "bytes_sent" not in found or found["selected_address"] is None:
        return [told]
    return [told, _candidate_pair(transport, found), _w3c_transport(transport, found)]


def _selected_protocol(found: Mapping[str, Any]) -> str:
    selected = (one["protocol"] for one in found.get("tuples", ()) if one["selected"])
    return next(selected, "udp")


def _link(found: Mapping[str, Any]) -> Json:
    """What is known of the way to a viewer; mediasoup's names where it has one."""
    if not found["available_bps"]:
        return {}
    link = {"availableOutgoingBitrate": found["available_bps"]}
    if found["acked_bps"]:
        link |= {
            "sendBitrate": found["demand_bps"],
            "acknowledgedBitrate": found["acked_bps"],
            "roundTripTime": round(found["rtt_ms"], 1),
            "queueTime": round(found["queue_ms"], 1),
            "rtpPacketLossSent": round(found["fraction_lost"], 4),
            "pacerDelay": round(found["waiting_ms"], 1),
            "probing": found["probing"],
        }
    return link


def _w3c_transport(transport: WebRtcTransport, found: Mapping[str, Any]) -> Json:
    """RTCTransportStats (W3C webrtc-stats)."""
    return {
        "type": "transport",
        "id": transport.id,
        "timestamp": _now_ms(),
        "iceRole": "controlled",
        "iceState": found["ice_state"],
        "iceLocalUsernameFragment": transport.ice_parameters.username_fragment,
        "dtlsState": found["dtls_state"],
        "selectedCandidatePairId": _pair_id(transport),
        "bytesSent": found["bytes_sent"],
        "bytesReceived": found["bytes_received"],
        "packetsSent": found["packets_sent"],
        "packetsReceived": found["packets_received"],
    }


def _pair_id(transport: WebRtcTransport) -> str:
    return f"{transport.id}/pair"


def _candidate_pair(transport: WebRtcTransport, found: Mapping[str, Any]) -> Json:
    """RTCIceCandidatePairStats (W3C webrtc-stats): seconds, bytes, bit/s."""
    pair: Json = {
        "type": "candidate-pair",
        "id": _pair_id(transport),
        "transportId": transport.id,
        "timestamp": _now_ms(),
        "nominated": True,
        "state": "succeeded",
        "bytesSent": found["bytes_sent"],
        "bytesReceived": found["bytes_received"],
        "packetsSent": found["packets_sent"],
        "packetsReceived": found["packets_received"],
    }
    if found["available_bps"]:
        pair["availableOutgoingBitrate"] = found["available_bps"]
    if found["rtt_ms"]:
        pair["currentRoundTripTime"] = round(found["rtt_ms"] / 1000, 4)
    return pair


def _now_ms() -> int:
    return round(time.time() * 1000)
