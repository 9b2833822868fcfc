"""`vtp bench`: measures vtp, and other servers under the same load."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from vtp.bench.lecture_clip import ENCODERS, ClipFormat, write_clip
from vtp.bench.results import Results
from vtp.bench.scenarios.analytics import Analytics
from vtp.bench.scenarios.api import Api
from vtp.bench.scenarios.course_reads import CourseReads
from vtp.bench.scenarios.forward import Forward
from vtp.bench.scenarios.hls import Hls
from vtp.bench.scenarios.idle import Idle
from vtp.bench.scenarios.intake import Intake
from vtp.bench.scenarios.join import Join
from vtp.bench.scenarios.meeting import Meeting
from vtp.bench.scenarios.record import Record
from vtp.bench.scenarios.revocations import Revocations
from vtp.bench.scenarios.runner import Plan, Scenario, run_plan
from vtp.bench.scenarios.saturate import Saturate
from vtp.bench.scenarios.stuffing import Stuffing
from vtp.bench.scenarios.watched_school import School
from vtp.bench.tables import print_results
from vtp.cli.bench_link import link
from vtp.cli.bench_network import network
from vtp.cli.bench_words import counts_of, databases_of, rate_of, settings_of
from vtp.errors import StartupError

CLIP_S = 10.0
CLIP_GRAIN = 6
WATCHED = {"sqlite": 10, "postgresql": 100}
"""Recordings, by what the rows are in: a million events and ten million."""
_REPORT = "vtp.bench.report"

Runs = Annotated[
    int, typer.Option(min=1, max=100, help="How often each server is measured; medians are given.")
]
Seconds = Annotated[float, typer.Option(min=0.5, max=600, help="Length of a measuring window.")]
Peers = Annotated[
    list[str] | None,
    typer.Option("--peer", help="Another server under the same load: janus, livekit, galene."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the results there.", dir_okay=False)]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write a page of HTML there.", dir_okay=False)
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="VTP_NAME=VALUE", help="A setting of the measured vtp.")
]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Measure vtp, and other servers under the same load, in a network of its own.",
)


@app.callback()
def _root() -> None:
    """Holds for all scenarios: SIGTERM and a closed terminal end servers and folders as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, _leave)


def _leave(number: int, _: object) -> None:
    raise SystemExit(128 + number)


@app.command()
def forward(
    subscribers: Annotated[str, typer.Option(help="How many watch the lecture: N or N,N,...")] = "50,200",
    gather: Annotated[
        float, typer.Option(min=0, max=20, help="Milliseconds that vtp gathers packets for; 0: none.")
    ] = 0,
    saturate: Annotated[
        bool, typer.Option("--saturate", help="Add lectures until packets are lost.")
    ] = False,
    with_api: Annotated[
        float,
        typer.Option(min=0, max=10_000, help="API requests a second beside it; vtp alone."),
    ] = 0,
    recordings: Annotated[
        int | None,
        typer.Option(
            min=0, max=100, help="Classes recorded beside it; vtp alone.", show_default="0, with --with-api 2"
        ),
    ] = None,
    memory: Annotated[bool, typer.Option(help="Also wait for memory to settle, a minute a run.")] = True,
    runs: Runs = 3,
    seconds: Seconds = 10,
    peer: Peers = None,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """One lecture to many: CPU per packet, delay, loss, memory per subscriber."""
    counts = counts_of(subscribers)
    recorded = (2 if with_api else 0) if recordings is None else recordings
    if (with_api or recorded) and (peer or saturate):
        raise StartupError(
            "--with-api and --recordings are about vtp alone: leave --peer and --saturate out."
        )
    more = {"VTP_MEDIA__GATHER_MS": f"{gather:g}"} if gather else {}
    with _clip(None) if recorded else contextlib.nullcontext() as clip:
        points: list[Scenario] = []
        for count in counts:
            one = Forward(count, seconds, memory=memory, api_rate=with_api, recordings=recorded, clip=clip)
            points.append(Saturate(count, seconds) if saturate else one)
        _run("forward", points, runs, peer, {**settings_of(settings), **more}, json_file, report)


@app.command()
def meeting(
    participants: Annotated[int, typer.Option(min=2, max=200, help="How many take part; all send.")] = 30,
    visible: Annotated[int, typer.Option(min=0, help="How many of the others each sees; all are heard.")] = 9,
    runs: Runs = 3,
    seconds: Seconds = 10,
    peer: Peers = None,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Everybody sends, sees some and hears all: cores, CPU per packet, delay."""
    _run(
        "meeting",
        [Meeting(participants, visible, seconds)],
        runs,
        peer,
        settings_of(settings),
        json_file,
        report,
    )


@app.command()
def join(
    rate: Annotated[float, typer.Option(min=0.1, max=500, help="Joins a second.")] = 20,
    standing: Annotated[int, typer.Option(min=1, max=5000, help="Viewers who are there all the time.")] = 10,
    cycles: Annotated[
        int, typer.Option(min=0, help="Joins and leaves afterwards, for the growth of memory.")
    ] = 0,
    runs: Runs = 3,
    seconds: Seconds = 10,
    peer: Peers = None,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """People come into a running lecture: time to the first packet, CPU per join."""
    points = [Join(rate, seconds, standing, cycles)]
    _run("join", points, runs, peer, settings_of(settings), json_file, report)


@app.command()
def idle(
    rooms: Annotated[int, typer.Option(min=1, help="Rooms that exist.")] = 1000,
    transports: Annotated[int, typer.Option(min=1, help="Connected transports, at least.")] = 1000,
    consumers: Annotated[
        int, typer.Option(min=0, help="Consumers without media, two to a transport.")
    ] = 5000,
    runs: Runs = 3,
    seconds: Seconds = 10,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Nothing goes on: share of a core with people connected; memory and start of an empty server."""
    points = [Idle(rooms, transports, consumers, seconds)]
    _run("idle", points, runs, None, settings_of(settings), json_file, report)


@app.command()
def record(
    pairs: Annotated[int, typer.Option(min=1, max=100, help="Recordings at once.")] = 4,
    clip: Annotated[
        Path | None, typer.Option(help="Picture and Opus; a 720p lecture is made when left out.")
    ] = None,
    codec: Annotated[str, typer.Option(help=f"Of the lecture that is made: {', '.join(ENCODERS)}.")] = "h264",
    subscribers: Annotated[int, typer.Option(min=0, max=5000, help="How many watch a lecture beside.")] = 0,
    turns: Annotated[int, typer.Option(min=1, max=50, help="Windows without and with recordings.")] = 2,
    runs: Runs = 3,
    seconds: Seconds = 10,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Classes are recorded: CPU that adds, what it delays a lecture, time from Stop to playable."""
    with _clip(clip, codec) as found:
        points = [Record(found, pairs, seconds, turns, subscribers)]
        _run("record", points, runs, None, settings_of(settings), json_file, report)


@app.command()
def hls(
    viewers: Annotated[int, typer.Option(min=1, max=20_000, help="Viewers at the live edge.")] = 1000,
    clip: Annotated[
        Path | None, typer.Option(help="H.264 and Opus; a 720p lecture is made when left out.")
    ] = None,
    runs: Runs = 1,
    seconds: Seconds = 20,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """A class is watched over HTTP: stalls at the live edge, parts a second, CPU per part."""
    with _clip(clip) as found:
        _run("hls", [Hls(found, viewers, seconds)], runs, None, settings_of(settings), json_file, report)


@app.command()
def api(
    rate: Annotated[
        float, typer.Option(min=1, max=10_000, help="Requests a second, however long answers take.")
    ] = 200,
    connections: Annotated[int, typer.Option(min=1, help="Connections at most.")] = 50,
    database: Annotated[
        str, typer.Option(help="sqlite, postgresql (of Debian's package), or both with a comma.")
    ] = "sqlite,postgresql",
    signalling: Annotated[
        int, typer.Option(min=0, max=20_000, help="People on Socket.IO at the end, for their memory.")
    ] = 1000,
    runs: Runs = 3,
    seconds: Seconds = 10,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Requests at a rate: what each kind takes, how many there could be, memory of a thousand connections."""
    points = [Api(rate, connections, seconds, one, signalling) for one in databases_of(database)]
    _run("api", points, runs, None, settings_of(settings), json_file, report)


@app.command()
def courses(
    calls: Annotated[int, typer.Option(min=2, help="How often each page is asked for.")] = 40,
    database: Annotated[
        str, typer.Option(help="sqlite, postgresql (of Debian's package), or both with a comma.")
    ] = "sqlite,postgresql",
    runs: Runs = 1,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """A term's worth of data: what each page of a course reads, its statements, its processor time."""
    points = [CourseReads(calls, one) for one in databases_of(database)]
    _run("courses", points, runs, None, settings_of(settings), json_file, report)


@app.command()
def analytics(
    recordings: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="How many are watched.", show_default="sqlite 10, postgresql 100"),
    ] = None,
    events: Annotated[int, typer.Option(min=1000, help="Rows of the log of each recording.")] = 100_000,
    viewers: Annotated[int, typer.Option(min=1, max=10_000, help="Of each recording.")] = 200,
    calls: Annotated[int, typer.Option(min=2, help="How often each report is asked for.")] = 40,
    database: Annotated[
        str, typer.Option(help="sqlite, postgresql (of Debian's package), or both with a comma.")
    ] = "sqlite,postgresql",
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Millions of events of what was watched: what each report takes, how many bytes an event is."""
    points = [
        Analytics(School(recordings or WATCHED[one], events, viewers), calls, one)
        for one in databases_of(database)
    ]
    _run("analytics", points, 1, None, settings_of(settings), json_file, report)


@app.command()
def intake(
    batch: Annotated[str, typer.Option(help="Events of a batch: N or N,N,...")] = "2,10,100",
    rate: Annotated[
        float, typer.Option(min=0, max=100_000, help="Events a second; 0: as many as are answered.")
    ] = 0,
    connections: Annotated[int, typer.Option(min=1, max=5000, help="Connections at most.")] = 50,
    people: Annotated[int, typer.Option(min=1, max=5000, help="Students whose players these are.")] = 100,
    subscribers: Annotated[int, typer.Option(min=1, max=5000, help="Who watch a lecture meanwhile.")] = 50,
    pairs: Annotated[int, typer.Option(min=1, max=100, help="Windows without and with them, by turns.")] = 3,
    database: Annotated[
        str, typer.Option(help="sqlite, postgresql (of Debian's package), or both with a comma.")
    ] = "sqlite,postgresql",
    seconds: Seconds = 10,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Players say what happens in them while a class runs: events a second, CPU of each, its delay."""
    points = [
        Intake(size, rate, connections, people, subscribers, pairs, seconds, one)
        for one in databases_of(database)
        for size in counts_of(batch, "--batch")
    ]
    _run("intake", points, 1, None, settings_of(settings), json_file, report)


@app.command()
def stuffing(
    logins: Annotated[int, typer.Option(min=10, max=1_000_000, help="Stolen passwords tried.")] = 10_000,
    addresses: Annotated[int, typer.Option(min=1, max=60_000, help="From so many addresses.")] = 100,
    accounts: Annotated[int, typer.Option(min=1, max=10_000, help="Over so many accounts.")] = 50,
    rate: Annotated[float, typer.Option(min=1, max=10_000, help="Tries a second.")] = 400,
    subscribers: Annotated[int, typer.Option(min=1, max=5000, help="Who watch a lecture meanwhile.")] = 50,
    runs: Runs = 1,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Stolen passwords are tried while people sign in and a lecture runs: who gets in, what is delayed."""
    points = [Stuffing(logins, addresses, accounts, rate, subscribers)]
    _run("stuffing", points, runs, None, settings_of(settings), json_file, report)


@app.command()
def revocations(
    count: Annotated[int, typer.Option(min=4, max=10_000, help="How many are made.")] = 100,
    rate: Annotated[
        str, typer.Option(help="Requests a second beside them: N or N,N,...; 0: none.")
    ] = "0,100",
    database: Annotated[
        str, typer.Option(help="sqlite, postgresql (of Debian's package), or both with a comma.")
    ] = "sqlite,postgresql",
    runs: Runs = 1,
    settings: Settings = None,
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Rights are taken at one of two processes on a database: how long until the other one refuses."""
    rates = [rate_of(part) for part in rate.split(",")]
    points = [Revocations(count, one, rate_) for one in databases_of(database) for rate_ in rates]
    _run("revocations", points, runs, None, settings_of(settings), json_file, report)


app.command()(link)
app.command()(network)


def _run(
    name: str,
    points: Sequence[Scenario],
    runs: int,
    peers: list[str] | None,
    settings: Mapping[str, str],
    json_file: Path | None,
    report: Path | None,
) -> None:
    """Runs, prints, writes."""
    if report is not None:
        _check_report()
    _check_writable(json_file, report)
    progress = Console(stderr=True, markup=False)  # a peer's last words have square brackets
    command = shlex.join(["vtp", *sys.argv[1:]])
    plan = Plan(
        name,
        command,
        points,
        runs,
        list(dict.fromkeys(peers or [])),
        settings,
        lambda line: progress.print(f"{line} …"),
    )
    results = run_plan(plan)
    try:
        _write(results, json_file, report)  # first: the terminal may be gone by now
    finally:
        print_results(results, Console(markup=False))


@app.command("report")
def write_page(
    files: Annotated[list[Path], typer.Argument(help="Files that --json wrote.", metavar="FILE.json")],
    report: Annotated[Path, typer.Option("--report", help="Where to write the page.", dir_okay=False)],
) -> None:
    """One page of charts from the results of several benchmarks."""
    _check_report()
    _check_writable(*files, report, written=[report])
    found = [_read(file) for file in files]
    _try_each(files, found)
    try:
        import_module(_REPORT).write_report({"scenarios": found}, report)
    except OSError as error:
        raise StartupError(f"The page cannot be written: {error}.") from error


def _try_each(files: Sequence[Path], found: Sequence[Mapping[str, Any]]) -> None:
    """Raises StartupError with the name of a file whose results have another shape than `Results`."""
    for file, results in zip(files, found, strict=True):
        try:
            import_module(_REPORT).render([results])
        except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
            raise StartupError(
                f"{file} is damaged, or not from vtp bench: no page can be drawn from it ({error})."
            ) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise StartupError(f"{file} cannot be read as results: {error}.") from error
    if not isinstance(found, dict) or "scenario" not in found:
        raise StartupError(f"{file} holds no results of vtp bench: give a file that --json wrote.")
    return found


def _check_writable(*paths: Path | None, written: Sequence[Path | None] | None = None) -> None:
    """Before a measurement of minutes: raises StartupError where its results could not be written after it.

    `written` are those of the paths that are going to be; all of them when left out. No two may be one file.
    """
    given = [path for path in paths if path is not None]
    for path in paths if written is None else written:
        if path is None:
            continue
        if sum(other.resolve() == path.resolve() for other in given) > 1:
            raise StartupError(f"{path} would be written over: give each file a name of its own.")
        there = path.exists()
        try:
            with path.open("ab"):
                pass
            if not there:
                path.unlink()
        except OSError as error:
            raise StartupError(f"{path} cannot be written: {error.strerror or error}.") from error


def _check_report() -> None:
    if find_spec(_REPORT) is None:
        raise StartupError("This vtp cannot write reports: leave --report out.")


def _write(results: Results, json_file: Path | None, report: Path | None) -> None:
    """Each file, whatever becomes of the other. Raises StartupError."""
    failure: OSError | None = None
    try:
        if json_file is not None:
            json_file.write_text(json.dumps(results, indent=2) + "\n")
    except OSError as error:
        failure = error
    try:
        if report is not None:
            import_module(_REPORT).write_report(results, report)
    except OSError as error:
        failure = failure or error
    if failure is not None:
        raise StartupError(f"The results cannot be written: {failure}.") from failure


@contextlib.contextmanager
def _clip(given: Path | None, codec: str = "h264") -> Iterator[Path]:
    """The file itself, or a lecture made for the time being. Raises StartupError."""
    if given is not None:
        if not given.is_file():
            raise StartupError(f"There is no file {given}.")
        yield given.resolve()
        return
    if codec not in ENCODERS:
        raise StartupError(f"--codec takes one of {', '.join(ENCODERS)}.")
    with tempfile.TemporaryDirectory(prefix="vtp-bench-clip-") as folder:
        path = Path(folder) / f"lecture-720p-1.5-Mbit-per-s-{codec}.mkv"
        write_clip(path, CLIP_S, ClipFormat(fps=30, video_codec=ENCODERS[codec], grain=CLIP_GRAIN))
        yield path
