"""The recording clock: reports, arrivals, drift, jumps, wraps."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from vtp.recording.clock import STEP_NS, PublisherClock, TrackClock, WindowedMinimum
from vtp.recording.timebase import NS

MS = NS // 1000
NTP_EPOCH_NS = 3_900_000_000 * NS


class Publisher:
    """A simulated publisher: its clock runs `skew_ppm` fast, its packets take 20 ms and some jitter."""

    def __init__(self, skew_ppm: float, seed: int = 1) -> None:
        self.rate = 1 + skew_ppm / 1e6
        self.random = random.Random(seed)
        self.clock = PublisherClock()

    def arrival_ns(self, true_ns: int, jitter_ms: float = 10) -> int:
        """When something sent at `true_ns` arrives."""
        return true_ns + 20 * MS + round(self.random.random() * jitter_ms * MS)

    def ticks(self, true_ns: int, clock_rate: int, start: int) -> int:
        """The RTP timestamp of a sample taken at `true_ns`."""
        return start + round(true_ns * self.rate * clock_rate / NS)

    def ntp64(self, true_ns: int) -> int:
        """Its NTP clock at `true_ns`."""
        return ((NTP_EPOCH_NS + round(true_ns * self.rate)) << 32) // NS


def run(publisher: Publisher, seconds: int, *, reports: bool = True) -> Iterator[tuple[float, float]]:
    """Gives (error of picture, error of sound) in ms, each second; perfect is the constant delay of 20 ms."""
    video = TrackClock(90_000, publisher.clock)
    audio = TrackClock(48_000, publisher.clock)
    for second in range(seconds):
        now = second * NS
        if reports and second % 5 == 3:
            for clock, rate, start in ((video, 90_000, 7_000), (audio, 48_000, 2**31 - 5)):
                rtp = publisher.ticks(now, rate, start) & 0xFFFF_FFFF
                clock.receive_report(publisher.ntp64(now), rtp, publisher.arrival_ns(now))
        errors = []
        for clock, rate, start in ((video, 90_000, 7_000), (audio, 48_000, 2**31 - 5)):
            for tenth in range(10):
                sent = now + tenth * 100 * MS
                # A frame's packets are paced, so pictures come later than sound.
                late = 40 * MS if clock is video and tenth % 3 == 0 else 0
                placed = clock.place(publisher.ticks(sent, rate, start), publisher.arrival_ns(sent) + late)
            errors.append((placed - sent) / MS - 20)
        yield errors[0], errors[1]


@pytest.mark.parametrize("skew_ppm", [-200, 200])
def test_drift_of_200_ppm_for_an_hour_stays_within_ten_ms(skew_ppm: int) -> None:
    for second, (video, audio) in enumerate(run(Publisher(skew_ppm), 3600)):
        if second > 10:
            assert -10 < video < 15 and -10 < audio < 15, (second, video, audio)
            assert abs(video - audio) < 5


def test_without_reports_the_least_late_arrival_counts() -> None:
    errors = list(run(Publisher(200), 600, reports=False))
    assert all(abs(video) < 12 and abs(audio) < 12 for video, audio in errors[5:])


def test_placed_times_never_step_by_more_than_five_ms() -> None:
    clock = TrackClock(90_000, PublisherClock())
    last = None
    for frame in range(300):
        late = 150 * MS if frame == 0 else 0  # a slow first frame puts the anchor late
        placed = clock.place(frame * 3000, frame * NS // 30 + late)
        if last is not None:
            assert abs(placed - last - NS // 30) <= STEP_NS + 1
        last = placed
    assert last is not None and abs(last - 299 * NS // 30) < MS


def test_pause_without_moving_timestamps_is_placed_anew() -> None:
    clock = TrackClock(48_000, PublisherClock())
    for packet in range(50):
        clock.place(packet * 960, packet * 20 * MS)
    placed = clock.place(50 * 960, NS + 244 * NS)  # janus-gateway issue 2292: 244 s that RTP does not know of
    assert placed == 245 * NS
    assert clock.jumps == 1


def test_timestamps_that_leap_ahead_are_placed_by_arrival() -> None:
    clock = TrackClock(90_000, PublisherClock())
    clock.place(0, 0)
    assert clock.place(90_000 * 3600, 33 * MS) == 33 * MS


def test_report_before_the_first_unit_is_used() -> None:
    publisher = PublisherClock()
    publisher.receive(NTP_EPOCH_NS, 20 * MS)
    clock = TrackClock(90_000, publisher)
    clock.receive_report((NTP_EPOCH_NS << 32) // NS, 1_000, 20 * MS)
    for frame in range(100):
        placed = clock.place(1_000 + frame * 3000, frame * NS // 30 + 120 * MS)
    assert abs(placed - (99 * NS // 30 + 20 * MS)) < 2 * MS


def test_report_survives_the_wrap_of_the_timestamp() -> None:
    publisher = Publisher(0)
    clock = TrackClock(90_000, publisher.clock)
    start = 2**32 - 45_000
    for frame in range(60):
        sent = frame * NS // 30
        if frame == 45:
            rtp = publisher.ticks(sent, 90_000, start) & 0xFFFF_FFFF
            clock.receive_report(publisher.ntp64(sent), rtp, sent + 20 * MS)
        placed = clock.place(publisher.ticks(sent, 90_000, start), sent + 20 * MS)
        assert abs(placed - sent - 20 * MS) < MS


def test_publisher_that_sets_its_clock_does_not_move_its_tracks() -> None:
    publisher = Publisher(0)
    clock = TrackClock(90_000, publisher.clock)
    for frame in range(3000):
        sent = frame * NS // 30
        if frame % 150 == 3:
            hour = 3600 if frame > 1500 else 0
            ntp = publisher.ntp64(sent) + (hour << 32)
            clock.receive_report(ntp, frame * 3000, sent + 20 * MS)
        placed = clock.place(frame * 3000, sent + 20 * MS)
        assert abs(placed - sent - 20 * MS) < 2 * MS


def test_windowed_minimum_forgets_what_is_old() -> None:
    window = WindowedMinimum(10)
    assert [window.add(now, value) for now, value in ((0, 3), (5, 7), (9, 5), (11, 9), (20, 8))] == [
        3,
        3,
        3,
        5,
        8,
    ]
