"""What the load client takes in, and what the kernel asks for: `python -m vtp.bench.load_limit`.

A source sends to a reflector, which hands every packet to all viewers as it is (they share one key),
`--run` of them in one message. No server works here, so two things are told: how many packets the client
takes, which has to be more than any server under test can send, and what sending and delivering a packet
costs a program that does nothing else. Each has a processor of its own where there are two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vtp._rtp_fast import write_stun_success
from vtp.bench import _client
from vtp.bench._reflector import Reflector
from vtp.bench.client_dtls import Role
from vtp.bench.client_sdp import AnsweredCodec, AnsweredMedia, IceCredentials
from vtp.bench.driver import ClientDriver, Remote
from vtp.bench.load import Lecture, Probe, Source, merge
from vtp.bench.scenarios.stage import REST_US

AES_128_GCM = 7
PACKET_BYTES = 1184
"""Of RTP; with its tag a datagram has 1,200 bytes."""
FRAME_PACKETS = 10
_KEYS = (bytes(range(16)), bytes(range(12)))
_OURS, _THEIRS = IceCredentials("ours", "o" * 24), IceCredentials("theirs", "t" * 24)
_EXTENSIONS = {"mid": 1, "abs-send-time": 2, "transport-cc": 3}


@dataclass(frozen=True)
class Limit:
    """What came of one run."""

    viewers: int
    packets_per_s: float
    loss_pct: float
    dropped_here: int
    client_us_per_packet: float
    client_core_share: float
    wakeups_per_s: float
    reflector_us_per_packet: float


def _answer_checks(peer: socket.socket) -> None:
    """The other end of every client's ICE."""
    data, address = peer.recvfrom(2048)
    if data[:1] < b"\x04":  # STUN, RFC 7983
        peer.sendto(
            write_stun_success(data, socket.inet_aton(address[0]), address[1], _THEIRS.password.encode()),
            address,
        )


def _line() -> list[AnsweredMedia]:
    vp8 = AnsweredCodec("vp8", 96, 90_000, rtx_payload_type=97, feedback={"nack", "transport-cc"})
    return [AnsweredMedia("video", False, "1", [vp8], _EXTENSIONS, 0x1111, 0x2222)]


def _socket() -> socket.socket:
    made = socket.socket(type=socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


async def _connect(driver: ClientDriver, peer: socket.socket, bind: tuple[str, int] | None) -> int:
    connected = asyncio.Event()

    def on_event(kind: int, _: Any) -> None:
        if kind == _client.EVENT_CONNECTED:
            connected.set()

    remote = Remote([peer.getsockname()], _THEIRS, [], Role.CLIENT)
    client = driver.add_client(remote, _OURS, bind=bind, on_event=on_event)
    async with asyncio.timeout(10):
        await connected.wait()
    driver.engine.set_srtp(client, AES_128_GCM, *_KEYS, *_KEYS)
    return client


def _free_ports(count: int) -> list[int]:
    """UDP ports that nobody has now."""
    sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


async def measure(viewers: int, packets_per_s: int, *, run: int = 3, seconds: float = 3.0) -> Limit:
    """Viewers get `packets_per_s` in all, `run` at once. Raises ValueError when that cannot be."""
    pattern = _pattern(max(1, round(packets_per_s / viewers / FRAME_PACKETS)), run)
    media, control = _socket(), _socket()
    ports = _free_ports(viewers)
    reflector = Reflector(ports)
    first, *_, last = sorted(os.sched_getaffinity(0)) * 2
    async with ClientDriver(cpu=last, rest_us=REST_US) as driver:
        source, probes = await _meet(driver, pattern, media, control, ports)
        serving = asyncio.create_task(asyncio.to_thread(_reflect, reflector, media.fileno(), first))
        source.start()
        await asyncio.sleep(0.5)
        limit = await _window(driver, probes, reflector, seconds)
        source.stop()
        reflector.stop()
        await serving
    media.close()
    control.close()
    return limit


def _reflect(reflector: Reflector, fd: int, cpu: int) -> None:
    """In a thread of its own, on another processor than the client's."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    reflector.serve(fd)
    os.sched_setaffinity(0, before)


def _pattern(frames_per_s: int, run: int) -> Lecture:
    bursts = -(-FRAME_PACKETS // run)
    return Lecture(
        frames_per_s=frames_per_s,
        packet_bytes=(PACKET_BYTES, PACKET_BYTES),
        burst_packets=run,
        burst_interval_ms=min(5.0, 900 / frames_per_s / bursts),
        audio=False,
    )


async def _meet(
    driver: ClientDriver,
    pattern: Lecture,
    media: socket.socket,
    control: socket.socket,
    ports: Sequence[int],
) -> tuple[Source, list[Probe]]:
    """The source, whose peer is `media`, and its viewers, whose peer is `control`; both fall silent then."""
    loop = asyncio.get_running_loop()
    for peer in (media, control):
        loop.add_reader(peer, _answer_checks, peer)
    source = Source(driver, await _connect(driver, media, None), _line(), pattern)
    probes = []
    for port in ports:
        client = await _connect(driver, control, ("127.0.0.1", port))
        probes.append(Probe(driver, client, _line(), source))
    for peer in (media, control):
        loop.remove_reader(peer)
    return source, probes


async def _window(
    driver: ClientDriver, probes: Sequence[Probe], reflector: Reflector, seconds: float
) -> Limit:
    for probe in probes:
        probe.restart()
    before, sent, cpu_ns, started = (
        driver.engine.figures(),
        reflector.sent,
        reflector.cpu_ns,
        time.monotonic(),
    )
    await asyncio.sleep(seconds)
    after, took = driver.engine.figures(), time.monotonic() - started
    sent, cpu_ns = reflector.sent - sent, reflector.cpu_ns - cpu_ns
    found = merge(probe.figures() for probe in probes)
    client_ns = after["cpu_ns"] - before["cpu_ns"]
    return Limit(
        viewers=len(probes),
        packets_per_s=round(found.packets / took),
        loss_pct=round(found.loss_pct, 4),
        dropped_here=found.dropped_here,
        client_us_per_packet=round(client_ns / 1e3 / max(1, found.packets), 3),
        client_core_share=round(client_ns / 1e9 / took, 3),
        wakeups_per_s=round((after["wakeups"] - before["wakeups"]) / took),
        reflector_us_per_packet=round(cpu_ns / 1e3 / max(1, sent), 3),
    )


def main() -> None:
    """The command line; prints JSON."""
    parser = argparse.ArgumentParser(prog="python -m vtp.bench.load_limit", description=__doc__)
    parser.add_argument("--viewers", type=int, default=400)
    parser.add_argument("--packets-per-s", type=int, default=480_000, help="of all viewers together")
    parser.add_argument("--run", type=int, default=3, help="packets that reach a viewer at once")
    parser.add_argument("--seconds", type=float, default=3.0)
    found = parser.parse_args()
    limit = asyncio.run(measure(found.viewers, found.packets_per_s, run=found.run, seconds=found.seconds))
    sys.stdout.write(json.dumps(asdict(limit)) + "\n")


if __name__ == "__main__":
    main()
