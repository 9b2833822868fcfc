"""How a media thread is scheduled: before whatever can wait, and on the processor that it is given.

A packet is due within a millisecond, everything else that this process does within tens of them. Real time
(the lowest level) is what keeps packets on time beside a busy machine; where the system does not allow it, a
higher priority; where that is refused too, shorter turns, which anybody may ask for. A thread that needs
nearly a whole processor gives way, alone or with others on the same one, so that a flood of packets cannot
shut out the rest of the server.
"""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Collection, Mapping

from vtp import _rtp_fast

REAL_TIME_LEVEL = 1
HIGH_NICENESS = -10
SLICE_MS = 0.1
"""The shortest turn that Linux gives (from 6.12 on); its usual one is about 3 ms."""
GIVES_WAY_ABOVE = 0.85
PREFERRED_BELOW = 0.7
"""Of a processor; apart, so that a thread between them is not switched to and fro."""


class Precedence(enum.Enum):
    """What the system has granted."""

    REAL_TIME = "real-time priority"
    HIGH = "a high priority"
    SHORT_TURNS = "an ordinary priority and short turns"
    NONE = "an ordinary priority"


class MediaThread:
    """One media thread by its system id. All methods return at once and raise nothing."""

    def __init__(self, thread_id: int, cpus: Collection[int] = (), *, preferred: bool = True) -> None:
        self.precedence = Precedence.NONE
        self.cpus = frozenset(cpus or os.sched_getaffinity(thread_id))
        self._id = thread_id
        self._niceness = os.getpriority(os.PRIO_PROCESS, thread_id)  # that it goes by when it gives way
        self._preferred = preferred
        if cpus:
            os.sched_setaffinity(thread_id, cpus)
        if preferred:
            self._prefer()

    def adjust(self, busy: float) -> None:
        """Gives way while nearly all of a processor is needed, of which `busy` is the share."""
        if not self._preferred:
            return
        if self.precedence is Precedence.NONE and busy < PREFERRED_BELOW:
            self._prefer()
        elif self.precedence is not Precedence.NONE and busy > GIVES_WAY_ABOVE:
            self._give_way()

    def _prefer(self) -> None:
        if self._run_in_real_time():
            self.precedence = Precedence.REAL_TIME
            return
        self.precedence = Precedence.HIGH if self._raise_priority() else Precedence.SHORT_TURNS
        with contextlib.suppress(OSError):
            _rtp_fast.ask_for_slice(self._id, SLICE_MS)

    def _run_in_real_time(self) -> bool:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(self._id, os.SCHED_RR, os.sched_param(REAL_TIME_LEVEL))
            return True
        return False

    def _raise_priority(self) -> bool:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._id, HIGH_NICENESS)
            return True
        return False

    def _give_way(self) -> None:
        self.precedence = Precedence.NONE
        with contextlib.suppress(OSError):
            os.sched_setscheduler(self._id, os.SCHED_OTHER, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, self._id, self._niceness)


def adjust_together(threads: Mapping[MediaThread, float]) -> None:
    """Adjusts each by its share of a processor, or by the share that all on its processors need of them."""
    needed: dict[frozenset[int], float] = {}
    for thread, busy in threads.items():
        needed[thread.cpus] = needed.get(thread.cpus, 0.0) + busy
    for thread, busy in threads.items():
        thread.adjust(max(busy, needed[thread.cpus] / len(thread.cpus)))
