"""A narrow link in numbers: one queue that several flows share, and senders that follow their estimators."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from vtp._rtp_fast import BandwidthEstimator

MS = 1_000_000
SECOND = 1000 * MS
PACKET_BYTES = 1200
TURN_NS = 5 * MS
FEEDBACK_NS = 100 * MS


@dataclass
class Bottleneck:
    """A drop-tail queue of `queue_ms` in front of a link of `bps` that takes `delay_ms` to cross."""

    bps: float
    queue_ms: float = 300
    delay_ms: float = 25
    loss: float = 0
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    free_ns: float = 0

    def push(self, now_ns: int, size: int) -> int | None:
        """When a packet arrives; None: the queue was full, or the link lost it."""
        waits_ns = max(self.free_ns - now_ns, 0)
        if waits_ns > self.queue_ms * MS:
            return None
        self.free_ns = now_ns + waits_ns + size * 8e9 / self.bps
        if self.dice.random() < self.loss:
            return None
        return int(self.free_ns + self.delay_ms * MS)

    def queue_now_ms(self, now_ns: int) -> float:
        return max(self.free_ns - now_ns, 0) / MS


@dataclass
class Flow:
    """A sender that sends what its estimator allows, at most `most_bps`; None: as much as that is."""

    link: Bottleneck
    most_bps: float | None = None
    starts_ns: int = 0
    estimator: BandwidthEstimator = field(default_factory=BandwidthEstimator)
    credit: float = 0
    told_ns: int = 0
    underway: list[tuple[int, int | None]] = field(default_factory=list)
    sent: int = 0
    lost: int = 0
    history: list[tuple[int, int]] = field(default_factory=list)
    """(time, estimate) after each feedback."""

    def turn(self, now_ns: int) -> None:
        if now_ns < self.starts_ns:
            return
        rate: float = self.estimator.bps or 300_000
        if self.most_bps is not None:
            rate = min(rate, self.most_bps) if self.estimator.bps else self.most_bps
        self.credit += rate * TURN_NS / 8e9
        while self.credit >= PACKET_BYTES:
            self.credit -= PACKET_BYTES
            self.send(now_ns)
        if now_ns - self.told_ns >= FEEDBACK_NS:
            self.told_ns = now_ns
            self.feed(now_ns)

    def send(self, now_ns: int) -> None:
        arrival = self.link.push(now_ns, PACKET_BYTES)
        self.sent += 1
        self.lost += arrival is None
        self.underway.append((now_ns, arrival))

    def feed(self, now_ns: int) -> None:
        """What has arrived a one-way delay ago is known now; what should have arrived before it is lost."""
        until = now_ns - int(self.link.delay_ms * MS)
        known = [
            i for i, (_, arrival) in enumerate(self.underway) if arrival is not None and arrival <= until
        ]
        if not known:
            return
        told, self.underway = self.underway[: known[-1] + 1], self.underway[known[-1] + 1 :]
        for sent_ns, arrival in told:
            if arrival is not None:
                self.estimator.packet(sent_ns, arrival // 250_000 * 250_000, PACKET_BYTES)
        lost = sum(arrival is None for _, arrival in told)
        self.history.append(
            (
                now_ns,
                self.estimator.update(now_ns, expected=len(told), lost=lost, rtt_ns=now_ns - told[-1][0]),
            )
        )


def run(
    flows: list[Flow], until_ms: int, now_ns: int = SECOND, each: Callable[[int], None] | None = None
) -> int:
    """Lets time pass; the answer is the time after it."""
    end = now_ns + until_ms * MS
    while now_ns < end:
        for flow in flows:
            flow.turn(now_ns)
        if each is not None:
            each(now_ns)
        now_ns += TURN_NS
    return now_ns
