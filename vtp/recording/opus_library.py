"""The libopus that PyAV brings, for who calls it without PyAV (`_opus.pyx`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from vtp.late_av import av
from vtp.recording import _opus

_USUAL_NAME = "libopus.so.0"


@cache
def load_libopus() -> None:
    """Loads it once for all. Raises RuntimeError where PyAV has none of its own and the system neither."""
    av.codec.Codec("libopus", "w")  # PyAV is there, and with it its libraries
    if not _opus.load([*_mapped(), _USUAL_NAME]):
        raise RuntimeError("PyAV has no libopus.so: install the wheel of it, or libopus.")


def _mapped() -> list[str]:
    """Files of that name that this process has loaded (proc(5), `maps`)."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    names = {line.split(maxsplit=5)[5] for line in lines if "/libopus" in line}
    return sorted(name for name in names if Path(name).name.startswith("libopus"))
