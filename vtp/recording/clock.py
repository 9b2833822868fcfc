"""The recording clock: places RTP timestamps on the server's monotonic clock.

Before a track's first sender report (RFC 3550 section 6.4.1) the least late arrival counts; afterwards the
report's NTP time, brought to our clock by what all tracks of one publisher share, so that sound and picture
keep their relation whatever the network does to either. Corrections are slewed, at most STEP_NS at a time;
only a timestamp that is off by more than JUMP_NS (a source that stopped its clock, or started another) is
placed anew.
"""

from __future__ import annotations

from collections import deque

from vtp.recording.timebase import NS

STEP_NS = 5_000_000  # LiveKit's RTPMaxDriftAdjustment: steps of 5 ms are not seen and not heard
STEP_EVERY_NS = 100_000_000
JUMP_NS = 2 * NS
NTP_STEP_NS = NS
ARRIVAL_WINDOW_NS = 2 * NS
REPORT_WINDOW_NS = 30 * NS


class WindowedMinimum:
    """The least value of the last `window_ns`, in amortized constant time."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._rising: deque[tuple[int, int]] = deque()

    def add(self, now_ns: int, value: int) -> int:
        """Takes a value and gives the least one that is not older than the window."""
        rising = self._rising
        while rising and rising[-1][1] >= value:
            rising.pop()
        rising.append((now_ns, value))
        while rising[0][0] < now_ns - self._window_ns:
            rising.popleft()
        return rising[0][1]

    def clear(self) -> None:
        """Forgets everything."""
        self._rising.clear()


class PublisherClock:
    """One publisher's NTP clock against ours: the offset is that of the least delayed report of 30 s.

    `epoch` grows when the publisher's clock is set; reports of an older epoch say nothing any more.
    """

    def __init__(self) -> None:
        self._window = WindowedMinimum(REPORT_WINDOW_NS)
        self.offset_ns: int | None = None
        self.epoch = 0

    def receive(self, ntp_ns: int, arrival_ns: int) -> None:
        """Takes one sender report's NTP time and its arrival."""
        difference = arrival_ns - ntp_ns
        if self.offset_ns is not None and abs(difference - self.offset_ns) > NTP_STEP_NS:
            self._window.clear()
            self.epoch += 1
        self.offset_ns = self._window.add(arrival_ns, difference)


class TrackClock:
    """Maps one stream's extended RTP timestamps to monotonic nanoseconds."""

    def __init__(self, clock_rate: int, publisher: PublisherClock) -> None:
        self._rate = clock_rate
        self._publisher = publisher
        self._first: int | None = None
        self._offset_ns = 0
        self._arrivals = WindowedMinimum(ARRIVAL_WINDOW_NS)
        self._report: tuple[int, int, int] | None = None  # NTP ns, media ns, epoch
        self._early: tuple[int, int, int] | None = None
        self._stepped_at_ns = 0
        self.jumps = 0

    def receive_report(self, ntp64: int, rtp_timestamp: int, arrival_ns: int) -> None:
        """Takes a report: NTP time in 32.32 seconds, the 32-bit RTP timestamp it names, its arrival."""
        ntp_ns = (ntp64 * NS) >> 32
        self._publisher.receive(ntp_ns, arrival_ns)
        if self._first is None:
            self._early = (ntp64, rtp_timestamp, arrival_ns)
            return
        media_ns = self._media_ns(self._extend(rtp_timestamp, arrival_ns))
        self._report = (ntp_ns, media_ns, self._publisher.epoch)

    def place(self, rtp_timestamp: int, arrival_ns: int) -> int:
        """Gives the monotonic nanosecond at which a unit was sent, as near as is known."""
        if self._first is None:
            self._first = rtp_timestamp
            self._anchor(0, arrival_ns)
            self._take_early_report()
        media_ns = self._media_ns(rtp_timestamp)
        if abs(arrival_ns - media_ns - self._offset_ns) > JUMP_NS:
            self.jumps += 1
            self._report = None
            self._anchor(media_ns, arrival_ns)
        least_ns = self._arrivals.add(arrival_ns, arrival_ns - media_ns)
        if media_ns - self._stepped_at_ns >= STEP_EVERY_NS:
            self._stepped_at_ns = media_ns
            error_ns = self._target_ns(least_ns) - self._offset_ns
            self._offset_ns += max(-STEP_NS, min(STEP_NS, error_ns))
        return media_ns + self._offset_ns

    def _take_early_report(self) -> None:
        if self._early is not None:
            ntp64, rtp_timestamp, arrival_ns = self._early
            self._report = (
                (ntp64 * NS) >> 32,
                self._media_ns(self._extend(rtp_timestamp, arrival_ns)),
                self._publisher.epoch,
            )

    def _anchor(self, media_ns: int, arrival_ns: int) -> None:
        self._arrivals.clear()
        self._offset_ns = arrival_ns - media_ns
        self._stepped_at_ns = media_ns

    def _target_ns(self, least_ns: int) -> int:
        report, shared_ns = self._report, self._publisher.offset_ns
        if report is None or shared_ns is None or report[2] != self._publisher.epoch:
            return least_ns
        target_ns = report[0] + shared_ns - report[1]
        # A report that contradicts the arrivals by more than a jump names another clock: not to be followed.
        return target_ns if abs(target_ns - least_ns) <= JUMP_NS else least_ns

    def _media_ns(self, rtp_timestamp: int) -> int:
        return (rtp_timestamp - (self._first or 0)) * NS // self._rate

    def _extend(self, rtp_timestamp: int, arrival_ns: int) -> int:
        """The 64-bit timestamp next to where this stream is at `arrival_ns`."""
        expected = (self._first or 0) + (arrival_ns - self._offset_ns) * self._rate // NS
        difference = (rtp_timestamp - expected) & 0xFFFF_FFFF
        return expected + (difference if difference < 0x8000_0000 else difference - 0x1_0000_0000)
