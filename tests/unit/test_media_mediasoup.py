"""What mediasoup's suites ask of routers, transports, producers and consumers and no other test here does.

docs/mediasoup-checklist.md says which test shows which of their behaviours.
"""

from typing import Any

import pytest

from tests.packet_path import PacketPath, Rtp, add_viewer, vp8_payload
from tests.unit.test_media_objects import (
    MID,
    capabilities,
    consumer,
    parameters,
    router,
    sender,
    video,
    viewer,
    worker,
)
from vtp import _rtp_fast as fast
from vtp.media.consumer import Consumer, ConsumerClosed, ConsumerEvent
from vtp.media.data_consumer import DataConsumerClosed, DataConsumerEvent
from vtp.media.media_transport import ProducerMade, TransportEvent
from vtp.media.parameters import DtlsParameters, RtpCapabilities, RtpParameters, SctpStreamParameters
from vtp.media.producer import Producer
from vtp.media.router import Router
from vtp.media.transport import WebRtcTransport
from vtp.media.worker import MediaWorker

__all__ = ["capabilities", "consumer", "router", "sender", "video", "viewer", "worker"]  # fixtures

FINGERPRINT = {"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}


# Producers


async def test_mid_belongs_to_one_open_producer_of_a_transport(
    sender: WebRtcTransport, video: Producer, viewer: WebRtcTransport
) -> None:
    again = parameters("video", "video/VP8", 2222)
    with pytest.raises(ValueError, match="MID 0 belongs to another producer"):
        sender.produce("video", again)
    assert list(sender.producers.values()) == [video]
    assert viewer.produce("video", again).rtp_parameters.mid == "0", "other transports have MIDs of their own"
    video.close()
    assert sender.produce("video", again).rtp_parameters.mid == "0"


@pytest.mark.parametrize("encoding", [{"ssrc": 1111}, {"ssrc": 2222, "rtx": {"ssrc": 1111}}])
async def test_ssrc_belongs_to_one_producer_of_a_transport(
    sender: WebRtcTransport, video: Producer, encoding: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="SSRC 1111 belongs to another producer"):
        sender.produce("video", parameters("video", "video/VP8", 0, mid="1", encodings=[encoding]))
    assert list(sender.producers.values()) == [video]


async def test_producer_needs_neither_extensions_nor_rtcp_nor_encodings(sender: WebRtcTransport) -> None:
    events: list[TransportEvent] = []
    sender.add_listener(events.append)
    codec = {"mimeType": "audio/opus", "payloadType": 0, "clockRate": 48000, "channels": 2}
    made = sender.produce("audio", RtpParameters.from_json({"mid": "AUDIO2", "codecs": [codec]}))
    assert events == [ProducerMade(made)]
    assert made.kind == "audio" and made.type == "simple" and not made.paused and not made.closed
    assert len(made.consumable.encodings) == 1 and made.consumable.rtcp.cname


def test_producer_that_names_no_mid_ssrc_or_rid_is_known_by_its_payload_type() -> None:
    """mediasoup refuses it; here it is taken where nothing else could be meant."""
    path = PacketPath()
    peer = path.peer().connect()
    producer = path.worker.add_producer(
        peer.transport,
        kind="video",
        mid="",
        codecs=[(96, fast.CODEC_VP8, 90_000, -1)],
        encodings=[(0, 0, "")],
        extensions={},
        nack=True,
        transport_cc=False,
        remb=False,
    )
    viewer, _ = add_viewer(path, producer)
    peer.send(Rtp(96, 1, 3000, 4242, vp8_payload(True, 1, 100), marker=True))
    assert len(viewer.rtp) == 1


async def test_what_a_producer_says_of_its_codec_reaches_its_consumers(
    sender: WebRtcTransport, viewer: WebRtcTransport, capabilities: RtpCapabilities
) -> None:
    said = {"useinbandfec": 1, "usedtx": 1, "foo": 222.222, "bar": "333"}
    wish = parameters("audio", "audio/opus", 1).to_json()
    wish["codecs"][0]["parameters"] = said
    source = sender.produce("audio", RtpParameters.from_json(wish))
    assert source.rtp_parameters.codecs[0].parameters == said
    [codec] = viewer.consume(source, capabilities).rtp_parameters.codecs
    assert codec.parameters == said and codec.payload_type == 100 and codec.channels == 2


async def test_new_producer_and_consumer_have_counted_nothing(
    video: Producer, consumer: Consumer, viewer: WebRtcTransport
) -> None:
    [stream] = video.stats()["streams"]
    assert stream["ssrc"] == 1111 and stream["packets"] == stream["bytes"] == stream["lost"] == 0
    assert consumer.stats()["packets"] == consumer.stats()["retransmitted"] == 0
    stats = viewer.stats()
    assert (stats["ice_state"], stats["dtls_state"], stats["selected_address"]) == ("new", "new", None)
    assert stats["bytes_received"] == stats["bytes_sent"] == 0


# Consumers


async def test_consumers_of_a_transport_have_mids_in_order(
    video: Producer, viewer: WebRtcTransport, capabilities: RtpCapabilities
) -> None:
    made = [viewer.consume(video, capabilities) for _ in range(3)]
    made[1].close()
    made.append(viewer.consume(video, capabilities))
    assert [one.rtp_parameters.mid for one in made] == ["0", "1", "2", "3"]
    assert len({one.rtp_parameters.encodings[0].ssrc for one in made}) == 4


async def test_consumer_of_a_paused_producer_begins_paused_by_it_and_by_wish(
    video: Producer, viewer: WebRtcTransport, capabilities: RtpCapabilities
) -> None:
    video.pause()
    made = viewer.consume(video, capabilities, paused=True, app_data={"baz": "LOL"})
    assert made.paused and made.producer_paused and made.app_data == {"baz": "LOL"}
    made.resume()
    made.resume()
    assert not made.paused and made.producer_paused and not made.stats()["paused"]
    made.pause()
    assert made.paused and made.stats()["paused"]


async def test_closing_a_consumer_leaves_its_producer_and_the_other_consumers(
    router: Router, video: Producer, consumer: Consumer, viewer: WebRtcTransport
) -> None:
    other = viewer.consume(video, router.rtp_capabilities)
    events: list[ConsumerEvent] = []
    consumer.add_listener(events.append)
    consumer.close()
    consumer.close()
    assert events == [ConsumerClosed(consumer, "The viewer closed it.")]
    assert router.consumers == {other.id: other} and router.producers == {video.id: video}
    assert not video.closed and video.stats()["consumers"] == 1


async def test_what_is_closed_takes_calls_and_changes_nothing(
    video: Producer, consumer: Consumer, router: Router
) -> None:
    """mediasoup raises; here the faces know no closed ids, and inside a late call is no fault."""
    video.close()
    for closed in (video, consumer):
        closed.pause()
        closed.resume()
        assert closed.closed and not closed.paused and closed.stats() == {}
    await video.request_key_frame()
    assert router.producers == {} and router.consumers == {}


# Transports and routers


async def test_restart_of_ice_changes_both_credentials_and_no_more(viewer: WebRtcTransport) -> None:
    before = viewer.ice_parameters
    after = viewer.restart_ice()
    assert after == viewer.ice_parameters and after.ice_lite is True
    assert after.username_fragment != before.username_fragment and after.password != before.password
    assert viewer.dtls_state.value == "new" and not viewer.closed


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"fingerprints": []},
        {"fingerprints": [FINGERPRINT | {"algorithm": "sha-256000"}]},
        {"fingerprints": [FINGERPRINT], "role": "chicken"},
    ],
)
async def test_wrong_dtls_parameters_are_refused_and_leave_the_role_open(
    viewer: WebRtcTransport, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"^dtlsParameters\.\w+"):
        viewer.connect(DtlsParameters.from_json(wrong))
    roles = [viewer.dtls_parameters.role]
    viewer.connect(DtlsParameters.from_json({"fingerprints": [FINGERPRINT], "role": "client"}))
    roles.append(viewer.dtls_parameters.role)
    assert roles == ["auto", "server"]


async def test_closed_transport_and_router_make_nothing_new(
    router: Router, viewer: WebRtcTransport, video: Producer, capabilities: RtpCapabilities
) -> None:
    viewer.close("Gone home.")
    for make in (
        lambda: viewer.produce("video", parameters("video", "video/VP8", 1)),
        lambda: viewer.consume(video, capabilities),
        lambda: viewer.restart_ice(),
    ):
        with pytest.raises(ValueError, match="Gone home"):
            make()
    assert "packets_sent" not in viewer.stats() and viewer.id not in router.transports
    router.close()
    router.close()
    with pytest.raises(ValueError, match="router is closed"):
        router.create_transport()


async def test_router_makes_nothing_once_its_worker_is_closed(router: Router, worker: MediaWorker) -> None:
    worker.close()
    with pytest.raises(ValueError, match="router is closed"):
        router.create_transport()


async def test_router_keeps_each_kind_of_object_by_id(
    router: Router, sender: WebRtcTransport, viewer: WebRtcTransport, video: Producer, consumer: Consumer
) -> None:
    assert router.transports == {sender.id: sender, viewer.id: viewer}
    assert router.producers == {video.id: video} and router.consumers == {consumer.id: consumer}
    assert consumer.producer is video and router.can_consume(video, router.rtp_capabilities)
    video.close()
    assert not router.producers and not router.consumers
    assert not router.can_consume(video, router.rtp_capabilities)


async def test_extensions_of_a_consumer_are_those_of_its_endpoint_with_the_routers_ids(
    video: Producer, viewer: WebRtcTransport, capabilities: RtpCapabilities
) -> None:
    few = capabilities.model_copy(deep=True)
    wanted = (MID, "urn:3gpp:video-orientation", "urn:ietf:params:rtp-hdrext:toffset")
    few.header_extensions = [one for one in few.header_extensions if one.uri in wanted]
    found = viewer.consume(video, few).rtp_parameters.header_extensions
    assert [(one.uri, one.id) for one in found] == list(zip(wanted, (1, 11, 12), strict=True))


# Data


def data_transport(router: Router) -> WebRtcTransport:
    return router.create_transport(enable_sctp=True)


@pytest.mark.parametrize(
    ("wish", "ordered"),
    [
        ({"streamId": 666}, True),
        ({"streamId": 777, "maxRetransmits": 3}, False),
        ({"streamId": 888, "ordered": False, "maxPacketLifeTime": 5000}, False),
    ],
)
async def test_data_consumer_has_the_reliability_of_its_producer_on_a_stream_of_its_own(
    router: Router, wish: dict[str, Any], ordered: bool
) -> None:
    transport, other = data_transport(router), data_transport(router)
    parameters = SctpStreamParameters.from_json(wish)
    made = transport.produce_data(parameters, "foo", "bar", paused=True, app_data={"foo": 1})
    assert made.sctp_stream_parameters.stream_id == wish["streamId"] and made.paused
    assert (made.label, made.protocol, made.app_data) == ("foo", "bar", {"foo": 1})
    got = other.consume_data(made, paused=True, app_data={"baz": "LOL"})
    asked, given = made.sctp_stream_parameters.to_json(), got.sctp_stream_parameters.to_json()
    assert asked["ordered"] is ordered and given == asked | {"streamId": given["streamId"]}
    assert (got.label, got.protocol, got.app_data) == ("foo", "bar", {"baz": "LOL"})
    assert got.paused and got.producer_paused and got.data_producer is made
    assert made.stats() == {"messages": 0, "bytes": 0, "dropped": 0}
    assert got.stats() == {"messages": 0, "bytes": 0, "dropped": 0, "waiting_bytes": 0}
    assert transport.data_producers == {made.id: made} and other.data_consumers == {got.id: got}


@pytest.mark.parametrize("wrong", [{}, {"streamId": "1"}, {"streamId": 65535}, {"ordered": True}])
def test_data_stream_needs_an_id_that_sctp_has(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="streamId"):
        SctpStreamParameters.from_json(wrong)


async def test_data_consumer_tells_its_end_once_and_takes_late_calls(router: Router) -> None:
    made = data_transport(router).produce_data(SctpStreamParameters.from_json({"streamId": 1}))
    transport = data_transport(router)
    closed, orphan = transport.consume_data(made), transport.consume_data(made)
    events: list[DataConsumerEvent] = []
    for one in (closed, orphan):
        one.add_listener(events.append)
    closed.close()
    closed.close()
    closed.pause()
    assert not made.closed and not closed.paused and transport.data_consumers == {orphan.id: orphan}
    made.close()
    made.pause()
    assert not made.paused and router.data_producers == {} and transport.data_consumers == {}
    assert events == [
        DataConsumerClosed(closed, "The receiver closed it."),
        DataConsumerClosed(orphan, "Its data producer was closed."),
    ]


async def test_closing_its_transport_closes_a_data_consumer_and_leaves_the_producer(router: Router) -> None:
    made = data_transport(router).produce_data(SctpStreamParameters.from_json({"streamId": 1}))
    transport = data_transport(router)
    got = transport.consume_data(made)
    transport.close("Gone home.")
    assert got.closed and not made.closed and transport.data_consumers == {}
    assert router.data_producers == {made.id: made}
