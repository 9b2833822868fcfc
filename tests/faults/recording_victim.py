"""A process that records real input at its real pace until somebody kills it.

    python -m tests.faults.recording_victim DIRECTORY

Prints a line for each part that it has written, so that the killer knows what must be there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.unit.recording_material import h264_units, opus_units
from tests.unit.recording_sources import prepared_source
from vtp.recording.index import Line, PartLine
from vtp.recording.recorder import Recorder

SECONDS = 20
SPEED = 4  # times real time, so that a hundred kills fit into minutes


class Told(Recorder):
    """A recorder that tells the killer of every part."""

    def _line_written(self, track: str, line: Line) -> None:
        super()._line_written(track, line)
        if isinstance(line, PartLine):
            print(track, line.msn, line.part, line.samples, flush=True)


def main() -> None:
    """Records until killed."""
    video, audio = h264_units(30 * SECONDS), opus_units(50 * SECONDS)
    begun = time.monotonic_ns()

    def now_ns() -> int:
        return begun + (time.monotonic_ns() - begun) * SPEED

    recorder = Told(Path(sys.argv[1]), "victim", now_ns=now_ns)
    recorder.add_source(prepared_source("video", video, now_ns, start_ns=begun)[0])
    recorder.add_source(prepared_source("audio", audio, now_ns, start_ns=begun)[0])
    recorder.run()


if __name__ == "__main__":
    main()
