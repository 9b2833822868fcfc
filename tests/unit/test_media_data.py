"""Data producers and data consumers between real peers: aiortc's DTLS and SCTP against our transports."""

import asyncio
import gc
import random
import weakref
from collections.abc import AsyncIterator, Iterator

import pytest
from aiortc import rtcsctptransport

from tests.unit.data_peer import DataPeer, until
from vtp import _rtp_fast
from vtp.media import data_channels, data_consumer, early_messages
from vtp.media.capabilities import router_codecs
from vtp.media.certificates import Certificates
from vtp.media.data_channels import MAX_DATA_CONSUMERS, MAX_DATA_PRODUCERS
from vtp.media.data_consumer import (
    DataConsumer,
    DataConsumerClosed,
    DataConsumerEvent,
    DataConsumerProducerPaused,
    DataConsumerProducerResumed,
)
from vtp.media.data_producer import (
    DataProducer,
    DataProducerClosed,
    DataProducerEvent,
    DataProducerPaused,
    DataProducerResumed,
)
from vtp.media.media_transport import DataProducerMade, TransportClosed, TransportEvent
from vtp.media.ortc import generate_router_capabilities
from vtp.media.parameters import SctpStreamParameters
from vtp.media.router import Router
from vtp.media.sctp import SctpState
from vtp.media.transport import SctpStateChanged, WebRtcTransport
from vtp.media.worker import MediaWorker, WorkerEvent
from vtp.tasks import Tasks

LARGEST = 262_144


@pytest.fixture
async def router() -> AsyncIterator[Router]:
    worker = MediaWorker(_rtp_fast.Worker([], threaded=False), asyncio.get_running_loop(), threaded=False)
    tasks = Tasks()
    router = Router(worker, generate_router_capabilities(router_codecs()), Certificates(), tasks)
    yield router
    router.close()
    await tasks.close()
    worker.close()


@pytest.fixture
async def alice(router: Router) -> AsyncIterator[DataPeer]:
    peer = DataPeer(router.create_transport(enable_sctp=True))
    await peer.connect()
    yield peer
    await peer.close()


@pytest.fixture
async def bob(router: Router) -> AsyncIterator[DataPeer]:
    peer = DataPeer(router.create_transport(enable_sctp=True))
    await peer.connect()
    yield peer
    await peer.close()


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost chunks are repeated after 30 ms instead of 1 s."""
    monkeypatch.setattr(rtcsctptransport, "SCTP_RTO_MIN", 0.03)
    monkeypatch.setattr(rtcsctptransport, "SCTP_RTO_INITIAL", 0.03)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed here is freed by its last reference: no cycle waits for the collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def stream(stream_id: int, **more: object) -> SctpStreamParameters:
    return SctpStreamParameters.from_json({"streamId": stream_id} | more)


def consume(producer: DataProducer, peer: DataPeer) -> tuple[DataConsumer, list[str | bytes]]:
    """A data consumer and what the peer gets of it."""
    consumer = peer.transport.consume_data(producer)
    return consumer, peer.listen(consumer.sctp_stream_parameters.stream_id)


def reports(transport: WebRtcTransport) -> list[TransportEvent]:
    events: list[TransportEvent] = []
    transport.add_listener(events.append)
    return events


# Messages


async def test_text_binary_and_empty_messages_arrive_as_what_they_are(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(3), "chat", "json")
    consumer, got = consume(producer, bob)
    channel = alice.channel(3)
    sent: list[str | bytes] = ["hällo", b"\x00\xff", "", b""]
    for message in sent:
        channel.send(message)
    await until(lambda: len(got) == 4)
    assert got == sent
    assert (consumer.label, consumer.protocol) == ("chat", "json")
    assert producer.stats() == {"messages": 4, "bytes": 8, "dropped": 0}
    assert consumer.stats() == {"messages": 4, "bytes": 8, "waiting_bytes": 0, "dropped": 0}


async def test_transport_that_is_dtls_client_carries_data_too(router: Router, alice: DataPeer) -> None:
    server = DataPeer(router.create_transport(enable_sctp=True))
    await server.connect(role="server")
    _, got = consume(alice.transport.produce_data(stream(0)), server)
    producer = server.transport.produce_data(stream(5))
    alice.channel(0).send(b"x" * 100_000)
    server.channel(5).send("y")
    await until(lambda: got == [b"x" * 100_000] and producer.stats()["messages"] == 1)
    await server.close()


async def test_many_messages_arrive_in_order_at_every_consumer(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    _, at_bob = consume(producer, bob)
    _, at_alice = consume(producer, alice)
    channel = alice.channel(0)
    sent = [f"message {n}" for n in range(1000)]
    for message in sent:
        channel.send(message)
    await until(lambda: len(at_bob) == len(at_alice) == 1000)
    assert at_bob == at_alice == sent


async def test_largest_message_arrives_whole_and_a_larger_one_is_dropped(
    alice: DataPeer, bob: DataPeer
) -> None:
    producer = alice.transport.produce_data(stream(0))
    _, got = consume(producer, bob)
    largest = random.Random(1).randbytes(LARGEST)
    channel = alice.channel(0)
    channel.send(largest + b"!")
    channel.send(largest)
    await until(lambda: len(got) == 1)
    assert got == [largest]
    assert producer.stats() == {"messages": 1, "bytes": LARGEST, "dropped": 1}


@pytest.mark.usefixtures("short_timeouts")
async def test_reliable_messages_survive_loss_in_order(router: Router) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    alice, bob = (DataPeer(router.create_transport(enable_sctp=True)) for _ in range(2))
    for peer in (alice, bob):
        await peer.connect()
    producer = alice.transport.produce_data(stream(0))
    _, got = consume(producer, bob)
    channel = alice.channel(0)
    alice.pipe.lose = bob.pipe.lose = lambda datagram: rng.random() < 0.05
    sent = [rng.randbytes(rng.choice((10, 1000, 5000))) for _ in range(100)]
    for message in sent:
        channel.send(message)
    await until(lambda: len(got) == 100, 20)
    assert got == sent
    alice.pipe.lose = bob.pipe.lose = lambda datagram: False
    await alice.close()
    await bob.close()


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize("how", [{"maxRetransmits": 0}, {"maxPacketLifeTime": 1}])
async def test_lost_message_of_an_unreliable_stream_is_left_behind(
    alice: DataPeer, bob: DataPeer, how: dict[str, int]
) -> None:
    producer = alice.transport.produce_data(stream(0, ordered=False, **how))
    consumer, got = consume(producer, bob)
    assert consumer.sctp_stream_parameters.to_json() == {"streamId": 0, "ordered": False} | how
    channel = alice.channel(0, ordered=False)
    bob.pipe.lose = lambda datagram: len(datagram) > 500
    channel.send(b"x" * 1000)
    await until(lambda: consumer.stats()["messages"] == 1)
    await asyncio.sleep(0.01)
    bob.pipe.lose = lambda datagram: False
    channel.send("after")
    await until(lambda: got == ["after"])
    await asyncio.sleep(0.1)
    assert got == ["after"]


async def test_unordered_message_overtakes_a_lost_one(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0, ordered=False))
    _, got = consume(producer, bob)
    channel = alice.channel(0, ordered=False)
    bob.pipe.lose = lambda datagram: len(datagram) > 500
    channel.send(b"x" * 1000)
    await asyncio.sleep(0.01)
    bob.pipe.lose = lambda datagram: False
    channel.send("after")
    await until(lambda: len(got) == 1)
    assert got == ["after"]


async def test_message_that_comes_before_its_producer_is_kept(alice: DataPeer, bob: DataPeer) -> None:
    channel = alice.channel(7)
    for message in ("one", "two"):
        channel.send(message)
    await until(lambda: channel.bufferedAmount == 0)
    await asyncio.sleep(0.01)
    producer = alice.transport.produce_data(stream(7))
    _, got = consume(producer, bob)
    channel.send("three")
    await until(lambda: len(got) == 3)
    assert got == ["one", "two", "three"]


async def test_message_of_the_same_turn_does_not_overtake_those_that_were_kept(
    alice: DataPeer, bob: DataPeer
) -> None:
    data = alice.transport._data
    assert data is not None
    data.sctp_received(7, 51, b"one")
    _, got = consume(alice.transport.produce_data(stream(7)), bob)
    data.sctp_received(7, 51, b"two")
    await until(lambda: len(got) == 2)
    assert got == ["one", "two"]


async def test_dcep_and_unknown_kinds_of_messages_are_ignored(alice: DataPeer) -> None:
    data = alice.transport._data
    assert data is not None
    producer = alice.transport.produce_data(stream(7))
    for ppid in (50, 55, 0):
        data.sctp_received(7, ppid, b"\x03")
    for ppid in (51, 52, 53, 54, 56, 57):
        data.sctp_received(7, ppid, b"x")
    assert producer.stats() == {"messages": 6, "bytes": 4, "dropped": 0}


async def test_message_without_a_producer_is_dropped_in_time_and_counted(
    alice: DataPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early_messages, "LIMIT_S", 0.02)
    alice.channel(7).send("one")
    await until(lambda: alice.transport.stats()["data_messages_dropped"] == 1)
    alice.channel(8).send(b"x" * 65_537)
    await until(lambda: alice.transport.stats()["data_messages_dropped"] == 2)


# Pausing


async def test_paused_producer_drops_what_comes_and_tells_its_consumers(
    alice: DataPeer, bob: DataPeer
) -> None:
    producer = alice.transport.produce_data(stream(0), paused=True)
    consumer, got = consume(producer, bob)
    produced: list[DataProducerEvent] = []
    consumed: list[DataConsumerEvent] = []
    producer.add_listener(produced.append)
    consumer.add_listener(consumed.append)
    channel = alice.channel(0)
    channel.send("unheard")
    await until(lambda: producer.stats()["dropped"] == 1)
    producer.resume()
    producer.resume()
    channel.send("heard")
    await until(lambda: got == ["heard"])
    producer.pause()
    assert consumer.producer_paused
    assert produced == [DataProducerResumed(producer), DataProducerPaused(producer)]
    assert consumed == [DataConsumerProducerResumed(consumer), DataConsumerProducerPaused(consumer)]


async def test_paused_consumer_drops_what_comes(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    consumer, got = consume(producer, bob)
    consumer.pause()
    channel = alice.channel(0)
    channel.send("unheard")
    await until(lambda: consumer.stats()["dropped"] == 1)
    consumer.resume()
    channel.send("heard")
    await until(lambda: got == ["heard"])


# Stream ids and limits


async def test_no_two_streams_of_a_transport_share_an_id(alice: DataPeer) -> None:
    transport = alice.transport
    producer = transport.produce_data(stream(0))
    taken = [transport.consume_data(producer).sctp_stream_parameters.stream_id for _ in range(3)]
    assert taken == [1, 2, 3]
    with pytest.raises(ValueError, match="Stream 2 is in use"):
        transport.produce_data(stream(2))
    with pytest.raises(ValueError, match="Stream ids are below 1024"):
        transport.produce_data(stream(1024))


async def produced_once_closed(peer: DataPeer, stream_id: int) -> DataProducer:
    """Its side of the stream may be closed before ours has heard of it."""
    made: list[DataProducer] = []

    def produce() -> bool:
        try:
            made.append(peer.transport.produce_data(stream(stream_id)))
        except ValueError as error:
            assert "still being closed" in str(error)
        return bool(made)

    await until(produce)
    return made[0]


async def test_id_is_free_again_once_both_sides_closed_it(alice: DataPeer) -> None:
    transport = alice.transport
    channel = alice.channel(0)
    transport.produce_data(stream(0)).close()
    with pytest.raises(ValueError, match="still being closed"):
        transport.produce_data(stream(0))
    await until(lambda: channel.readyState == "closed")
    producer = await produced_once_closed(alice, 0)
    again = alice.channel(0)
    again.send("here")
    await until(lambda: producer.stats()["messages"] == 1)
    await asyncio.sleep(0.02)
    assert again.readyState == "open" and not producer.closed


async def test_number_of_data_producers_and_consumers_is_limited(alice: DataPeer) -> None:
    transport = alice.transport
    producers = [transport.produce_data(stream(n)) for n in range(MAX_DATA_PRODUCERS)]
    with pytest.raises(ValueError, match=f"at most {MAX_DATA_PRODUCERS} data producers"):
        transport.produce_data(stream(900))
    for _ in range(MAX_DATA_CONSUMERS):
        transport.consume_data(producers[0])
    with pytest.raises(ValueError, match=f"at most {MAX_DATA_CONSUMERS} data consumers"):
        transport.consume_data(producers[0])


async def test_wrong_wishes_are_refused_with_a_sentence(router: Router, alice: DataPeer) -> None:
    media_only = router.create_transport()
    with pytest.raises(ValueError, match="made without SCTP"):
        media_only.produce_data(stream(0))
    with pytest.raises(ValueError, match="at most 512 characters"):
        alice.transport.produce_data(stream(0), "x" * 513)
    producer = alice.transport.produce_data(stream(0))
    producer.close()
    with pytest.raises(ValueError, match="data producer is closed"):
        alice.transport.consume_data(producer)
    alice.transport.close("Over.")
    with pytest.raises(ValueError, match=r"Over\."):
        alice.transport.produce_data(stream(1))


async def test_reliable_consumer_that_falls_hopelessly_behind_is_closed(
    router: Router, alice: DataPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_consumer, "MAX_WAITING_BYTES", 10_000)
    absent = router.create_transport(enable_sctp=True)
    producer = alice.transport.produce_data(stream(0))
    consumer = absent.consume_data(producer)
    events: list[DataConsumerEvent] = []
    consumer.add_listener(events.append)
    channel = alice.channel(0)
    for _ in range(11):
        channel.send(b"x" * 1000)
    await until(lambda: consumer.closed)
    assert events == [DataConsumerClosed(consumer, "It fell 10,000 bytes behind what was sent to it.")]
    assert absent.data_consumers == {} and consumer.stats()["waiting_bytes"] == 0


async def test_unreliable_consumer_that_falls_behind_loses_messages(
    router: Router, alice: DataPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_consumer, "MAX_UNRELIABLE_WAITING_BYTES", 10_000)
    absent = router.create_transport(enable_sctp=True)
    producer = alice.transport.produce_data(stream(0, ordered=False, maxRetransmits=0))
    consumer = absent.consume_data(producer)
    channel = alice.channel(0, ordered=False)
    for _ in range(15):
        channel.send(b"x" * 1000)
    await until(lambda: producer.stats()["messages"] == 15)
    assert consumer.stats() == {"messages": 10, "bytes": 10_000, "waiting_bytes": 10_000, "dropped": 5}
    assert not consumer.closed


async def test_all_consumers_of_a_transport_share_one_limit(
    router: Router, alice: DataPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_channels, "MAX_WAITING_BYTES", 10_000)
    absent = router.create_transport(enable_sctp=True)
    producer = alice.transport.produce_data(stream(0))
    consumers = [absent.consume_data(producer) for _ in range(3)]
    alice.channel(0).send(b"x" * 4000)
    await until(lambda: any(consumer.closed for consumer in consumers))
    assert [consumer.closed for consumer in consumers] == [False, False, True]


async def test_consumer_gets_what_was_sent_before_its_peer_began_sctp(
    router: Router, alice: DataPeer
) -> None:
    late = DataPeer(router.create_transport(enable_sctp=True))
    await late.connect(sctp=False)
    producer = alice.transport.produce_data(stream(0))
    _, got = consume(producer, late)
    alice.channel(0).send("early")
    await until(lambda: producer.stats()["messages"] == 1)
    await late.start_sctp()
    await until(lambda: got == ["early"])
    await late.close()


# Closing


async def test_closing_a_producer_closes_its_consumers_and_all_channels(
    alice: DataPeer, bob: DataPeer
) -> None:
    producer = alice.transport.produce_data(stream(0))
    consumer = bob.transport.consume_data(producer)
    events: list[object] = []
    producer.add_listener(events.append)
    consumer.add_listener(events.append)
    ends = alice.channel(0), bob.channel(consumer.sctp_stream_parameters.stream_id)
    producer.close()
    producer.close()
    assert events == [
        DataConsumerClosed(consumer, "Its data producer was closed."),
        DataProducerClosed(producer, "The publisher closed it."),
    ]
    await until(lambda: [end.readyState for end in ends] == ["closed", "closed"])
    assert not alice.transport.data_producers and not bob.transport.data_consumers


async def test_channel_that_its_peer_closes_closes_the_producer(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    consumer, got = consume(producer, bob)
    events: list[DataProducerEvent] = []
    producer.add_listener(events.append)
    channel = alice.channel(0)
    channel.send("last words")
    channel.close()
    await until(lambda: channel.readyState == "closed")
    assert events == [DataProducerClosed(producer, "The peer closed its data channel.")]
    assert consumer.closed
    await until(lambda: got == ["last words"])


async def test_channel_that_its_peer_closes_closes_the_consumer_only(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    consumer = bob.transport.consume_data(producer)
    channel = bob.channel(consumer.sctp_stream_parameters.stream_id)
    channel.close()
    await until(lambda: channel.readyState == "closed")
    assert consumer.closed and not producer.closed
    alice.channel(0).send("to nobody")
    await until(lambda: producer.stats()["messages"] == 1)


async def test_channel_that_nobody_named_can_be_closed_by_its_peer(alice: DataPeer) -> None:
    channel = alice.channel(9)
    channel.close()
    await until(lambda: channel.readyState == "closed")
    producer = await produced_once_closed(alice, 9)
    alice.channel(9).send(b"again")
    await until(lambda: producer.stats()["messages"] == 1)


@pytest.mark.usefixtures("short_timeouts")
async def test_closed_consumer_still_sends_what_it_was_given(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    consumer = bob.transport.consume_data(producer)
    got: list[bytes] = []
    channel = bob.channel(consumer.sctp_stream_parameters.stream_id)
    channel.on("message", got.append)
    sender = alice.channel(0)
    bob.pipe.lose = lambda datagram: True
    for _ in range(5):
        sender.send(b"x" * 100_000)
    await until(lambda: consumer.stats()["messages"] == 5)
    assert consumer.stats()["waiting_bytes"] > 0
    consumer.close()
    bob.pipe.lose = lambda datagram: False
    await until(lambda: channel.readyState == "closed")
    assert len(got) == 5


async def test_closing_a_transport_closes_all_of_its_data_and_ends_sctp(
    alice: DataPeer, bob: DataPeer
) -> None:
    producer = alice.transport.produce_data(stream(0))
    consumer = bob.transport.consume_data(producer)
    events = reports(alice.transport)
    alice.transport.close("Over.")
    assert producer.closed and consumer.closed and not bob.transport.closed
    assert events == [TransportClosed(alice.transport, "Over.")]
    assert alice.transport.sctp_state is SctpState.CLOSED


async def test_association_that_the_peer_aborts_ends_alone(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    consumer = bob.transport.consume_data(producer)
    events = reports(alice.transport)
    await alice.sctp._abort()
    await until(lambda: producer.closed)
    reason = "The peer ended the SCTP association."
    assert events == [SctpStateChanged(alice.transport, SctpState.CLOSED, reason)]
    assert consumer.closed and not alice.transport.closed
    with pytest.raises(ValueError, match="has ended"):
        alice.transport.produce_data(stream(0))


async def test_peer_that_leaves_takes_its_data_with_it(alice: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    events: list[DataProducerEvent] = []
    producer.add_listener(events.append)
    await alice.dtls.stop()
    await until(lambda: alice.transport.closed)
    assert events == [DataProducerClosed(producer, "The peer closed the DTLS session.")]


# The transport


async def test_malformed_sctp_ends_the_association_and_nothing_else(alice: DataPeer, bob: DataPeer) -> None:
    producer = alice.transport.produce_data(stream(0))
    other = bob.transport.produce_data(stream(0))
    events = reports(alice.transport)
    await alice.dtls._send_data(b"no SCTP packet")
    await until(lambda: producer.closed)
    reason = "The peer's SCTP was not understood: An SCTP packet has no chunk."
    assert events == [SctpStateChanged(alice.transport, SctpState.FAILED, reason)]
    assert alice.transport.dtls_state.value == "connected"
    bob.channel(0).send("unimpressed")
    await until(lambda: other.stats()["messages"] == 1)


async def test_peer_that_keeps_the_loop_busy_is_read_from_more_slowly(
    alice: DataPeer, bob: DataPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_channels, "DELIVERY_COST_S", 0.05)
    producer = alice.transport.produce_data(stream(0))
    _, got = consume(producer, bob)
    other = bob.transport.produce_data(stream(900))
    channel = alice.channel(0)
    begun = asyncio.get_running_loop().time()
    for n in range(5):
        channel.send(f"{n}")
    bob.channel(900).send("at once")
    await until(lambda: other.stats()["messages"] == 1)
    assert len(got) < 5
    await until(lambda: len(got) == 5)
    assert asyncio.get_running_loop().time() - begun > 0.15


async def test_transport_tells_of_association_and_data_producer(router: Router) -> None:
    peer = DataPeer(router.create_transport(enable_sctp=True))
    events = reports(peer.transport)
    await peer.connect()
    await until(lambda: peer.transport.sctp_state is SctpState.CONNECTED)
    producer = peer.transport.produce_data(stream(0))
    assert events[-2:] == [
        SctpStateChanged(peer.transport, SctpState.CONNECTED),
        DataProducerMade(producer),
    ]
    assert router.data_producers == {producer.id: producer}
    await peer.close()


async def test_sctp_parameters_have_the_old_and_the_new_shape(router: Router) -> None:
    parameters = router.create_transport(enable_sctp=True).sctp_parameters
    assert parameters is not None
    assert parameters.to_json() == {
        "port": 5000,
        "OS": 1024,
        "MIS": 1024,
        "maxMessageSize": 262_144,
        "maxSendMessageSize": 262_144,
        "maxReceiveMessageSize": 262_144,
        "sendBufferSize": 8_000_000,
        "perStreamSendQueueLimit": 2_000_000,
        "maxReceiverWindowBufferSize": 1_048_576,
        "isDataChannel": True,
    }


async def test_dtls_session_is_kept_where_there_is_sctp_and_only_there(
    router: Router, alice: DataPeer
) -> None:
    media_only = DataPeer(router.create_transport())
    await media_only.connect(sctp=False)
    for peer, kept in ((alice, True), (media_only, False)):
        await until(lambda peer=peer: peer.transport.dtls_state.value == "connected")  # type: ignore[misc]
        peer.transport.connection._release_dtls()
        assert peer.transport.connection.dtls.holds_ssl is kept
    producer = alice.transport.produce_data(stream(0))
    alice.channel(0).send("still there")
    await until(lambda: producer.stats()["messages"] == 1)
    await media_only.close()


async def test_transport_without_sctp_has_nothing_of_it(router: Router) -> None:
    transport = router.create_transport()
    assert transport.sctp_parameters is None and transport.sctp_state is None
    assert transport._data is None and not transport.data_producers and not transport.data_consumers
    pipe = transport.connection.dtls._pipe
    assert pipe is not None and pipe.limit == 16
    assert "sctp_state" not in transport.stats()


@pytest.mark.usefixtures("no_collector")
async def test_closed_transport_with_data_is_freed_without_the_collector(router: Router) -> None:
    peer = DataPeer(router.create_transport(enable_sctp=True))
    await peer.connect()
    producer = peer.transport.produce_data(stream(0))
    consumer = peer.transport.consume_data(producer)
    got = peer.listen(consumer.sctp_stream_parameters.stream_id)
    channel = peer.channel(0)
    channel.send("x")
    await until(lambda: got == ["x"])
    data = peer.transport._data
    assert data is not None
    kept = [weakref.ref(one) for one in (data._association, peer.transport.connection.dtls._seam)]
    counted = [type(one) for one in (data, peer.transport, producer, consumer)]
    before = sum(type(one) in counted for one in gc.get_objects())
    peer.transport.close()
    del producer, consumer, data
    await peer.close()
    del peer, channel
    await asyncio.sleep(0.01)
    assert [one() for one in kept] == [None, None]
    assert sum(type(one) in counted for one in gc.get_objects()) == before - len(counted)


async def test_media_event_before_sctp_changes_nothing(alice: DataPeer) -> None:
    alice.transport.connection.receive_event(WorkerEvent.MEDIA_STARTED, None)
    assert alice.transport.connection.dtls.holds_ssl
