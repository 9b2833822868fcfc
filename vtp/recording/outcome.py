"""How a recording ended, and what is said where it ended by an error."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from vtp.late_av import av
from vtp.recording.disk import DISK_FULL


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a recording ended; `failure` is a sentence when it did not end as asked, `code` a word for that."""

    duration_ns: int
    failure: str = ""
    code: str = ""


def failure_of(error: OSError | av.error.FFmpegError, thing: str) -> tuple[str, str]:
    """A sentence and a word for what ended a `thing`, a recording or a stream."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full, so the {thing} was ended; free some space.", DISK_FULL
    return f"The {thing} could not be written ({error.strerror or error}), so it was ended.", ""
