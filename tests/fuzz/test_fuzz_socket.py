"""Random and mutated datagrams against the packet path: at the socket, and each answer weighed."""

import os
import random
import selectors
import socket
import time

import pytest

from tests.packet_path import PacketPath, Rtp, VideoPublisher, add_viewer, vp8_payload
from vtp import _rtp_fast as fast

KINDS = (b"\x00", b"\x16", b"\x80", b"\x90", b"\xb0", b"\x80\xc8", b"\x81\xcd", b"\x81\xce", b"\x40", b"")


def seeded() -> random.Random:
    seed = int.from_bytes(os.urandom(4), "big")
    print("seed", seed)
    return random.Random(seed)


def mutate(rng: random.Random, models: list[bytes]) -> bytes:
    """A random datagram, or a real one with bytes changed, cut off or added."""
    if rng.random() < 0.4:
        return rng.choice(KINDS) + rng.randbytes(rng.choice((0, 1, 11, 12, 19, 20, 27, 60, 200, 1400)))
    data = bytearray(rng.choice(models))
    for _ in range(rng.choice((0, 1, 1, 2, 8))):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.3:
        del data[rng.randrange(len(data) + 1) :]
    if rng.random() < 0.1:
        data += rng.randbytes(rng.randrange(40))
    return bytes(data)


def models(viewer_password: str, ufrag: str, sender: fast.Srtp) -> list[bytes]:
    """Datagrams that would be taken if they came from the right place with the right keys."""
    check = fast.write_stun_request(
        os.urandom(12), f"{ufrag}:x".encode(), viewer_password.encode(), use_candidate=True
    )
    media = Rtp(96, 1, 1, 4242, vp8_payload(True, 1, 900), extensions={4: b"0", 5: b"\0\1"})
    return [
        check,
        sender.protect(media.pack()),
        sender.protect_rtcp(b"\x81\xce\x00\x02" + bytes(8)),
        bytes([22, 254, 253]) + bytes(10) + bytes([1]) + bytes(120),
        b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
    ]


def datagram_kinds(c: dict[str, int]) -> int:
    """Every datagram is counted once by what it was taken for."""
    return (
        c["empty_datagrams"]
        + c["unknown_datagrams"]
        + c["truncated_datagrams"]
        + c["dtls_received"]
        + c["rtp_no_tuple"]
        + c["rtp_no_keys"]
        + c["rtp_received"]
        + c["rtcp_received"]
        + c["stun_requests"]
        + c["stun_malformed"]
        + c["stun_other"]
    )


def assault(count: int) -> None:
    """`count` datagrams from a stranger and from the publisher's own address, each answer weighed."""
    rng = seeded()
    path = PacketPath()
    publisher = VideoPublisher(path)
    viewer, _ = add_viewer(path, publisher.producer)
    publisher.frame(key=True)
    real = models(viewer.password, viewer.ufrag, publisher.peer.sender)
    frames = 1
    for i in range(count):
        datagram = mutate(rng, real)
        source = publisher.peer.address if i % 4 == 0 else ("198.51.100.7", 1024 + i % 50_000)
        path.worker.inject(datagram, source, path.now_ns)
        for answer, to in path.worker.take_sent():
            if to == source and answer[0] < 4:
                assert len(answer) <= len(datagram), datagram.hex()
        if i % 1000 == 0:
            path.now_ns += 40_000_000
            viewer.check()
            publisher.peer.check()
            publisher.frame(key=i % 20_000 == 0)
            frames += 1
            path.worker.poll_events()
    counters = path.worker.counters()
    assert datagram_kinds(counters) == counters["datagrams_received"]
    payloads = {packet.payload for packet in viewer.rtp}
    assert len(payloads) == frames, "media of the running room went on"


def test_no_answer_is_larger_than_its_question_and_counters_add_up() -> None:
    assault(20_000)


@pytest.mark.long
def test_a_million_datagrams_one_by_one() -> None:
    assault(1_000_000)


def flood(count: int) -> None:
    """`count` datagrams at a real socket while a room runs there."""
    rng = seeded()
    worker = fast.Worker([("127.0.0.1", 0)], receive_buffer_bytes=8_000_000)
    worker.start()
    room = LoopbackRoom(worker)
    real = models("a stranger does not know it", room.viewer_ufrag, room.sender)
    stock = [mutate(rng, real) for _ in range(20_000)]
    attacker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    attacker.connect(worker.addresses[0])
    attacker.setblocking(False)
    largest = max(len(model) for model in real)
    try:
        for i in range(count):
            attacker.send(stock[i % len(stock)])
            if i % 500 == 0:  # waited for: a worker without a processor loses datagrams to its full buffer
                room.frame(key=i % 50_000 == 0)
                assert room.received_all(), "media of the running room was disturbed"
            if i % 50 == 0:
                drain(attacker, largest)
                worker.poll_events()
        counters = worker.counters()
        assert datagram_kinds(counters) == counters["datagrams_received"] + counters["truncated_datagrams"]
        assert counters["datagrams_received"] > count // 2, "the flood did not arrive"
    finally:
        attacker.close()
        room.close()
        worker.close()


def drain(attacker: socket.socket, largest: int) -> None:
    while True:
        try:
            assert len(attacker.recv(4096)) <= largest
        except (BlockingIOError, ConnectionRefusedError):
            return


class LoopbackRoom:
    """A publisher and a viewer on real sockets, keyed without a handshake."""

    def __init__(self, worker: fast.Worker) -> None:
        self.worker = worker
        self.publisher = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.viewer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        self.viewer.setblocking(False)
        self.viewer_ufrag, self.viewer_password = "viewer00", "v" * 24
        self.sender = self.open(self.publisher, "sender00", "s" * 24, send=True)
        self.receiver = self.open(self.viewer, self.viewer_ufrag, self.viewer_password, send=False)
        self.sequence = 0
        self.payloads: set[bytes] = set()
        self.sent: set[bytes] = set()

    def open(self, endpoint: socket.socket, ufrag: str, password: str, *, send: bool) -> fast.Srtp:
        endpoint.connect(self.worker.addresses[0])
        transport = self.worker.add_transport(ufrag, password)
        check = fast.write_stun_request(
            os.urandom(12), f"{ufrag}:x".encode(), password.encode(), use_candidate=True
        )
        endpoint.send(check)
        deadline = time.monotonic() + 30
        while not self.worker.transport_stats(transport)["tuples"]:
            assert time.monotonic() < deadline
        keys = (os.urandom(16), os.urandom(12), os.urandom(16), os.urandom(12))
        self.worker.set_srtp(transport, fast.PROFILE_AEAD_AES_128_GCM, *keys)
        if send:
            self.producer = self.worker.add_producer(
                transport,
                kind="video",
                mid="0",
                codecs=[(96, fast.CODEC_VP8, 90_000, -1)],
                encodings=[(4242, 0, "")],
                extensions={},
                nack=False,
                transport_cc=False,
                remb=False,
            )
            return fast.Srtp(fast.PROFILE_AEAD_AES_128_GCM, keys[0], keys[1], sender=True)
        self.worker.add_consumer(
            transport,
            kind="video",
            mid="0",
            ssrc=9999,
            rtx_ssrc=0,
            cname="x",
            codecs=[(fast.CODEC_VP8, 96, -1)],
            extensions={},
            producer=self.producer,
        )
        return fast.Srtp(fast.PROFILE_AEAD_AES_128_GCM, keys[2], keys[3], sender=False)

    def frame(self, *, key: bool) -> None:
        payload = vp8_payload(key, self.sequence, 500) + self.sequence.to_bytes(4, "big")
        packet = Rtp(96, self.sequence, self.sequence * 3000, 4242, payload, marker=True)
        self.sequence += 1
        self.sent.add(payload)
        self.publisher.send(self.sender.protect(packet.pack()))
        self.take()

    def take(self) -> None:
        while True:
            try:
                data = self.viewer.recv(2048)
            except BlockingIOError:
                return
            if data[0] >= 128 and not 192 <= data[1] <= 223:
                self.payloads.add(Rtp.unpack(self.receiver.unprotect(data)).payload)

    def received_all(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self.viewer, selectors.EVENT_READ)
            while self.payloads != self.sent and selector.select(30):
                self.take()
        return self.payloads == self.sent

    def close(self) -> None:
        self.publisher.close()
        self.viewer.close()


def test_a_flood_at_the_socket_leaves_the_room_undisturbed() -> None:
    flood(30_000)


@pytest.mark.long
def test_a_million_datagrams_at_the_socket() -> None:
    flood(1_000_000)
