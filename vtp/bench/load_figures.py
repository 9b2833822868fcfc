"""The figures of the benchmark's load: what a publisher sent, what viewers received and how late.

Figures of many viewers are merged into one; percentiles come from counts by delay, never from averages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceFigures:
    """What a publisher has sent since `Source.start`."""

    packets: int
    """Without those sent again."""
    bytes: int
    """Of these, RTP headers included, SRTP tags not."""
    frames: int
    key_frames: int
    key_frame_requests: int
    """PLI and FIR of the server; the next frame is then a key frame."""
    nacks: int
    """Numbers the server asked for."""
    resent: int
    late_bursts: int
    """Bursts that left more than 2 ms after their time: the load client was busy."""
    latest_ms: float
    """The worst of them."""
    marks: tuple[int, ...] = ()
    """What packets of each encoding of the picture carry, the smallest encoding first."""


@dataclass(frozen=True)
class Delays:
    """Delays as counts by microseconds, in buckets 1.5 % wide (1 µs below 128 µs)."""

    count: int = 0
    smallest_us: int = 0
    largest_us: int = 0
    buckets: Mapping[int, int] = field(default_factory=dict)

    def percentile_ms(self, share: float) -> float | None:
        """What `share` (0 to 1) of the packets stayed below, in milliseconds; None without packets."""
        left = share * self.count
        for value_us in sorted(self.buckets):
            left -= self.buckets[value_us]
            if left <= 0:
                return value_us / 1000
        return None

    def __add__(self, other: "Delays") -> "Delays":
        if not self.count or not other.count:
            return self if self.count else other
        buckets = dict(self.buckets)
        for value_us, count in other.buckets.items():
            buckets[value_us] = buckets.get(value_us, 0) + count
        return Delays(
            self.count + other.count,
            min(self.smallest_us, other.smallest_us),
            max(self.largest_us, other.largest_us),
            buckets,
        )


@dataclass(frozen=True)
class ProbeFigures:
    """What a viewer, or several merged, received in the window: RTP of sound and picture together."""

    probes: int = 1
    """Transports."""
    streams: int = 0
    started_ns: int = 0
    """CLOCK_REALTIME; the window's beginning, of merged probes the earliest."""
    ended_ns: int = 0
    """When the figures were read, of merged probes the latest."""
    first_packet_ns: int = 0
    """Kernel receive timestamp (CLOCK_REALTIME) of the client's first RTP packet ever; 0: none came.

    Whatever the window; of merged probes the earliest.
    """
    packets: int = 0
    """Each sequence number once, however it came; those without payload (padding) are not in it."""
    padding: int = 0
    """Packets without payload among the sample: some servers pad on the media's own numbers."""
    bytes: int = 0
    """UDP payload of these packets, SRTP tags included."""
    lost: int = 0
    """Numbers that came neither by themselves nor by retransmission until the figures were read."""
    recovered: int = 0
    """Numbers that only a retransmission brought."""
    skipped: int = 0
    """Packets of the source that the server left out while its own numbers went on without a gap."""
    reordered: int = 0
    """Came by themselves after a later number."""
    duplicated: int = 0
    authenticated: int = 0
    """Packets of the sample whose SRTP tag was right."""
    authentication_failed: int = 0
    resynchronized: int = 0
    """How often the server's numbering turned out to have moved against the source's."""
    untimed: int = 0
    """Packets whose delay is not known: before the first sample, or around a change of numbering."""
    nacks: int = 0
    """Numbers that were asked for again."""
    key_frame_requests: int = 0
    dropped_here: int = 0
    """Datagrams that the kernel threw away at the client's own socket: the load client did not keep up."""
    delay: Delays = field(default_factory=Delays)

    @property
    def expected(self) -> int:
        """What the server should have brought of the source's packets by itself."""
        return self.packets + self.lost + self.skipped

    @property
    def loss_pct(self) -> float:
        """Share of them that did not come by themselves; a repaired loss is one too."""
        missing = self.lost + self.recovered + self.skipped
        return 100 * missing / self.expected if self.expected else 0.0

    @property
    def seconds(self) -> float:
        """Length of the window."""
        return (self.ended_ns - self.started_ns) / 1e9


def merge(figures: Iterable[ProbeFigures]) -> ProbeFigures:
    """Counts and delays added up, the earliest start, the latest end. ValueError for no figures at all."""
    parts = list(figures)
    if not parts:
        raise ValueError("There are no figures to merge.")
    firsts = [part.first_packet_ns for part in parts if part.first_packet_ns]
    delay = Delays()
    for part in parts:
        delay = delay + part.delay
    return ProbeFigures(
        started_ns=min(part.started_ns for part in parts),
        ended_ns=max(part.ended_ns for part in parts),
        first_packet_ns=min(firsts, default=0),
        delay=delay,
        **{name: sum(getattr(part, name) for part in parts) for name in _SUMMED},
    )


@dataclass(frozen=True)
class StreamFigures:
    """One stream of a probe in the window. What ProbeFigures has too means the same here."""

    kind: str
    ssrc: int
    packets: int
    padding: int
    bytes: int
    lost: int
    recovered: int
    skipped: int
    reordered: int
    duplicated: int
    authenticated: int
    authentication_failed: int
    resynchronized: int
    untimed: int
    nacks: int
    key_frame_requests: int
    timed: int
    """Packets whose delay is known."""
    delay_us: int
    """Of all these together."""
    largest_us: int

    @property
    def mean_delay_ms(self) -> float | None:
        """None without a packet whose delay is known."""
        return self.delay_us / self.timed / 1000 if self.timed else None


_SUMMED = (
    "probes", "streams", "packets", "padding", "bytes", "lost", "recovered", "skipped", "reordered",
    "duplicated", "authenticated", "authentication_failed", "resynchronized", "untimed", "nacks",
    "key_frame_requests", "dropped_here",
)  # fmt: skip
