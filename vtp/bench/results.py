"""What a benchmark leaves behind: the shape of its JSON, and how runs become one figure.

`vtp.bench.report` draws these, scripts read them; keys are only ever added. Each figure names its unit.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict


class Percentiles(TypedDict, total=False):
    """Milliseconds that 50, 95 and 99 of 100 stayed below; None where nothing was timed."""

    p50: float | None
    p95: float | None
    p99: float | None


class Spread(Percentiles, total=False):
    """With the longest of all."""

    max: float


class LoadFigures(TypedDict, total=False):
    """The load client's own part, so that nobody takes it for the server's."""

    cpu_us_per_packet: float
    cores: float
    busiest_thread: float
    """Share of one core that its busiest thread had; near 1 the client is what is measured."""
    late_bursts: int
    """Bursts that it sent more than 2 ms late."""
    dropped_here: int
    """Datagrams lost at its own sockets; they count as loss too."""


class LogFigures(TypedDict, total=False):
    """The log of what was watched, and its roll-ups."""

    events: int
    rows: dict[str, int]
    """By table."""
    bytes: int
    """Of these tables with their indexes; on SQLite of the whole file."""
    bytes_per_event: float
    of_table: dict[str, int]
    """Bytes; on PostgreSQL alone."""
    filled_s: float
    cpu_ms: dict[str, float]
    """Of the server for each report, whatever else the machine does."""


class IntakeFigures(TypedDict, total=False):
    """Players who say what happens in them."""

    events_per_s: float
    batches_per_s: float
    cpu_us_per_event: float
    """User and system time of the server over that of a window without them."""
    cpu_us_per_batch: float
    postgres_us_per_batch: float
    """The same of PostgreSQL's processes, where the rows are there; all that they spent in the window."""
    answer_ms: Percentiles
    """From when a batch was due to its answer."""
    failed: int
    added_p99_ms: float
    """What the class is delayed more at p99: the median over pairs of windows."""
    pairs_p99_ms: list[tuple[float | None, float | None]]
    """By pair: without and with players."""


class RecordingFigures(TypedDict, total=False):
    """Classes that are recorded, against the same without: windows in turn."""

    quiet_cores: float
    """Of the whole server while the same publishers send and nothing is recorded."""
    whole_cpu_pct: float
    """Of a core for each recording, with receiving what is recorded and all else that the server does."""
    turns_added_pct: list[float]
    """What each turn says of `cpu_pct_per_recording`."""
    added_p99_ms: float
    """What the lecture beside is delayed more at p99: the median over the turns."""
    turns_p99_ms: list[tuple[float, float]]
    """By turn: without and with recordings."""


class ReadFigures(TypedDict, total=False):
    """One kind of page, asked for again and again."""

    cpu_ms: float
    """Of the server for each answer; of the database only where that is within the server."""
    statements: float
    """Sent to the database for each answer, but for those that begin and end transactions; PostgreSQL alone
    tells. The server's upkeep beside is counted, too."""
    answer_kb: float


class Figures(TypedDict, total=False):
    """One server in one run, or the medians of its runs. A scenario fills in what it measures."""

    unavailable: str
    """Alone: why this server could not be measured, in a sentence."""
    failed_runs: int
    """Runs that gave no figures, where others did; absent without any."""
    failure: str
    """Why the last of them did not."""
    subscribers: int
    seconds: float
    packets: int
    packets_per_s: float
    cpu_us_per_packet: float
    """User and system time of all processes of the server, over the RTP packets that arrived."""
    cpu_user_us_per_packet: float
    cpu_system_us_per_packet: float
    media_thread_us_per_packet: float
    """The part of the server's busiest thread."""
    cores: float
    """Processor seconds per second."""
    loss_pct: float
    outstanding_pct: float
    """Sent within the window, and at its end neither there nor known as lost: the server fell behind."""
    lost: int
    recovered: int
    skipped: int
    reordered: int
    duplicated: int
    authenticated: int
    authentication_failed: int
    untimed: int
    """Packets whose delay is not known, such as those of another publisher than was asked for."""
    streams: int
    """That viewers received, all together (`meeting`)."""
    silent_streams: int
    """Of these, such as brought no packet within the window."""
    delay_ms: Percentiles
    """From the publisher's send call to the kernel's receive timestamp at the viewer."""
    first_packet_ms: Percentiles
    """From the POST (or join message) to the first RTP packet."""
    rss_kb_per_subscriber: float
    rss_mb: float
    rss_loaded_mb: float
    """The same with everybody connected."""
    load: LoadFigures
    join_cpu_ms: float
    """Of the server, per join, what the standing load takes already taken off."""
    joins: int
    cycles: int
    rss_growth_kb: float
    saturation: SaturationFigures
    log: LogFigures
    intake: IntakeFigures
    api: dict[str, Percentiles]
    """By operation, milliseconds."""
    reads: dict[str, ReadFigures]
    """Of the same operations (`courses`)."""
    requests_per_s: float
    saturated_requests_per_s: float
    """When every connection always has a request under way, and the load client's share in `load`."""
    connected_mb: float
    """Resident memory with all of `signalling` connected and in rooms."""
    signalling: int
    """People on Socket.IO."""
    failed: int
    logins: LoginFigures
    loop_delay_ms: Percentiles
    """How late the server's event loop ran a timer (upper bounds of a histogram's buckets)."""
    quiet_loop_delay_ms: Percentiles
    """The same beforehand, under the same lecture."""
    quiet_delay_ms: Percentiles
    loop: LoopFigures
    quiet_loop: LoopFigures
    made_ms: dict[str, Spread]
    """By what was revoked at one process: until that one has answered (`revocations`)."""
    refused_ms: dict[str, Spread]
    """From then on until another one has answered the last call that it still lets in."""
    cut_ms: dict[str, Spread]
    """The same until it has told the connection of Socket.IO that it is disconnected."""
    late: int
    """Revocations that took more than the two seconds that are promised."""
    hls: HlsFigures
    start_ms: float
    cpu_share_pct: float
    """Of one core."""
    recording: RecordingFigures
    cpu_pct_per_recording: float
    """Of a core: what recording adds, receiving taken off."""
    stop_to_playable_ms: float


class HlsFigures(TypedDict, total=False):
    """A class that is watched over HTTP."""

    requests_per_s: float
    """Of all viewers at the live edge."""
    mbit_per_s: float
    stalls: int
    """How often anybody's sound or picture stood still for want of a part."""
    stalled_viewers: int
    behind_ms: Percentiles
    """How long after the first follower of a playlist the others were answered."""
    part_kb: float
    parts_per_s: float
    """At saturation, and the processor's time of the server for each."""
    part_ms: Percentiles
    cpu_us_per_part: float
    client_cores: float
    """Of the load client at that."""


class LoginFigures(TypedDict):
    """What became of stolen passwords that were tried, and of people who signed in meanwhile."""

    tried: int
    addresses: int
    accounts: int
    by_status: dict[str, int]
    let_in: int
    """Of those tried, how many got in: those whose password was right and not yet throttled."""
    people: int
    """Whom nobody attacks, each on a device that is new to the account, and at an address of their own."""
    people_let_in: int
    people_ms: Percentiles
    known_devices: int
    """Owners of attacked accounts, on a device where they had signed in before, all at one address."""
    known_devices_let_in: int
    known_devices_ms: Percentiles


class LoopFigures(TypedDict):
    """How a server's event loop fared."""

    looks: int
    """How often a timer of it was timed."""
    late_pct: float
    """Of them, those that found it more than 5 ms late."""
    busy: float
    """Share of a processor that its thread had."""
    waited: float
    """Share of the time in which its thread could have run, and others had the processors."""


class SaturationFigures(TypedDict):
    """How many packets one core forwards."""

    packets_per_s_per_core: float
    how: str
    """"measured" at the first load that lost more than 0.1 %, else "derived" from CPU per packet."""
    limit: str
    """A sentence: what ended the climb."""
    steps: list[dict[str, Any]]


Variants: TypeAlias = dict[str, Figures]
"""A peer's figures by variant; a peer that cannot be had has `{"unavailable": sentence}` in their place."""


class Point(TypedDict, total=False):
    """All servers under one load."""

    subscribers: int
    vtp: Figures
    peers: dict[str, Any]
    """Name → Variants, or name → `{"unavailable": sentence}`."""
    ratios: dict[str, float]
    """vtp's CPU per packet (or cores) over that of "peer/variant"."""


class RawRun(TypedDict):
    """What one run of one server gave."""

    server: str
    variant: str
    run: int
    point: dict[str, Any]
    figures: Figures


class Machine(TypedDict):
    """Where it was measured."""

    processor: str
    cores: int
    memory_mb: int
    kernel: str
    system: str
    python: str
    openssl: str


class Results(Point, total=False):
    """The whole file: the last point's figures at the top level, all of them in `series`."""

    scenario: str
    command: str
    started_at: str
    """ISO 8601, UTC."""
    machine: Machine
    versions: dict[str, str]
    packet_bytes: list[int]
    """Smallest and largest RTP packet of video, header included, SRTP tag not."""
    pattern: dict[str, Any]
    """What a publisher sends, and a sentence on it under "text"."""
    settings: dict[str, str]
    """vtp's, where they differ from its defaults."""
    network: str
    """The link in a sentence."""
    series: list[Point]
    runs: list[RawRun]
    load: LoadFigures


def median_figures(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The median of each figure over runs of the same shape, in dicts within dicts too.

    A figure that a run lacks, or has as None, is left out of that figure's median; words and lists are the
    last run's. Raises ValueError for no runs.
    """
    if not runs:
        raise ValueError("There are no runs to take medians of.")
    keys = dict.fromkeys(key for run in runs for key in run)
    return {key: _median([run[key] for run in runs if run.get(key) is not None]) for key in keys}


def _median(values: Sequence[Any]) -> Any:
    if not values:
        return None
    if isinstance(values[0], Mapping):
        return median_figures(values)
    if isinstance(values[0], bool) or not isinstance(values[0], int | float):
        return values[-1]
    middle = statistics.median(values)
    whole = all(isinstance(value, int) for value in values) and middle == int(middle)
    return int(middle) if whole else round(middle, 4)


def percentiles(values: Sequence[float]) -> Percentiles:
    """Nearest-rank percentiles of measured values; None without any."""
    ordered = sorted(values)
    found: dict[str, float | None] = {}
    for share in (50, 95, 99):
        rank = max(1, -(-share * len(ordered) // 100))
        found[f"p{share}"] = round(ordered[rank - 1], 3) if ordered else None
    return Percentiles(p50=found.get("p50"), p95=found.get("p95"), p99=found.get("p99"))


def spread(values: Sequence[float]) -> Spread:
    """The same with the longest of all; raises ValueError without any."""
    found = percentiles(values)
    return Spread(p50=found["p50"], p95=found["p95"], p99=found["p99"], max=round(max(values), 3))
