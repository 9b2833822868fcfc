"""A recorder that runs through a class of seconds in no time, in a thread of its own as the server's does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from vtp.recording.outcome import Outcome
from vtp.recording.recorder import Recorder
from vtp.recording.timebase import NS

MS = NS // 1000


class FastClock:
    """Runs 20 ms with each look, so that a class of seconds is over in no time; calls back at set times."""

    def __init__(self) -> None:
        self.now = NS
        self._alarms: list[tuple[int, Callable[[], None]]] = []

    def at(self, time_ns: int, callback: Callable[[], None]) -> None:
        """Calls back, in the recorder's thread, when that time has come."""
        self._alarms.append((time_ns, callback))

    def __call__(self) -> int:
        self.now += 20 * MS
        for alarm in [alarm for alarm in self._alarms if alarm[0] <= self.now]:
            self._alarms.remove(alarm)
            alarm[1]()
        return self.now


def run(recorder: Recorder) -> Outcome:
    """Runs it in a thread of its own, as the server does."""
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(recorder.run()))
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    return outcomes[0]
