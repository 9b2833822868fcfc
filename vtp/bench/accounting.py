"""What processes cost: processor time and memory from /proc (proc(5)), and what machine it was on."""

from __future__ import annotations

import os
import platform
import ssl
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vtp import __version__
from vtp.bench.results import Machine

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_CPUCLOCK_SCHED = 2  # include/linux/posix-timers.h: the scheduler's own nanoseconds
_TIMES = slice(11, 13)  # utime and stime of stat, counted from behind the name


@dataclass(frozen=True)
class CpuTimes:
    """Processor seconds so far. The sum is the scheduler's, to the nanosecond; its parts are its estimate."""

    user_s: float = 0.0
    system_s: float = 0.0
    threads: dict[tuple[int, int, str], float] = field(default_factory=dict)
    """Seconds of each thread that runs now, by process, thread and name."""

    @property
    def total_s(self) -> float:
        return self.user_s + self.system_s

    @property
    def busiest_s(self) -> float:
        """Of the thread that used most; 0 without threads."""
        return max(self.threads.values(), default=0.0)

    def __sub__(self, earlier: CpuTimes) -> CpuTimes:
        """What was used in between."""
        threads = {key: used - earlier.threads.get(key, 0.0) for key, used in self.threads.items()}
        return CpuTimes(self.user_s - earlier.user_s, self.system_s - earlier.system_s, threads)


def cpu_times(pids: Iterable[int]) -> CpuTimes:
    """Of these processes together; those that have ended count nothing."""
    user_s = system_s = 0.0
    threads: dict[tuple[int, int, str], float] = {}
    for pid in pids:
        try:
            one_user_s, one_system_s = _process_times(pid)
            threads |= _thread_times(pid)
        except (OSError, ValueError):
            continue
        user_s += one_user_s
        system_s += one_system_s
    return CpuTimes(user_s, system_s, threads)


def _process_times(pid: int) -> tuple[float, float]:
    user, system = (int(ticks) for ticks in _stat_fields(Path(f"/proc/{pid}/stat"))[_TIMES])
    total_s = time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)
    system_s = total_s * system / (user + system) if user + system else 0.0
    return total_s - system_s, system_s


def _thread_times(pid: int) -> dict[tuple[int, int, str], float]:
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
            found[pid, int(task.name), name] = _thread_s(task)
        except OSError:
            continue  # it ended meanwhile
    return found


def _thread_s(task: Path) -> float:
    """The scheduler's nanoseconds where the kernel keeps them, else ticks."""
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return sum(int(ticks) for ticks in _stat_fields(task / "stat")[_TIMES]) / _TICKS_PER_S


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
