"""Our association against a peer that speaks SCTP chunk by chunk, well and badly."""

import asyncio
import gc
import random
import time
import tracemalloc
import weakref
from collections.abc import Callable

import pytest
from aiortc import rtcsctptransport
from aiortc.rtcsctptransport import (
    AbortChunk,
    Chunk,
    CookieEchoChunk,
    DataChunk,
    ForwardTsnChunk,
    HeartbeatAckChunk,
    HeartbeatChunk,
    InitAckChunk,
    ReconfigChunk,
    SackChunk,
    ShutdownAckChunk,
    ShutdownChunk,
    ShutdownCompleteChunk,
    StreamResetOutgoingParam,
    StreamResetResponseParam,
)

from tests.unit.data_peer import RawPeer, checksummed, packet_of
from vtp.media.sctp import (
    MAX_AHEAD,
    MAX_HELD_CHUNKS,
    MAX_STREAMS,
    MAX_WINDOW_BYTES,
    RECEIVE_WINDOW_BYTES,
    OutgoingStream,
    SctpState,
)
from vtp.media.sctp_packets import check_packet

FIRST, LAST, UNORDERED = 2, 1, 4


@pytest.fixture
async def peer() -> RawPeer:
    peer = RawPeer()
    peer.connect()
    return peer


def sack(cumulative: int, *gaps: tuple[int, int]) -> SackChunk:
    chunk = SackChunk()
    chunk.cumulative_tsn, chunk.advertised_rwnd = cumulative, 1 << 20
    chunk.gaps = list(gaps)
    return chunk


def reset_request(sequence: int, last_tsn: int, *streams: int) -> ReconfigChunk:
    chunk = ReconfigChunk()
    chunk.params = [(13, bytes(StreamResetOutgoingParam(sequence, 0, last_tsn, list(streams))))]
    return chunk


async def sent_data(peer: RawPeer) -> list[DataChunk]:
    """The DATA chunks that have reached the peer once the loop had its turn."""
    await asyncio.sleep(0)
    return [chunk for chunk in peer.sent if isinstance(chunk, DataChunk)]


def said(peer: RawPeer) -> str:
    """Why the association failed."""
    ((state, reason),) = peer.owner.ended
    assert state is SctpState.FAILED
    return reason


# The association


async def test_association_is_told_once_and_a_repeated_cookie_is_answered_again(peer: RawPeer) -> None:
    cookie = dict(peer.last(InitAckChunk).params)[rtcsctptransport.SCTP_STATE_COOKIE]
    peer.receive(CookieEchoChunk(body=cookie))
    assert peer.owner.connected == 1
    assert [type(chunk).__name__ for chunk in peer.sent] == [
        "InitAckChunk",
        "CookieAckChunk",
        "CookieAckChunk",
    ]


async def test_data_in_one_packet_with_the_cookie_is_taken() -> None:
    peer = RawPeer()
    peer.receive(peer.init())
    answer = peer.last(InitAckChunk)
    peer.tag = answer.initiate_tag
    cookie = dict(answer.params)[rtcsctptransport.SCTP_STATE_COOKIE]
    peer.receive(CookieEchoChunk(body=cookie), peer.data(b"first"))
    assert peer.owner.messages == [(0, 51, b"first")]


async def test_nothing_is_answered_before_the_association_but_its_beginning() -> None:
    peer = RawPeer()
    for chunk in (peer.data(), sack(0), ForwardTsnChunk(), reset_request(0, 0, 0), ShutdownChunk()):
        peer.tag = peer.association._local_verification_tag
        peer.receive(chunk)
    assert peer.sent == [] and peer.owner.ended == [] and peer.owner.messages == []


async def test_init_in_the_midst_of_an_association_is_ignored(peer: RawPeer) -> None:
    sent = len(peer.sent)
    peer.association.receive(packet_of(peer.init(), tag=0))
    assert len(peer.sent) == sent and peer.association.is_connected


async def test_association_that_the_peer_shuts_down_cannot_begin_anew(peer: RawPeer) -> None:
    cookie = dict(peer.last(InitAckChunk).params)[rtcsctptransport.SCTP_STATE_COOKIE]
    peer.receive(ShutdownChunk(body=bytes(4)))
    sent = len(peer.sent)
    peer.association.receive(packet_of(peer.init(), tag=0))
    peer.receive(CookieEchoChunk(body=cookie))
    peer.receive(peer.data())
    assert len(peer.sent) == sent and peer.owner.messages == []
    peer.association.close()


async def test_packet_with_another_tag_or_a_wrong_checksum_is_ignored(peer: RawPeer) -> None:
    good = packet_of(peer.data(), tag=peer.tag)
    peer.association.receive(packet_of(peer.data(), tag=peer.tag ^ 1))
    peer.association.receive(good[:8] + b"0000" + good[12:])
    assert peer.owner.messages == [] and peer.owner.ended == []


@pytest.mark.parametrize("chunk", [AbortChunk(), ShutdownChunk(body=bytes(4))])
async def test_end_by_the_peer_is_told_as_such(peer: RawPeer, chunk: Chunk) -> None:
    peer.receive(chunk)
    if isinstance(chunk, ShutdownChunk):
        assert peer.last(ShutdownAckChunk)
        peer.receive(ShutdownCompleteChunk())
    assert peer.owner.ended == [(SctpState.CLOSED, "The peer ended the SCTP association.")]
    peer.receive(peer.data())
    assert peer.owner.messages == []


async def test_our_end_says_abort_and_leaves_no_timer(peer: RawPeer) -> None:
    peer.association.send(OutgoingStream(0), 51, b"x")
    await sent_data(peer)
    peer.association.close()
    assert isinstance(peer.sent[-1], AbortChunk) and peer.owner.ended == []
    kept = weakref.ref(peer.association)
    gc.collect()
    gc.disable()
    try:
        del peer.association
        await asyncio.sleep(0)
        assert kept() is None
    finally:
        gc.enable()


async def test_repeat_that_was_due_at_the_end_starts_no_timer_anew(peer: RawPeer) -> None:
    peer.association.send(OutgoingStream(0), 51, b"x" * 50_000)
    await sent_data(peer)
    peer.association._t3_expired()  # leaves a task that sends again
    peer.association.close()
    sent = len(peer.sent)
    await asyncio.sleep(0.01)
    assert peer.association._t3_handle is None and len(peer.sent) == sent


# Messages in


async def test_fragments_are_joined_and_streams_kept_apart(peer: RawPeer) -> None:
    first = peer.data(b"on", flags=FIRST, stream_id=1)
    second = peer.data(b"e", flags=LAST, stream_id=1)
    peer.receive(peer.data(b"two", stream_id=2), second)
    peer.receive(first)
    assert peer.owner.messages == [(2, 51, b"two"), (1, 51, b"one")]


async def test_number_after_the_greatest_is_zero() -> None:
    peer = RawPeer()
    peer.tsn = 2**32 - 2
    peer.connect()
    later = [peer.data(b"%d" % n, stream_seq=n) for n in range(4)]
    for chunk in (later[0], later[2], later[3], later[1]):
        peer.receive(chunk)
    assert [payload for _, _, payload in peer.owner.messages] == [b"0", b"1", b"2", b"3"]
    assert peer.last(SackChunk).cumulative_tsn == 1 and peer.last(SackChunk).gaps == []


async def test_message_on_a_stream_beyond_ours_is_acknowledged_and_dropped(peer: RawPeer) -> None:
    peer.receive(peer.data(stream_id=MAX_STREAMS))
    assert peer.owner.messages == [] and peer.last(SackChunk).cumulative_tsn == peer.tsn - 1
    assert MAX_STREAMS not in peer.association._inbound_streams


async def test_skipped_messages_are_left_behind(peer: RawPeer) -> None:
    peer.receive(peer.data(b"later", ahead=2, stream_seq=2))
    forward = ForwardTsnChunk()
    forward.cumulative_tsn, forward.streams = peer.tsn + 1, [(0, 1), (MAX_STREAMS, 5)]
    peer.receive(forward)
    assert peer.owner.messages == [(0, 51, b"later")]
    assert list(peer.association._inbound_streams) == [0]


async def test_heartbeat_is_answered_with_what_it_carried(peer: RawPeer) -> None:
    heartbeat = HeartbeatChunk()
    heartbeat.params = [(1, b"12345678")]
    peer.receive(heartbeat)
    assert peer.last(HeartbeatAckChunk).params == [(1, b"12345678")]


async def test_reset_waits_for_the_messages_before_it(peer: RawPeer) -> None:
    peer.receive(reset_request(5, peer.tsn, 0))
    assert peer.owner.reset == []
    peer.receive(peer.data(b"last"))
    assert peer.owner.messages == [(0, 51, b"last")] and peer.owner.reset == [0]


# Messages out


async def test_messages_of_one_turn_are_sent_once_the_window_allows(peer: RawPeer) -> None:
    stream = OutgoingStream(4)
    for n in range(10):
        peer.association.send(stream, 53, bytes([n]) * 1000)
    first = await sent_data(peer)
    assert 0 < len(first) < 10 and 0 < stream.waiting_messages < 10
    for _ in range(10):
        peer.receive(sack((await sent_data(peer))[-1].tsn))
    sent = await sent_data(peer)
    assert [chunk.user_data[0] for chunk in sent] == list(range(10))
    assert {(chunk.stream_id, chunk.protocol) for chunk in sent} == {(4, 53)}
    assert (stream.waiting_messages, stream.waiting_bytes, peer.association.waiting_bytes) == (0, 0, 0)


async def test_dropped_stream_frees_what_waits_and_leaves_the_others_alone(peer: RawPeer) -> None:
    slow, other = OutgoingStream(1), OutgoingStream(2)
    for _ in range(20):
        peer.association.send(slow, 53, b"s" * 1000)
    peer.association.send(other, 53, b"o")
    peer.association.close_stream(slow, drop=True)
    assert peer.association.waiting_bytes == 1
    assert [chunk.user_data for chunk in await sent_data(peer)] == [b"o"]
    peer.association.send(slow, 53, b"s")
    assert peer.association.waiting_bytes == 0


async def test_stream_is_closing_until_the_peer_confirms(peer: RawPeer) -> None:
    stream = OutgoingStream(3)
    peer.association.close_stream(stream)
    peer.association.close_stream(stream)
    asked = StreamResetOutgoingParam.parse(peer.last(ReconfigChunk).params[0][1])
    assert asked.streams == [3] and peer.association.is_closing(3)
    answer = ReconfigChunk()
    answer.params = [(16, bytes(StreamResetResponseParam(asked.request_sequence, 1)))]
    peer.receive(answer)
    assert not peer.association.is_closing(3)
    peer.receive(reset_request(1, peer.tsn - 1, 3))
    assert peer.owner.reset == [], "the other half of what we closed"


async def test_stream_that_the_peer_closed_sends_nothing_more(
    peer: RawPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = OutgoingStream(3)
    for _ in range(20):
        peer.association.send(stream, 53, b"x" * 1000)
    await sent_data(peer)
    monkeypatch.setattr(
        peer.owner, "sctp_stream_reset", lambda stream_id: peer.association.close_stream(stream)
    )
    peer.receive(reset_request(5, peer.tsn - 1, 3))
    assert peer.association.waiting_bytes == 0 and peer.association.is_closing(3)


@pytest.mark.parametrize("partial", [True, False])
async def test_messages_are_given_up_only_for_peers_that_know_of_it(partial: bool) -> None:
    peer = RawPeer()
    peer.connect(partial_reliability=partial)
    peer.association.send(OutgoingStream(0, max_retransmits=0, lifetime_ms=5000), 53, b"x")
    await sent_data(peer)
    (chunk,) = peer.association._sent_queue
    assert chunk._max_retransmits == (0 if partial else None)
    assert (chunk._expiry is not None) is partial


async def test_congestion_window_has_an_end(peer: RawPeer) -> None:
    peer.association._cwnd = 1 << 30
    peer.association.send(OutgoingStream(0), 53, b"x")
    (chunk,) = await sent_data(peer)
    peer.receive(sack(chunk.tsn))
    assert peer.association._cwnd == MAX_WINDOW_BYTES


# Malformed, and too much


def with_length(chunk: Chunk, length: int) -> bytes:
    raw = bytes(chunk)
    return raw[:2] + length.to_bytes(2, "big") + raw[4:]


def reconfig(*params: tuple[int, bytes]) -> bytes:
    chunk = ReconfigChunk()
    chunk.params = list(params)
    return bytes(chunk)


MALFORMED: dict[str, bytes] = {
    "chunk of no length": with_length(HeartbeatChunk(), 0),
    "chunk longer than its packet": with_length(HeartbeatChunk(), 400),
    "data without data": with_length(DataChunk(), 16),
    "parameter of no length": bytes([4, 0, 0, 8, 0, 1, 0, 0]),
    "parameter longer than its chunk": bytes([4, 0, 0, 8, 0, 1, 0, 9]),
    "sack with fewer gaps than it says": bytes([3, 0, 0, 16]) + bytes(8) + bytes([0, 9, 0, 0]),
    "forward tsn that ends within a stream": bytes([192, 0, 0, 10]) + bytes(8),
    "reset request cut short": reconfig((13, bytes(8))),
    "reset of half a stream": bytes([130, 0, 0, 21, 0, 13, 0, 17]) + bytes(16),
    "many reset requests": reconfig(*[(13, bytes(12))] * 3),
    "many heartbeats": bytes(HeartbeatChunk()) * 5,
    "shutdown without a number": with_length(ShutdownChunk(), 4)[:4],
    "init with something": bytes([1, 0, 0, 20]) + bytes(16) + bytes(HeartbeatChunk()),
    "init cut short": bytes([1, 0, 0, 16]) + bytes(12),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_packet_ends_the_association_with_a_sentence(peer: RawPeer, raw: bytes) -> None:
    peer.association.receive(checksummed(packet_of(tag=peer.tag) + raw))
    assert said(peer).startswith("The peer's SCTP was not understood: An")
    assert isinstance(peer.sent[-1], AbortChunk)


@pytest.mark.parametrize(
    ("gaps", "shift", "sentence"),
    [([], 1, "what was not sent"), ([(1, 65_535)], -1, "outside"), ([(9, 2)], -1, "outside")],
)
async def test_false_acknowledgement_ends_the_association(
    peer: RawPeer, gaps: list[tuple[int, int]], shift: int, sentence: str
) -> None:
    peer.association.send(OutgoingStream(0), 53, b"x")
    (chunk,) = await sent_data(peer)
    peer.receive(sack(chunk.tsn + shift, *gaps))
    assert sentence in said(peer)


async def test_gaps_that_say_the_same_many_times_end_the_association(peer: RawPeer) -> None:
    peer.association.send(OutgoingStream(0), 53, b"x" * 3000)
    chunks = await sent_data(peer)
    peer.receive(sack(chunks[0].tsn - 1, *[(2, 3)] * 10))
    assert "overlap" in said(peer)


async def test_message_without_an_end_is_bounded(peer: RawPeer) -> None:
    peer.receive(peer.data(b"x" * 1000, flags=FIRST))
    for _ in range(2000):
        peer.receive(peer.data(b"x" * 1000, flags=0))
    assert "larger than the receive window" in said(peer)


async def test_tiny_fragments_without_an_end_are_bounded(peer: RawPeer) -> None:
    peer.receive(peer.data(b"x", flags=FIRST))
    for _ in range(150):
        peer.receive(*[peer.data(b"x", flags=0) for _ in range(30)])
    assert "larger than the receive window" in said(peer)


async def test_what_comes_too_far_ahead_counts_as_lost(peer: RawPeer) -> None:
    for start in range(1, 3 * MAX_AHEAD, 40):
        chunks = [peer.data(b"x", ahead=start + n, flags=FIRST | LAST | UNORDERED) for n in range(40)]
        peer.receive(*chunks)
    assert len(peer.owner.messages) < MAX_AHEAD
    assert len(peer.association._sack_misordered) < MAX_AHEAD
    assert len(bytes(peer.last(SackChunk))) < 1100
    peer.receive(peer.data())
    assert peer.last(SackChunk).cumulative_tsn == peer.tsn + MAX_AHEAD - 2


async def test_what_is_held_for_order_is_bounded_by_the_window(peer: RawPeer) -> None:
    for ahead in range(1, MAX_HELD_CHUNKS):
        peer.receive(peer.data(b"x" * 1160, ahead=ahead, stream_seq=ahead))
    held = peer.association._held_bytes
    assert RECEIVE_WINDOW_BYTES - 1160 < held <= RECEIVE_WINDOW_BYTES
    assert peer.last(SackChunk).advertised_rwnd == RECEIVE_WINDOW_BYTES - held
    peer.receive(peer.data(b"0", stream_seq=0))
    assert len(peer.owner.messages) == held // 1160 + 1
    assert peer.last(SackChunk).advertised_rwnd == RECEIVE_WINDOW_BYTES


async def test_error_of_aiortcs_code_ends_the_association_only(
    peer: RawPeer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(chunk: Chunk) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(peer.association, "_receive_chunk", fail)
    peer.receive(peer.data())
    assert said(peer) == "The peer's SCTP was not understood."
    assert "ZeroDivisionError" in caplog.text


async def test_check_packet_gives_the_senders_port() -> None:
    assert check_packet(packet_of(HeartbeatChunk(), tag=1)) == 5000
    with pytest.raises(ValueError, match="no chunk"):
        check_packet(b"short")


Mutation = Callable[[random.Random, bytearray], None]


def flip(rng: random.Random, packet: bytearray) -> None:
    packet[rng.randrange(11, len(packet))] ^= 1 << rng.randrange(8)


def overwrite(rng: random.Random, packet: bytearray) -> None:
    at = rng.randrange(11, len(packet)) + 1
    packet[at : at + 4] = rng.choice((bytes(4), b"\xff" * 4, rng.randbytes(4)))


def cut(rng: random.Random, packet: bytearray) -> None:
    del packet[rng.randrange(11, len(packet)) + 1 :]


def double(rng: random.Random, packet: bytearray) -> None:
    packet += packet[12:][: rng.randrange(1, 600)]


async def test_mutated_packets_never_raise_hang_or_grow(caplog: pytest.LogCaptureFixture) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    tracemalloc.start()
    ended = 0
    slowest = 0.0
    for _ in range(120):
        peer = RawPeer()
        peer.connect()
        stream = OutgoingStream(rng.randrange(8), ordered=rng.random() < 0.5, max_retransmits=0)
        for _ in range(40):
            peer.association.send(stream, 53, rng.randbytes(rng.choice((1, 3000))))
            await asyncio.sleep(0)
            packet = bytearray(any_packet(rng, peer))
            for _ in range(rng.choice((0,) * 12 + (1, 2))):
                rng.choice((flip, overwrite, cut, double))(rng, packet)
            begun = time.perf_counter()
            peer.association.receive(checksummed(bytes(packet)))
            slowest = max(slowest, time.perf_counter() - begun)
        ended += bool(peer.owner.ended)
        peer.association.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < ended < 120, "some are malformed and some are not"
    assert slowest < 2 and peak < 20_000_000
    assert "Traceback" not in caplog.text, "aiortc's code tripped over what the checks should have found"


def any_packet(rng: random.Random, peer: RawPeer) -> bytes:
    """A packet as a peer may send it."""
    heartbeat = HeartbeatChunk()
    heartbeat.params = [(1, rng.randbytes(8))]
    forward = ForwardTsnChunk()
    forward.cumulative_tsn, forward.streams = peer.tsn + rng.randrange(3), [(rng.randrange(8), 1)]
    acknowledged = peer.association._last_sacked_tsn
    outstanding = (peer.association._local_tsn - 1 - acknowledged) % 2**32
    gaps = [(2, rng.randrange(2, outstanding + 1))] if outstanding > 1 else []
    chunks: list[Chunk] = [
        peer.data(rng.randbytes(rng.randrange(1, 900)), flags=rng.randrange(8), stream_id=rng.randrange(8)),
        peer.data(b"x", ahead=rng.randrange(1, 9), flags=rng.randrange(8)),
        sack(acknowledged, *gaps),
        sack((acknowledged + min(outstanding, rng.randrange(3))) % 2**32),
        heartbeat,
        forward,
        reset_request(rng.randrange(9), peer.tsn - 1, rng.randrange(8)),
    ]
    if rng.random() < 0.02:
        chunks = [peer.init()]
    return packet_of(*rng.sample(chunks, min(len(chunks), rng.randrange(1, 3))), tag=peer.tag)
