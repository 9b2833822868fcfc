"""How busy a media thread is: CPU time measured over the last seconds, and what was placed on it since.

A viewer costs nothing until it is connected, a second or so after it was placed. Without a prediction a whole
class that comes at once would be sent to one worker. Time is an argument.
"""

from __future__ import annotations

from collections import deque

WINDOW_S = 4.0
"""What the measured share is the mean of."""
SETTLED_S = 6.0
"""After this time what was placed shows in the measured share."""
EXPECTED_SHARE = 0.001
"""Of a processor, by one transport of which nothing is known: 300 packets/s of 3 µs, and their reports."""
_KNOWN_TRANSPORTS = 20
_KNOWN_SHARE = 0.02


class LoadMeter:
    """Belongs to one worker. Shares are of one processor: 1.0 is a thread that never sleeps."""

    def __init__(self) -> None:
        self.busy = 0.0
        self._samples: deque[tuple[float, float]] = deque()
        self._placed: deque[float] = deque()
        self._placed_sum_s = 0.0
        self._expected = EXPECTED_SHARE

    def measure(self, cpu_s: float, transports: int, now_s: float) -> None:
        """Takes the thread's CPU time so far and how many transports it serves."""
        self._samples.append((now_s, cpu_s))
        while len(self._samples) > 2 and now_s - self._samples[1][0] >= WINDOW_S:
            self._samples.popleft()
        (first_s, first_cpu_s), (last_s, last_cpu_s) = self._samples[0], self._samples[-1]
        if last_s > first_s:
            self.busy = (last_cpu_s - first_cpu_s) / (last_s - first_s)
        if transports >= _KNOWN_TRANSPORTS and self.busy >= _KNOWN_SHARE:
            self._expected = self.busy / transports
        self._forget(now_s)

    def place(self, now_s: float) -> None:
        """Books a transport that has just been placed here."""
        self._placed.append(now_s)
        self._placed_sum_s += now_s

    def load(self, now_s: float) -> float:
        """The measured share, and for each recent placement what of its cost it cannot show yet."""
        self._forget(now_s)
        ages_s = now_s * len(self._placed) - self._placed_sum_s  # all together: a class comes by hundreds
        unseen = len(self._placed) - ages_s / SETTLED_S
        return self.busy + unseen * self._expected

    def _forget(self, now_s: float) -> None:
        while self._placed and now_s - self._placed[0] >= SETTLED_S:
            self._placed_sum_s -= self._placed.popleft()
        if not self._placed:
            self._placed_sum_s = 0.0
