"""Pipes while both threads run: outlets, viewers, producers and Workers come and go in any order.

Worth most under ThreadSanitizer or AddressSanitizer; docs/testing.md has the command.
"""

import contextlib
import os
import random
import socket
import threading
import time

from tests.packet_path import KEY_BYTES, Rtp, vp8_payload
from tests.readable import is_readable
from vtp import _rtp_fast as fast

PROFILE = fast.PROFILE_AEAD_AES_128_GCM
COMMANDS = 2_000
LIMIT_S = 60.0


class SocketPeer:
    """One end of a transport on a real socket."""

    def __init__(self, worker: fast.Worker) -> None:
        self.worker = worker
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.connect(worker.addresses[0])
        ufrag, password = os.urandom(4).hex(), os.urandom(12).hex()
        self.transport = worker.add_transport(ufrag, password)
        key, salt = KEY_BYTES[PROFILE]
        keys = (os.urandom(key), os.urandom(salt), os.urandom(key), os.urandom(salt))
        self.sender = fast.Srtp(PROFILE, keys[0], keys[1], sender=True)
        user = f"{ufrag}:peer".encode()
        self.socket.send(fast.write_stun_request(os.urandom(12), user, password.encode(), use_candidate=True))
        self.socket.settimeout(20)
        self.socket.recv(2048)
        worker.set_srtp(self.transport, PROFILE, *keys)

    def waits(self) -> bool:
        """Whether something has come; it is thrown away."""
        came = False
        with contextlib.suppress(ConnectionRefusedError):  # its Worker is closed
            while is_readable(self.socket, 0):
                self.socket.recv(2048)
                came = True
        return came

    def send(self, packet: bytes) -> None:
        with contextlib.suppress(ConnectionRefusedError):
            self.socket.send(packet)

    def close(self) -> None:
        self.worker.remove_transport(self.transport)
        self.socket.close()


class Publisher:
    """Sends as fast as it may from a thread of its own."""

    def __init__(self, worker: fast.Worker, ssrc: int) -> None:
        self.peer, self.ssrc, self.number = SocketPeer(worker), ssrc, 0
        self.stopping = threading.Event()
        self.producer = self.add()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def add(self) -> int:
        return self.peer.worker.add_producer(
            self.peer.transport,
            kind="video",
            mid="0",
            codecs=[(96, fast.CODEC_VP8, 90_000, 97)],
            encodings=[(self.ssrc, 0, "")],
            extensions={},
            nack=True,
            transport_cc=False,
            remb=True,
        )

    def run(self) -> None:
        while not self.stopping.wait(0.002):
            for _ in range(10):
                self.number += 1
                payload = vp8_payload(self.number % 20 == 0, self.number, 600)
                packet = Rtp(96, self.number, self.number * 3000, self.ssrc, payload, True)
                self.peer.send(self.peer.sender.protect(packet.pack()))
            self.peer.waits()

    def pause(self) -> None:
        self.peer.worker.pause_producer(self.producer, True)

    def resume(self) -> None:
        self.peer.worker.pause_producer(self.producer, False)

    def replace(self) -> None:
        self.peer.worker.remove_producer(self.producer)
        self.producer = self.add()

    def close(self) -> None:
        self.stopping.set()
        self.thread.join()
        self.peer.close()


class Viewer:
    """A peer with one consumer that is pointed at one outlet after the other."""

    def __init__(self, worker: fast.Worker) -> None:
        self.peer = SocketPeer(worker)
        self.outlets: list[int] = []
        self.consumer = worker.add_consumer(
            self.peer.transport,
            kind="video",
            mid="1",
            ssrc=5555,
            rtx_ssrc=5556,
            cname="vtp",
            codecs=[(fast.CODEC_VP8, 120, 121)],
            extensions={fast.EXT_TRANSPORT_CC: 3},
        )

    def follow(self, publisher: Publisher) -> None:
        outlet = self.peer.worker.add_outlet(publisher.peer.worker, publisher.producer)
        self.peer.worker.set_consumer_source(self.consumer, outlet)
        self.outlets.append(outlet)
        if len(self.outlets) > 2:
            self.peer.worker.remove_producer(self.outlets.pop(0))

    def forget(self) -> None:
        while self.outlets:
            self.peer.worker.remove_producer(self.outlets.pop())


def test_everything_comes_and_goes_while_packets_run() -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    workers = [fast.Worker([("127.0.0.1", 0)]) for _ in range(3)]
    for worker in workers:
        worker.start()
    publishers = [Publisher(workers[0], 1111), Publisher(workers[1], 2222)]
    viewers = [Viewer(workers[i % 2 + 1]) for i in range(6)]
    until = time.monotonic() + LIMIT_S
    for _ in range(COMMANDS):
        viewer, publisher = chance.choice(viewers), chance.choice(publishers)
        if viewer.peer.worker is not publisher.peer.worker:
            viewer.follow(publisher)
        chance.choice(
            [publisher.pause, publisher.resume, publisher.replace, viewer.forget, viewer.peer.waits]
            + [worker.poll_events for worker in workers]
            + [worker.counters for worker in workers]
        )()
        assert time.monotonic() < until
    for publisher in publishers:
        publisher.resume()
    last = Viewer(workers[2])
    last.follow(publishers[0])
    last.peer.waits()
    assert is_readable(last.peer.socket, 10), "pipes still carry"
    chance.shuffle(workers)
    workers[0].close()
    for publisher in publishers:
        publisher.close()
    workers[1].close()
    for viewer in [*viewers, last]:
        viewer.peer.close()
    workers[2].close()
