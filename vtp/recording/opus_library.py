"""The libopus that PyAV brings, for who calls it without PyAV (`_opus.pyx`)."""

from __future__ import annotations

from functools import cache

from vtp.late_av import av
from vtp.recording import _opus
from vtp.recording.mapped_libraries import mapped

_USUAL_NAME = "libopus.so.0"


@cache
def load_libopus() -> None:
    """Loads it once for all. Raises RuntimeError where PyAV has none of its own and the system neither."""
    av.codec.Codec("libopus", "w")  # PyAV is there, and with it its libraries
    if not _opus.load([*mapped("libopus"), _USUAL_NAME]):
        raise RuntimeError("PyAV has no libopus.so: install the wheel of it, or libopus.")
