"""Viewers on another worker than their publisher: the pipe is made for the first and ends with the last."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.unit.test_media_objects import free_consumer, parameters
from vtp import _rtp_fast
from vtp.media.capabilities import router_codecs
from vtp.media.certificates import Certificates
from vtp.media.ortc import generate_router_capabilities
from vtp.media.outlets import Outlets
from vtp.media.producer import Producer
from vtp.media.router import Router
from vtp.media.transport import WebRtcTransport
from vtp.media.worker import MediaWorker
from vtp.rooms.program import Presenter, ProducerAdded, Program, ProgramEvent
from vtp.tasks import Tasks


@pytest.fixture
async def workers() -> AsyncIterator[list[MediaWorker]]:
    loop = asyncio.get_running_loop()
    made = [MediaWorker(_rtp_fast.Worker([], threaded=False), loop, threaded=False) for _ in range(2)]
    yield made
    for worker in made:
        worker.close()


@pytest.fixture
async def router(workers: list[MediaWorker]) -> AsyncIterator[Router]:
    """At home on the first worker; all who do not publish are placed on the second."""
    tasks, capabilities = Tasks(), generate_router_capabilities(router_codecs())
    router = Router(workers[0], capabilities, Certificates(), tasks, place=lambda _: workers[1])
    yield router
    router.close()
    await tasks.close()


@pytest.fixture
async def video(router: Router) -> Producer:
    sender = router.create_transport(publishes=True)
    return sender.produce("video", parameters("video", "video/VP8", 1111))


@pytest.fixture
async def viewer(router: Router) -> WebRtcTransport:
    return router.create_transport()


def pipes(worker: MediaWorker) -> int:
    return worker.counters()["pipes"]


async def test_publishers_are_at_home_and_viewers_where_they_are_placed(
    router: Router, video: Producer, viewer: WebRtcTransport, workers: list[MediaWorker]
) -> None:
    assert (video.worker, viewer.worker) == (workers[0], workers[1])
    assert router.workers == set(workers)


async def test_all_viewers_of_a_worker_share_one_pipe_that_ends_with_the_last(
    router: Router, video: Producer, viewer: WebRtcTransport, workers: list[MediaWorker]
) -> None:
    consumers = [viewer.consume(video, router.rtp_capabilities) for _ in range(3)]
    other = router.create_transport()
    consumers.append(other.consume(video, router.rtp_capabilities))
    assert pipes(workers[1]) == 1 and pipes(workers[0]) == 0
    assert video.stats()["consumers"] == 0
    for consumer in consumers[:3]:
        consumer.close()
    assert pipes(workers[1]) == 1
    other.close()
    assert pipes(workers[1]) == len(workers[1].outlets) == 0


async def test_the_end_of_the_producer_ends_the_pipe_and_bound_consumers(
    router: Router, video: Producer, viewer: WebRtcTransport, workers: list[MediaWorker]
) -> None:
    bound = viewer.consume(video, router.rtp_capabilities)
    free_consumer(viewer).set_source(video)
    video.close()
    assert bound.closed and pipes(workers[1]) == 0
    assert workers[0].counters()["producers"] == workers[1].counters()["producers"] == 0


async def test_a_viewer_that_waits_for_its_next_sources_key_frame_keeps_the_old_pipe(
    router: Router,
    video: Producer,
    viewer: WebRtcTransport,
    workers: list[MediaWorker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[Callable[[], None]] = []
    monkeypatch.setattr(MediaWorker, "call_later", lambda _, delay_s, function: looks.append(function))
    sender = router.create_transport(publishes=True)
    other = sender.produce("video", parameters("video", "video/VP8", 2222, mid="1"))
    consumer = free_consumer(viewer)
    consumer.set_source(video)
    consumer.set_source(other)
    assert pipes(workers[1]) == 2
    looks.pop()()
    assert pipes(workers[1]) == 2 and len(looks) == 1
    consumer.set_source(None)
    assert pipes(workers[1]) == 1
    looks.pop()()
    assert pipes(workers[1]) == 0 and not looks


async def test_pausing_reaches_the_other_worker(
    router: Router, video: Producer, viewer: WebRtcTransport, workers: list[MediaWorker]
) -> None:
    viewer.consume(video, router.rtp_capabilities)
    video.pause()
    outlet = workers[1].outlets.acquire(video)
    workers[1].core.advance(1)
    assert workers[1].core.producer_stats(outlet)["paused"]


async def test_closing_the_router_leaves_no_pipe(
    router: Router, video: Producer, viewer: WebRtcTransport, workers: list[MediaWorker]
) -> None:
    viewer.consume(video, router.rtp_capabilities)
    router.close()
    assert pipes(workers[1]) == 0 and not router.workers


@pytest.fixture
def no_outlets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Outlets, producer: Producer) -> int:
        if producer.app_data or producer.worker is self._worker:
            return acquire(self, producer)
        raise MemoryError

    acquire = Outlets.acquire
    monkeypatch.setattr(Outlets, "acquire", refuse)


async def test_a_consumer_that_cannot_be_shown_another_producer_goes_on_with_the_one_it_has(
    router: Router, viewer: WebRtcTransport, workers: list[MediaWorker], no_outlets: None
) -> None:
    sender = router.create_transport(publishes=True)
    shown = sender.produce("video", parameters("video", "video/VP8", 1111), app_data={"has": "an outlet"})
    other = sender.produce("video", parameters("video", "video/VP8", 2222, mid="1"))
    consumer = free_consumer(viewer)
    consumer.set_source(shown)
    with pytest.raises(MemoryError):
        consumer.set_source(other)
    assert consumer.producer is shown
    consumer.set_source(None)
    assert pipes(workers[1]) == len(workers[1].outlets) == 0
    other.close()
    shown.close()
    assert not consumer.closed


async def test_a_consumer_that_the_packet_path_refuses_leaves_no_outlet(
    video: Producer, viewer: WebRtcTransport, workers: list[MediaWorker]
) -> None:
    consumer = free_consumer(viewer)
    workers[1].core.remove_consumer(consumer.handle)
    with pytest.raises(ValueError, match="no consumer"):
        consumer.set_source(video)
    assert pipes(workers[1]) == len(workers[1].outlets) == 0


async def test_a_consumer_that_cannot_be_shown_its_producer_is_not_left_behind(
    router: Router, video: Producer, viewer: WebRtcTransport, workers: list[MediaWorker], no_outlets: None
) -> None:
    with pytest.raises(MemoryError):
        viewer.consume(video, router.rtp_capabilities)
    with pytest.raises(MemoryError):
        viewer.consume_any("video", parameters("video", "video/VP8", viewer.allocate_ssrc()), video)
    with pytest.raises(ValueError, match="audio"):
        viewer.consume_any("audio", parameters("audio", "audio/opus", viewer.allocate_ssrc()), video)
    assert not viewer.consumers and not workers[1].consumers
    assert workers[1].counters()["consumers"] == 0


async def test_a_viewer_that_there_is_no_memory_for_leaves_the_program_to_the_others(
    router: Router,
    viewer: WebRtcTransport,
    no_outlets: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    program = Program()
    told: list[ProgramEvent] = []
    program.add_listener(told.append)
    at_home = [free_consumer(router.create_transport(publishes=True)) for _ in range(4)]
    away = free_consumer(viewer)
    for consumer in (*at_home[:2], away, *at_home[2:]):
        program.follow(consumer)
    sender = router.create_transport(publishes=True)
    video = sender.produce("video", parameters("video", "video/VP8", 1111))
    program.present(Presenter("alice", "1", "Alice", sender))
    assert [consumer.producer for consumer in at_home] == [video] * 4
    assert away.producer is None and "no memory" in caplog.text
    assert told == [ProducerAdded(video)]
    sender.close()
    assert program.presenter is None
