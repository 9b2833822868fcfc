"""Router, transport, producer and consumer over a packet path without sockets: who closes with whom."""

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from vtp import _rtp_fast
from vtp.media.capabilities import router_codecs
from vtp.media.certificates import Certificates, make_certificate
from vtp.media.connection import Connection
from vtp.media.consumer import (
    Consumer,
    ConsumerClosed,
    ConsumerEvent,
    ConsumerLayersChanged,
    ConsumerProducerPaused,
)
from vtp.media.layers import TOP, Layers
from vtp.media.media_transport import TransportClosed, TransportEvent
from vtp.media.ortc import UnsupportedCodec, generate_router_capabilities
from vtp.media.packet_path import consumer_arguments, producer_arguments
from vtp.media.parameters import DtlsParameters, RtpCapabilities, RtpParameters
from vtp.media.producer import (
    Producer,
    ProducerClosed,
    ProducerEvent,
    ProducerLayersWatched,
    ProducerPaused,
    ProducerResumed,
)
from vtp.media.router import Router, RouterClosed, RouterEvent, TransportGone
from vtp.media.transport import WebRtcTransport
from vtp.media.worker import MediaWorker, WorkerEvent
from vtp.rooms.program import Presenter, ProducerAdded, ProducerRemoved, Program, ProgramEvent
from vtp.tasks import Tasks

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


def parameters(kind: str, mime: str, ssrc: int, **more: Any) -> RtpParameters:
    clock = 48_000 if kind == "audio" else 90_000
    codec: dict[str, Any] = {"mimeType": mime, "payloadType": 96, "clockRate": clock, "parameters": {}}
    codec |= {"channels": 2} if kind == "audio" else {"rtcpFeedback": [{"type": "nack"}]}
    if mime == "video/H264":
        codec["parameters"] = {"packetization-mode": 1, "profile-level-id": "42e01f"}
    value = {"codecs": [codec], "encodings": [{"ssrc": ssrc}], "headerExtensions": [{"uri": MID, "id": 3}]}
    return RtpParameters.from_json(value | {"mid": "0", "rtcp": {"cname": "alice"}} | more)


@pytest.fixture
async def worker() -> AsyncIterator[MediaWorker]:
    worker = MediaWorker(_rtp_fast.Worker([], threaded=False), asyncio.get_running_loop(), threaded=False)
    yield worker
    worker.close()


@pytest.fixture
def capabilities() -> RtpCapabilities:
    return generate_router_capabilities(router_codecs())


@pytest.fixture
async def router(worker: MediaWorker, capabilities: RtpCapabilities) -> AsyncIterator[Router]:
    tasks = Tasks()
    router = Router(worker, capabilities, Certificates(), tasks)
    yield router
    router.close()
    await tasks.close()


@pytest.fixture
async def sender(router: Router) -> WebRtcTransport:
    return router.create_transport()


@pytest.fixture
async def video(sender: WebRtcTransport) -> Producer:
    return sender.produce("video", parameters("video", "video/VP8", 1111))


@pytest.fixture
async def viewer(router: Router) -> WebRtcTransport:
    return router.create_transport()


@pytest.fixture
async def consumer(video: Producer, viewer: WebRtcTransport, capabilities: RtpCapabilities) -> Consumer:
    return viewer.consume(video, capabilities)


def free_consumer(viewer: WebRtcTransport, kind: Any = "video", mime: str = "video/VP8") -> Consumer:
    return viewer.consume_any(kind, parameters(kind, mime, viewer.allocate_ssrc()))


def reports(viewer: WebRtcTransport) -> list[TransportEvent]:
    events: list[TransportEvent] = []
    viewer.add_listener(events.append)
    return events


async def test_consumer_has_the_routers_payload_type_and_an_ssrc_of_its_own(consumer: Consumer) -> None:
    codec = consumer.rtp_parameters.media_codecs()[0]
    assert codec.mime_type == "video/VP8" and codec.payload_type != 96
    assert consumer.rtp_parameters.encodings[0].ssrc not in (None, 1111)
    assert consumer.rtp_parameters.rtcp.cname == "alice"
    assert consumer.stats()["packets"] == 0


async def test_producers_of_one_transport_have_one_cname(sender: WebRtcTransport) -> None:
    made = [
        sender.produce("video", parameters("video", "video/VP8", 1, rtcp={"cname": "one"})),
        sender.produce("audio", parameters("audio", "audio/opus", 2, mid="1", rtcp={"cname": "two"})),
    ]
    assert {producer.consumable.rtcp.cname for producer in made} == {"one"}


async def test_closing_a_producer_closes_its_consumers(
    video: Producer, consumer: Consumer, viewer: WebRtcTransport
) -> None:
    events: list[ConsumerEvent] = []
    consumer.add_listener(events.append)
    video.close()
    assert events == [ConsumerClosed(consumer, "Its producer was closed.")]
    assert viewer.consumers == {} and not viewer.closed


async def test_closing_the_senders_transport_closes_producers_and_their_consumers(
    sender: WebRtcTransport, video: Producer, consumer: Consumer, router: Router
) -> None:
    events: list[ProducerEvent] = []
    video.add_listener(events.append)
    sender.close("The peer left.")
    assert events == [ProducerClosed(video, "The peer left.")]
    assert consumer.closed and router.producers == {} and router.consumers == {}


async def test_closing_the_viewers_transport_leaves_the_producer(
    viewer: WebRtcTransport, consumer: Consumer, video: Producer
) -> None:
    viewer.close()
    assert consumer.closed and not video.closed
    assert video.stats()["consumers"] == 0


async def test_closing_the_router_closes_all_and_tells_transports_first(
    router: Router, sender: WebRtcTransport
) -> None:
    events: list[RouterEvent] = []
    router.add_listener(events.append)
    router.close("Over.")
    router.close("Over again.")
    assert events == [TransportGone(sender, "Over."), RouterClosed(router, "Over.")]
    with pytest.raises(ValueError, match="closed"):
        router.create_transport()


async def test_closed_transport_is_freed_without_the_collector(
    router: Router, video: Producer, capabilities: RtpCapabilities
) -> None:
    kinds = {WebRtcTransport, Connection, Consumer}

    def of_ours() -> int:
        return sum(type(one) in kinds for one in gc.get_objects())

    router.create_transport().close()  # what a first one loads, it loads here
    gc.collect()
    gc.disable()
    try:
        before = of_ours()
        viewer = router.create_transport()
        viewer.connect(DtlsParameters(fingerprints=[make_certificate(datetime.now(UTC)).fingerprint]))
        viewer.consume(video, capabilities)
        assert of_ours() == before + 3
        viewer.close()
        del viewer
        await asyncio.sleep(0)
        assert of_ours() == before
    finally:
        gc.enable()


async def test_transport_tells_its_end_once_with_the_reason(viewer: WebRtcTransport) -> None:
    events = reports(viewer)
    viewer.close("First.")
    viewer.close("Second.")
    assert events == [TransportClosed(viewer, "First.")]
    with pytest.raises(ValueError, match=r"First\."):
        viewer.restart_ice()


async def test_packet_path_forgets_what_is_closed(
    worker: MediaWorker, router: Router, consumer: Consumer
) -> None:
    router.close()
    counters = worker.counters()
    assert (counters["transports"], counters["producers"], counters["consumers"]) == (0, 0, 0)
    assert not (worker.transports or worker.producers or worker.consumers)


async def test_free_consumer_survives_its_producer_and_takes_the_next(
    video: Producer, sender: WebRtcTransport, viewer: WebRtcTransport
) -> None:
    consumer = free_consumer(viewer)
    consumer.set_source(video)
    video.close()
    assert consumer.producer is None and not consumer.closed
    consumer.set_source(again := sender.produce("video", parameters("video", "video/VP8", 2222)))
    assert consumer.producer is again


async def test_free_consumer_ignores_a_producer_it_has_left(
    video: Producer, sender: WebRtcTransport, viewer: WebRtcTransport
) -> None:
    consumer = free_consumer(viewer)
    consumer.set_source(video)
    consumer.set_source(other := sender.produce("video", parameters("video", "video/VP8", 2222, mid="1")))
    video.close()
    assert consumer.producer is other


async def test_consumer_of_another_kind_or_a_bound_one_cannot_be_pointed(
    consumer: Consumer, video: Producer, viewer: WebRtcTransport
) -> None:
    with pytest.raises(ValueError, match="belongs to its producer"):
        consumer.set_source(None)
    with pytest.raises(ValueError, match="audio cannot send video"):
        free_consumer(viewer, "audio", "audio/opus").set_source(video)


async def test_pausing_tells_producers_and_consumers_listeners_once(
    video: Producer, consumer: Consumer
) -> None:
    produced: list[ProducerEvent] = []
    consumed: list[ConsumerEvent] = []
    video.add_listener(produced.append)
    consumer.add_listener(consumed.append)
    video.pause()
    video.pause()
    assert consumer.producer_paused
    video.resume()
    assert produced == [ProducerPaused(video), ProducerResumed(video)]
    assert consumed[0] == ConsumerProducerPaused(consumer) and len(consumed) == 2


async def test_unknown_codec_is_refused_and_leaves_nothing(
    sender: WebRtcTransport, worker: MediaWorker
) -> None:
    with pytest.raises(UnsupportedCodec):
        sender.produce("video", parameters("video", "video/H263", 1))
    assert worker.counters()["producers"] == 0 and not sender.producers


async def test_consumer_without_a_common_codec_is_refused(
    video: Producer, viewer: WebRtcTransport, router: Router
) -> None:
    deaf = generate_router_capabilities(router_codecs(["opus"]))
    assert not router.can_consume(video, deaf)
    with pytest.raises(UnsupportedCodec):
        viewer.consume(video, deaf)


async def test_connecting_twice_or_after_the_end_is_refused(viewer: WebRtcTransport) -> None:
    remote = DtlsParameters(fingerprints=[make_certificate(datetime.now(UTC)).fingerprint])
    viewer.connect(remote)
    assert viewer.dtls_parameters.role == "server"
    with pytest.raises(ValueError, match="connected already"):
        viewer.connect(remote)
    viewer.close()
    with pytest.raises(ValueError, match="is closed"):
        viewer.connect(remote)


async def test_handshake_waits_for_the_first_check_and_ends_with_the_transport(
    viewer: WebRtcTransport,
) -> None:
    events = reports(viewer)
    viewer.connect(DtlsParameters(role="client", fingerprints=viewer.dtls_parameters.fingerprints))
    assert viewer.dtls_state.value == "new"
    viewer.connection.receive_event(WorkerEvent.ICE_CONNECTED, ("192.0.2.9", 5000))
    await asyncio.sleep(0)
    assert viewer.dtls_state.value == "connecting" and viewer.selected_address == ("192.0.2.9", 5000)
    viewer.close()
    assert [type(event).__name__ for event in events] == [
        "IceStateChanged",
        "DtlsStateChanged",
        "TransportClosed",
    ]


async def test_ssrcs_of_a_transport_are_never_given_twice(viewer: WebRtcTransport) -> None:
    given = [viewer.allocate_ssrc() for _ in range(500)]
    assert len(set(given)) == 500 and not {0, 1234} & set(given)


async def test_long_mid_and_cname_are_cut_to_what_packets_carry() -> None:
    long = parameters("video", "video/VP8", 1, mid="m" * 32, rtcp={"cname": "é" * 60})
    assert producer_arguments("video", long)["mid"] == ""
    assert consumer_arguments("video", long)["cname"] == "é" * 31


async def test_closed_producer_has_no_tap(video: Producer) -> None:
    tap = video.open_tap()
    tap.close()
    video.close()
    with pytest.raises(ValueError, match="nothing to record"):
        video.open_tap()


# The program


def presenter(transport: WebRtcTransport, owner: str = "alice") -> Presenter:
    return Presenter(owner, f"participant of {owner}", owner.title(), transport)


async def test_program_follows_its_presenters_transport(
    sender: WebRtcTransport, video: Producer, viewer: WebRtcTransport
) -> None:
    program = Program()
    events: list[ProgramEvent] = []
    program.add_listener(events.append)
    program.follow(shown := free_consumer(viewer))
    program.present(presenter(sender))
    assert program.is_live and shown.producer is video
    sound = sender.produce("audio", parameters("audio", "audio/opus", 5, mid="1"))
    sender.close()
    assert program.presenter is None and program.producers == {}
    assert events == [
        ProducerAdded(video),
        ProducerAdded(sound),
        ProducerRemoved(video),
        ProducerRemoved(sound),
    ]


async def test_camera_is_shown_again_when_the_shared_screen_is_closed(
    sender: WebRtcTransport, video: Producer, viewer: WebRtcTransport
) -> None:
    program = Program()
    program.follow(shown := free_consumer(viewer))
    program.present(presenter(sender))
    screen = sender.produce("video", parameters("video", "video/VP8", 6, mid="2"))
    assert shown.producer is screen
    screen.close()
    assert shown.producer is video and program.producers == {"video": video}
    second = sender.produce("video", parameters("video", "video/VP8", 7, mid="3"))
    events: list[ProgramEvent] = []
    program.add_listener(events.append)
    sender.close()
    assert events == [ProducerRemoved(second)], "what ends with its transport shows nothing else first"


async def test_replaced_presenter_is_closed_and_never_shown_beside_the_new_one(
    router: Router, sender: WebRtcTransport, video: Producer, viewer: WebRtcTransport
) -> None:
    program = Program()
    program.follow(shown := free_consumer(viewer))
    program.present(presenter(sender))
    events: list[ProgramEvent] = []
    program.add_listener(events.append)
    second = router.create_transport()
    newer = second.produce("video", parameters("video", "video/H264", 2222))
    program.present(presenter(second))
    assert events == [ProducerRemoved(video), ProducerAdded(newer)]
    assert sender.closed and not second.closed and shown.producer is newer


async def test_kind_that_the_new_publication_lacks_leaves_the_program(
    router: Router, sender: WebRtcTransport, video: Producer
) -> None:
    program = Program()
    program.present(presenter(sender))
    second = router.create_transport()
    second.produce("audio", parameters("audio", "audio/opus", 5))
    program.present(presenter(second))
    assert set(program.producers) == {"audio"}


async def test_vp8_is_not_recordable_unless_it_is_transcoded(
    sender: WebRtcTransport, video: Producer
) -> None:
    program = Program()
    assert program.unrecordable_reason is None
    program.present(presenter(sender))
    assert program.unrecordable_reason == (
        "The presenter sends VP8 video, which is not recorded: publish H.264, VP9 or AV1 to record this room."
    )
    program.is_transcoded = True
    assert program.unrecordable_reason is None


@pytest.mark.parametrize("codec", ["H264", "VP9", "AV1"])
async def test_other_video_codecs_are_recordable(sender: WebRtcTransport, codec: str) -> None:
    sender.produce("video", parameters("video", f"video/{codec}", 2222))
    program = Program()
    program.present(presenter(sender))
    assert program.producers and program.unrecordable_reason is None


# Layers


def in_layers(sender: WebRtcTransport) -> Producer:
    encodings = [{"rid": rid, "scalabilityMode": "L1T3"} for rid in "lmh"]
    return sender.produce("video", parameters("video", "video/VP8", 0, mid="1", encodings=encodings))


async def test_preferred_layers_are_kept_within_what_there_is_and_sound_has_none(
    sender: WebRtcTransport, viewer: WebRtcTransport, capabilities: RtpCapabilities, worker: MediaWorker
) -> None:
    consumer = viewer.consume(in_layers(sender), capabilities)
    assert consumer.has_layers
    assert consumer.prefer_layers(7) == Layers(2, 2)
    assert consumer.prefer_layers(1, 0) == Layers(1, 0) == consumer.preferred_layers
    stats = worker.core.consumer_stats(consumer.handle)
    assert (stats["target_spatial_layer"], stats["target_temporal_layer"]) == (1, 0)
    sound = viewer.consume(
        sender.produce("audio", parameters("audio", "audio/opus", 7, mid="2")), capabilities
    )
    with pytest.raises(ValueError, match="Sound has no layers"):
        sound.prefer_layers(1)


async def test_preferred_temporal_layer_that_is_not_named_is_the_highest(
    consumer: Consumer, worker: MediaWorker
) -> None:
    consumer.prefer_layers(0)
    assert worker.core.consumer_stats(consumer.handle)["target_temporal_layer"] == TOP
    assert not consumer.has_layers


async def test_current_layers_are_what_the_packet_path_tells(consumer: Consumer) -> None:
    events: list[ConsumerEvent] = []
    consumer.add_listener(events.append)
    consumer.receive_event(WorkerEvent.LAYERS_CHANGED, (1, 2))
    assert events == [ConsumerLayersChanged(consumer, Layers(1, 2))]
    assert consumer.current_layers == Layers(1, 2)
    consumer.receive_event(WorkerEvent.LAYERS_CHANGED, (-1, -1))
    assert consumer.current_layers is None


async def test_layers_that_nobody_watches_are_told_to_who_may_stop_them(sender: WebRtcTransport) -> None:
    producer = in_layers(sender)
    events: list[ProducerEvent] = []
    producer.add_listener(events.append)
    producer.receive_event(WorkerEvent.LAYER_UNWATCHED, 2)
    producer.receive_event(WorkerEvent.LAYER_UNWATCHED, 2)
    producer.receive_event(WorkerEvent.LAYER_WATCHED, 2)
    assert events == [
        ProducerLayersWatched(producer, frozenset({0, 1})),
        ProducerLayersWatched(producer, frozenset({0, 1, 2})),
    ]
