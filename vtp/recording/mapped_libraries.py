"""Which files of libraries this process has loaded: PyAV's wheel brings its own, under names of their own."""

from __future__ import annotations

from pathlib import Path


def mapped(name: str) -> list[str]:
    """Files whose names begin so that this process has loaded (proc(5), `maps`)."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    names = {line.split(maxsplit=5)[5] for line in lines if f"/{name}" in line}
    return sorted(one for one in names if Path(one).name.startswith(name))
