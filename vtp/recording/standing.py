"""How far somebody is with a recording, and from how much on it is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vtp.recording.progress_store import Begun, Progress
from vtp.recording.store import Recording
from vtp.recording.watching import COMPLETE_PER_MILLE, Refused


@dataclass(frozen=True, slots=True)
class Standing:
    """`progress`: None when they have not begun, and in short in a list; `complete_from`: thousandths;
    `refused`: of the report that this answers."""

    recording: Recording
    progress: Progress | Begun | None
    complete_from: int = COMPLETE_PER_MILLE
    refused: Sequence[Refused] = ()
