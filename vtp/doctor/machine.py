"""What the machine gives: processor, kernel, buffers, limits, real time, memory, codecs."""

from __future__ import annotations

import os
import platform
import resource
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vtp.doctor.finding import Finding, State, Topic
from vtp.doctor.running import REAL_TIME

FEW_FILES = 4096
LITTLE_MEMORY = 1_000_000_000
_UDP_SEGMENT = 103  # linux/udp.h
_SEGMENT = 1200
NEEDED_CODECS = {"aac": "w", "libopus": "r", "h264": "r"}
"""Of FFmpeg: what recordings are made with (`vtp/recording`)."""


def _finding(looked_at: str, state: State, meaning: str, cure: str = "") -> Finding:
    return Finding(Topic.MACHINE, looked_at, state, meaning, cure)


def read_cpu_flags(cpuinfo: str) -> frozenset[str]:
    """Of the first processor in /proc/cpuinfo (x86: flags, ARM: Features)."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def has_ipsec_mb() -> bool:
    """Whether the compiled packet path is linked with Intel's multi-buffer library."""
    from vtp import _rtp_fast  # noqa: F401 - loaded, so that it is in the map

    return "libIPSec_MB" in Path("/proc/self/maps").read_text()


def judge_cipher(flags: frozenset[str], ipsec_mb: bool, architecture: str) -> Finding:
    """What encrypting each packet costs."""
    shown = "Encryption by the processor"
    if "aes" not in flags:
        return _finding(
            shown,
            State.NOTE,
            "The processor has no AES instructions, so each packet costs several times as much: for small "
            "classes only.",
            "In a virtual machine choose the host's processor type (libvirt: host-passthrough)",
        )
    if not ipsec_mb and architecture == "x86_64":
        return _finding(
            shown,
            State.NOTE,
            "AES instructions are there; with Intel's multi-buffer library encryption would cost a third.",
            "apt-get install libipsec-mb-dev, then: make build",
        )
    return _finding(shown, State.GOOD, "AES instructions and their library are used.")


def can_segment() -> bool:
    """Whether the kernel cuts one message into datagrams (UDP_SEGMENT): tried on loopback."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
    ):
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(1.0)
        try:
            ancillary = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", _SEGMENT))]
            mouth.sendmsg([bytes(2 * _SEGMENT)], ancillary, 0, ear.getsockname())
            return [len(ear.recv(4096)) for _ in range(2)] == [_SEGMENT, _SEGMENT]
        except OSError:
            return False


def judge_segmentation(works: bool, release: str) -> Finding:
    """UDP segmentation offload."""
    shown = "Sending in runs (UDP_SEGMENT)"
    if works:
        return _finding(shown, State.GOOD, "Several packets leave by one call to the kernel.")
    return _finding(
        shown,
        State.NOTE,
        f"The kernel ({release}) sends each packet by itself, which costs about twice as much.",
        "Use Linux 4.18 or later, outside sandboxes such as gVisor",
    )


def judge_buffers(asked: tuple[int, int], granted: tuple[int, int]) -> Finding:
    """Kernel buffers of the media sockets: (receive, send) in bytes."""
    shown = "Kernel buffers of the media port"
    if all(has >= wanted for has, wanted in zip(granted, asked, strict=True)):
        return _finding(shown, State.GOOD, f"{granted[0]:,} bytes for receiving, {granted[1]:,} for sending.")
    return _finding(
        shown,
        State.NOTE,
        f"The kernel gives {granted[0]:,} and {granted[1]:,} bytes of the {asked[0]:,} and {asked[1]:,} "
        f"asked for: with many "
        "viewers packets are lost in bursts.",
        f"sysctl -w net.core.rmem_max={asked[0]} net.core.wmem_max={asked[1]} (and in "
        f"/etc/sysctl.d/vtp.conf)",
    )


def judge_open_files(limit: int) -> Finding:
    """RLIMIT_NOFILE, the soft one."""
    shown = "Open files"
    if limit == resource.RLIM_INFINITY or limit >= FEW_FILES:
        return _finding(shown, State.GOOD, "There is room for thousands of connections.")
    return _finding(
        shown,
        State.NOTE if limit >= 1024 else State.WRONG,
        f"The limit is {limit}, and every connection takes one: about {max(0, limit - 100)} people fit.",
        "LimitNOFILE=65536 in the systemd unit (contrib/vtp.service), or: ulimit -n 65536",
    )


def may_run_in_real_time() -> bool:
    """Tries it with this thread, and goes back."""
    policy, level = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, policy, level)
    return True


def judge_real_time(precedences: Sequence[str], permitted: bool, *, wanted: bool) -> Finding:
    """`precedences`: of the running server's media threads; `permitted`: what this process may."""
    shown = "Packets before everything else"
    if not wanted:
        return _finding(shown, State.GOOD, 'media.priority = "normal" asks for nothing.')
    threads = [one for one in precedences if one]
    if all(one == REAL_TIME for one in threads) if threads else permitted:
        return _finding(shown, State.GOOD, "Media threads run in real time.")
    has = threads[0] if threads else "no real time"
    return _finding(
        shown,
        State.NOTE,
        f"Media threads get {has}: beside other busy programs packets come late.",
        "LimitRTPRIO=1 in the systemd unit (contrib/vtp.service), or ulimits rtprio: 1 in compose.yaml",
    )


@dataclass(frozen=True, slots=True)
class Size:
    """Processors that this process may use, and bytes of memory in all and available to it."""

    processors: float
    memory: int
    available: int


def read_size(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> Size:
    """From the system, and from the container's limits where there are any (cgroup v2)."""
    lines = (proc / "meminfo").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    total, available = kib["MemTotal"] * 1024, kib["MemAvailable"] * 1024
    limit = _read_limit(cgroup / "memory.max")
    if limit and limit[0].isdigit() and int(limit[0]) < total:
        used = _read_limit(cgroup / "memory.current")
        total = int(limit[0])
        available = min(available, total - int(used[0])) if used else available
    processors = float(len(os.sched_getaffinity(0)))
    share = _read_limit(cgroup / "cpu.max")
    if len(share) == 2 and share[0].isdigit():
        processors = min(processors, int(share[0]) / int(share[1]))
    return Size(processors, total, available)


def _read_limit(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def judge_size(size: Size, workers: int) -> list[Finding]:
    """Memory and processors."""
    gigabytes = f"{size.available / 1e9:.1f} of {size.memory / 1e9:.1f} GB of memory are free"
    memory = _finding("Memory", State.GOOD, f"{gigabytes}.")
    if size.available < LITTLE_MEMORY:
        memory = _finding(
            "Memory",
            State.NOTE,
            f"Only {gigabytes}: enough for small classes.",
            "Give the machine 2 GB or more",
        )
    shown = f"{size.processors:g} processor{'s' if size.processors != 1 else ''}"
    if workers > max(1.0, size.processors):
        processors = _finding(
            "Processors",
            State.NOTE,
            f"media.workers is {workers}, and there are {shown}: media threads wait for each other.",
            f"VTP_MEDIA__WORKERS={max(1, int(size.processors) - 1)}",
        )
    else:
        processors = _finding("Processors", State.GOOD, f"{shown}, kernel {platform.release()}.")
    return [memory, processors]


def find_codecs() -> Mapping[str, bool]:
    """Which of the codecs that recordings need this FFmpeg has."""
    import av

    found: dict[str, bool] = {}
    for name, mode in NEEDED_CODECS.items():
        try:
            av.CodecContext.create(name, mode)  # type: ignore[call-overload]
            found[name] = True
        except (ValueError, av.error.FFmpegError):
            found[name] = False
    return found


def judge_codecs(found: Mapping[str, bool]) -> Finding:
    """FFmpeg within PyAV."""
    shown = "Codecs for recordings (FFmpeg in PyAV)"
    missing = [name for name, there in found.items() if not there]
    if not missing:
        return _finding(shown, State.GOOD, f"{', '.join(found)} are there.")
    return _finding(
        shown,
        State.WRONG,
        f"{', '.join(missing)} is missing, so recordings fail.",
        ".venv/bin/pip install --force-reinstall --require-hashes -r requirements/base.lock (PyAV's own "
        "wheel has them)",
    )


def read_clock() -> bool | None:
    """Whether the kernel's clock is kept right from outside (adjtimex(2)); None where that is not told."""
    import ctypes

    buffer = ctypes.create_string_buffer(256)  # struct timex, modes = 0: reads only
    state: int = ctypes.CDLL(None).adjtimex(buffer)
    return None if state < 0 else state != 5  # TIME_ERROR


def judge_clock(kept: bool | None) -> Finding:
    """The machine's own clock."""
    shown = "This machine's clock"
    if kept:
        return Finding(Topic.WEB, shown, State.GOOD, "It is kept right from outside (NTP).")
    if kept is None:
        return Finding(Topic.WEB, shown, State.SKIPPED, "The kernel does not tell whether it is kept right.")
    return Finding(
        Topic.WEB,
        shown,
        State.NOTE,
        "Nothing keeps it right: once it is minutes off, certificates and sign-ins fail.",
        "timedatectl set-ntp true, or: apt-get install chrony",
    )
