"""Which figures a report shows of each scenario, under which names, and how a number is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One figure: where it stands in `results.Figures` (dots lead into dicts), its name, its unit."""

    path: str
    name: str
    unit: str
    note: str = ""


CPU = Measure(
    "cpu_us_per_packet",
    "Processor time per forwarded packet",
    "µs",
    "User and system time of all processes of the server, over the RTP packets that reached viewers.",
)
DELAY = tuple(
    Measure(f"delay_ms.{key}", f"Delay added, {text}", "ms", note)
    for key, text, note in (
        ("p50", "median", "From the publisher's send call to the viewer's kernel, both on this machine."),
        ("p95", "95th percentile", ""),
        ("p99", "99th percentile", ""),
    )
)
MEMORY = Measure(
    "rss_kb_per_subscriber",
    "Memory per subscriber",
    "KB",
    "Growth of resident memory, once handshakes have settled, by subscriber.",
)
LOSS = Measure(
    "loss_pct", "Packets lost", "%", "Packets that never reached a viewer, by all that should have."
)

BEHIND = Measure("outstanding_pct", "Not yet come at the end", "%")

MEASURES: dict[str, tuple[Measure, ...]] = {
    "forward": (CPU, *DELAY, MEMORY, LOSS),
    "saturate": (Measure("packets_per_s", "Packets forwarded", "/s"), CPU, DELAY[0], DELAY[2], LOSS),
    "meeting": (Measure("cores", "Processor cores in use", "cores"), CPU, *DELAY, LOSS),
    "join": (
        Measure("first_packet_ms.p50", "Joining to first packet, median", "ms", "From the POST on."),
        Measure("first_packet_ms.p95", "Joining to first packet, 95th percentile", "ms"),
        Measure("join_cpu_ms", "The server's processor time per join", "ms"),
        Measure("rss_growth_kb", "Memory kept after all joins and leaves", "KB"),
    ),
    "idle": (
        Measure("cpu_share_pct", "Processor share of an idle load", "% of a core"),
        Measure("rss_mb", "Memory of the idle process", "MB"),
        Measure("rss_loaded_mb", "Memory with everybody connected", "MB"),
        Measure("start_ms", "Start to ready", "ms"),
    ),
    "record": (
        Measure("cpu_pct_per_recording", "Processor share that one recording adds", "% of a core"),
        Measure("recording.whole_cpu_pct", "The same with receiving what is recorded", "% of a core"),
        Measure("recording.added_p99_ms", "A lecture beside delayed more, 99th percentile", "ms"),
        Measure("stop_to_playable_ms", "Stop pressed to playable", "ms"),
    ),
    "hls": (
        Measure("hls.parts_per_s", "Parts given at saturation", "per second"),
        Measure("hls.cpu_us_per_part", "Processor time for a part", "µs"),
        Measure("hls.behind_ms.p99", "Followers answered after the first, 99 of 100 within", "ms"),
        Measure("hls.stalls", "Stalls of all viewers", "in all"),
    ),
    "api": (
        *(
            Measure(f"api.{name}.p95", f"{title}, 95 of 100 within", "ms")
            for name, title in (
                ("register", "Registering, one at a time"),
                ("login", "Signing in, one at a time"),
                ("refresh", "Renewing a session"),
                ("profile", "Reading one's profile"),
                ("recordings", "Listing recordings"),
                ("courses", "Listing courses"),
                ("course_create", "Making a course"),
                ("course_update", "Changing a course"),
                ("course_stats", "Statistics of a course"),
            )
        ),
        Measure("saturated_requests_per_s", "Requests answered at saturation", "per second"),
        Measure("connected_mb", "Memory with everybody on Socket.IO", "MB"),
    ),
    "courses": tuple(
        Measure(f"api.{name}.p95", f"{title}, 95 of 100 within", "ms")
        for name, title in (
            ("grade book, 50", "The grade book, 50 students"),
            ("roster, 50", "Who is to hand in"),
            ("submissions, 50", "What was handed in"),
            ("home", "A student's home"),
            ("home, teacher", "A teacher's home"),
            ("calendar", "A student's calendar"),
        )
    ),
    "stuffing": (
        Measure("loop_delay_ms.p99", "Event loop late, 99 of 100 within", "ms"),
        Measure("quiet_loop_delay_ms.p99", "The same before the attack", "ms"),
        Measure("loop.late_pct", "Event loop more than 5 ms late", "%"),
        Measure("quiet_loop.late_pct", "The same before the attack", "%"),
        Measure("loop.waited", "Time in which the loop waited for a processor", "of 1"),
        Measure("quiet_loop.waited", "The same before the attack", "of 1"),
        Measure("delay_ms.p99", "The lecture's packets delayed, 99th percentile", "ms"),
        Measure("quiet_delay_ms.p99", "The same before the attack", "ms"),
        Measure("loss_pct", "The lecture's packets lost", "%"),
        Measure("logins.people_ms.p95", "People signing in on new devices, 95 of 100 within", "ms"),
        Measure("logins.known_devices_ms.p95", "Owners on known devices, 95 of 100 within", "ms"),
    ),
    "revocations": (
        Measure("refused_ms.all.p50", "Still let in elsewhere, median", "ms", "From the first's answer on."),
        Measure("refused_ms.all.max", "Still let in elsewhere, longest", "ms"),
        Measure("cut_ms.all.p50", "Disconnected elsewhere, median", "ms"),
        Measure("cut_ms.all.max", "Disconnected elsewhere, longest", "ms"),
    ),
}
FURTHER: tuple[Measure, ...] = (
    Measure("packets_per_s", "Packets forwarded", "per second"),
    Measure("cpu_user_us_per_packet", "of it user", "µs"),
    Measure("cpu_system_us_per_packet", "of it system", "µs"),
    Measure("media_thread_us_per_packet", "of it busiest thread", "µs"),
    Measure("cores", "Processor cores in use", "cores"),
    Measure("rss_mb", "Resident memory", "MB"),
    BEHIND,
    Measure("reordered", "Reordered", "packets"),
    Measure("duplicated", "Duplicated", "packets"),
    Measure("authenticated", "Authenticated sample", "packets"),
    Measure("authentication_failed", "of it failed", "packets"),
    Measure("joins", "Joins", "in all"),
    Measure("failed", "of them, or of the requests, failed", "in all"),
    Measure("load.cpu_us_per_packet", "Load client's own time per packet", "µs"),
    Measure("load.busiest_thread", "Load client's busiest thread", "of a core"),
)
"""For the table of all figures; they have no chart."""


def value_of(figures: Mapping[str, Any], path: str) -> float | None:
    """The number at a path, None where there is none."""
    found: Any = figures
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return None if isinstance(found, bool) or not isinstance(found, int | float) else float(found)


def write_number(value: float) -> str:
    """Three significant digits, thousands apart by thin spaces."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\u2009")
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    if abs(value) < 0.01:
        return f"{value:.4f}"
    return f"{value:.{digits}f}"
