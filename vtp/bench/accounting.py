"""What processes cost: processor time and memory from /proc (proc(5)), and what machine it was on."""

from __future__ import annotations

import contextlib
import os
import platform
import ssl
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from vtp import __version__
from vtp.bench.results import Machine

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_CPUCLOCK_SCHED = 2  # include/linux/posix-timers.h: the scheduler's own nanoseconds
_TIMES = slice(11, 13)  # utime and stime of stat, counted from behind the name


Thread: TypeAlias = tuple[int, int, str]
"""Process, thread and the thread's name."""


@dataclass(frozen=True)
class CpuTimes:
    """Processor seconds so far: their sum from the scheduler, to the nanosecond, their parts from ticks.

    What ticks say of a thread that works in short bursts is a guess, and its history weighs in it.
    """

    total_s: float = 0.0
    user_ticks_s: float = 0.0
    system_ticks_s: float = 0.0
    threads: dict[Thread, float] = field(default_factory=dict)
    """Seconds of each thread that runs now."""

    @property
    def user_s(self) -> float:
        """The part of the total that ticks call user time; all of it without any tick."""
        ticks_s = self.user_ticks_s + self.system_ticks_s
        return self.total_s * self.user_ticks_s / ticks_s if ticks_s else self.total_s

    @property
    def system_s(self) -> float:
        return self.total_s - self.user_s

    @property
    def busiest_s(self) -> float:
        """Of the thread that used most; 0 without threads."""
        return max(self.threads.values(), default=0.0)

    def __sub__(self, earlier: CpuTimes) -> CpuTimes:
        """What was used in between."""
        return CpuTimes(
            self.total_s - earlier.total_s,
            max(0.0, self.user_ticks_s - earlier.user_ticks_s),  # less when a thread has ended
            max(0.0, self.system_ticks_s - earlier.system_ticks_s),
            {key: used - earlier.threads.get(key, 0.0) for key, used in self.threads.items()},
        )

    def __add__(self, other: CpuTimes) -> CpuTimes:
        """Of both together."""
        return CpuTimes(
            self.total_s + other.total_s,
            self.user_ticks_s + other.user_ticks_s,
            self.system_ticks_s + other.system_ticks_s,
            self.threads | other.threads,
        )


def cpu_times(pids: Iterable[int]) -> CpuTimes:
    """Of these processes together; those that have ended count nothing."""
    times = CpuTimes()
    for pid in pids:
        with contextlib.suppress(OSError):
            times += _process_times(pid)
    return times


def _process_times(pid: int) -> CpuTimes:
    times = CpuTimes(time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED))
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile
            times += _thread_times(pid, task)
    return times


def _thread_times(pid: int, task: Path) -> CpuTimes:
    """Without a total, which the process has; its seconds from the scheduler where that tells, else ticks."""
    user_s, system_s = (int(ticks) / _TICKS_PER_S for ticks in _stat_fields(task / "stat")[_TIMES])
    name = (task / "comm").read_text().strip()
    try:
        used_s = int((task / "schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        used_s = user_s + system_s
    return CpuTimes(0.0, user_s, system_s, {(pid, int(task.name), name): used_s})


@dataclass(frozen=True)
class ThreadTurns:
    """What the scheduler has given a thread since it began, at a moment (seconds)."""

    at_s: float
    ran_s: float
    waited_s: float
    """In which it could have run, and others had the processors."""

    def __sub__(self, earlier: ThreadTurns) -> ThreadTurns:
        """In between."""
        return ThreadTurns(
            self.at_s - earlier.at_s, self.ran_s - earlier.ran_s, self.waited_s - earlier.waited_s
        )


def thread_turns(thread_id: int) -> ThreadTurns:
    """Of a thread, a process's first by the process's number. Raises OSError: it has ended, or the kernel
    keeps no such account.
    """
    ran_ns, waited_ns, _ = Path(f"/proc/{thread_id}/task/{thread_id}/schedstat").read_text().split()
    return ThreadTurns(time.monotonic(), int(ran_ns) / 1e9, int(waited_ns) / 1e9)


def _stat_fields(path: Path) -> list[str]:
    """Those behind the name, which may hold blanks and brackets."""
    return path.read_text().rpartition(")")[2].split()


def resident_kb(pids: Iterable[int]) -> int:
    """Resident memory of these processes together, in KB; those that have ended count nothing."""
    return sum(_resident_kb(pid) for pid in pids)


def _resident_kb(pid: int) -> int:
    """Exact from smaps_rollup: status and statm lag behind by some pages per thread."""
    for name, key in (("smaps_rollup", "Rss:"), ("status", "VmRSS:")):
        try:
            lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(key):
                return int(line.split()[1])
    return 0


def with_children(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


def machine_facts() -> Machine:
    """What a reader must know of this machine to judge a figure."""
    return Machine(
        processor=_first_value(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_mb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        kernel=platform.release(),
        system=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION,
    )


def _first_value(path: Path, key: str) -> str:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def vtp_version() -> str:
    """vtp's version, with the commit where it runs from a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return __version__
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return __version__
    commit = done.stdout.strip()
    return f"{__version__} ({commit})" if commit else __version__
