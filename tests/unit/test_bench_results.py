"""How runs become one figure, and the shape of the file."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from rich.console import Console

from vtp.bench.load import Lecture, ProbeFigures
from vtp.bench.results import Figures, LoadFigures, Percentiles, RawRun, median_figures, percentiles
from vtp.bench.scenarios.forward import Forward
from vtp.bench.scenarios.idle import Idle
from vtp.bench.scenarios.meeting import Meeting
from vtp.bench.scenarios.runner import Contest, Plan, collect
from vtp.bench.scenarios.saturate import conclude, overload
from vtp.bench.scenarios.window import outstanding_pct
from vtp.bench.sfu import Sfu
from vtp.bench.tables import print_results
from vtp.cli.bench_words import counts_of, settings_of
from vtp.errors import StartupError


def figures(cpu: float, p99: float | None = 1.0) -> Figures:
    return Figures(
        cpu_us_per_packet=cpu, packets_per_s=15_000.0, lost=0, delay_ms=Percentiles(p50=0.2, p99=p99)
    )


@dataclass
class _Server:
    name: str
    variant: str = ""
    pids: list[int] = field(default_factory=list)


def results(**peers: Figures) -> dict[str, Any]:
    """Of one point with two runs of vtp, and a run of each variant of janus."""
    points = [Forward(50), Forward(200)]
    servers: list[Any] = [_Server("vtp"), *(_Server("janus", variant) for variant in peers)]
    contest = Contest(servers, {"vtp": "1"}, {"galene": "It cannot be had."})
    measured = [("vtp", "", 1, figures(2.0)), ("vtp", "", 2, figures(3.0))]
    measured += [("janus", variant, 1, one) for variant, one in peers.items()]
    runs = [
        RawRun(server=server, variant=variant, run=run, point=point.describe(), figures=one)
        for point in points
        for server, variant, run, one in measured
    ]
    found = collect(Plan("forward", "vtp bench forward", points), contest, runs)
    found["started_at"], found["network"] = "2026-01-01T00:00:00+00:00", "loopback"
    return dict(found)


def test_medians_reach_into_nested_figures_and_pass_over_what_is_missing() -> None:
    found = median_figures([figures(1.0, 5.0), figures(9.0, None), figures(2.0, 7.0)])
    assert found["cpu_us_per_packet"] == 2.0
    assert found["delay_ms"] == {"p50": 0.2, "p99": 6.0}
    assert found["lost"] == 0
    assert isinstance(found["lost"], int)


def test_there_is_no_median_of_nothing() -> None:
    with pytest.raises(ValueError, match="no runs"):
        median_figures([])


def test_percentiles_are_measured_values() -> None:
    assert percentiles([float(n) for n in range(1, 101)]) == {"p50": 50, "p95": 95, "p99": 99}
    assert percentiles([3.0]) == {"p50": 3.0, "p95": 3.0, "p99": 3.0}
    assert percentiles([]) == {"p50": None, "p95": None, "p99": None}


def test_the_file_has_the_last_points_figures_on_top_and_all_in_its_series() -> None:
    found = results(as_shipped=figures(20.0), event_loops_2=figures(10.0))
    assert found["subscribers"] == 200
    assert found["vtp"]["cpu_us_per_packet"] == 2.5
    assert found["peers"]["janus"]["event_loops_2"]["cpu_us_per_packet"] == 10.0
    assert found["peers"]["galene"] == {"unavailable": "It cannot be had."}
    assert found["ratios"] == {"janus/as_shipped": 0.125, "janus/event_loops_2": 0.25}
    assert [point["subscribers"] for point in found["series"]] == [50, 200]
    assert found["packet_bytes"] == [1100, 1200]
    assert len(found["runs"]) == 8
    assert json.loads(json.dumps(found)) == found


def test_a_peer_that_gave_way_is_not_guessed() -> None:
    found = results(as_shipped=Figures(unavailable="A run failed."))
    assert found["peers"]["janus"]["as_shipped"] == {"unavailable": "A run failed."}
    assert found["ratios"] == {}


def test_climbs_to_saturation_end_at_other_loads_and_have_no_ratio() -> None:
    climb: Any = {"packets_per_s_per_core": 1, "how": "derived", "limit": "none", "steps": []}
    one = Figures(saturation=climb, **figures(10.0))
    assert results(as_shipped=one, event_loops_2=figures(10.0))["ratios"] == {"janus/event_loops_2": 0.25}


def test_the_table_names_every_server_and_why_one_is_missing() -> None:
    console = Console(width=120, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        print_results(results(event_loops_2=figures(10.0)), console)  # type: ignore[arg-type]
    text = capture.get()
    assert "janus event_loops_2" in text
    assert "galene was not measured: It cannot be had." in text
    assert "0.250 of janus/event_loops_2" in text
    assert "Medians of 2 runs." in text


def test_saturation_is_derived_where_the_load_client_was_the_limit() -> None:
    clean = Figures(packets_per_s=300_000.0, cores=0.6, cpu_us_per_packet=2.0)
    found = conclude(clean, [], "the load client's thread was busy (95%) first.")
    assert (found["how"], found["packets_per_s_per_core"]) == ("derived", 500_000)


@pytest.mark.parametrize(
    "limit", ["the server lost 0.30 % of the packets.", "lecture 9 could not be joined."]
)
def test_saturation_is_measured_where_the_server_used_up_a_core(limit: str) -> None:
    clean = Figures(packets_per_s=450_000.0, cores=1.0, cpu_us_per_packet=2.2)
    found = conclude(clean, [], limit)
    assert (found["how"], found["packets_per_s_per_core"]) == ("measured", 450_000)


@pytest.mark.parametrize(
    ("loss_pct", "p99", "dropped_here", "said"),
    [
        (0.0, 99.0, 0, ""),
        (0.2, 9.0, 0, "the server lost 0.20 % of the packets."),
        (0.0, 300.0, 0, "the server kept packets waiting (p99 300 ms)."),
        (0.2, 300.0, 1, ""),
    ],
)
def test_a_server_that_loses_packets_or_lets_them_wait_does_not_keep_up_unless_the_client_dropped_them(
    loss_pct: float, p99: float, dropped_here: int, said: str
) -> None:
    found = figures(2.0, p99)
    found["loss_pct"], found["load"] = loss_pct, LoadFigures(dropped_here=dropped_here)
    assert overload(found) == said


def test_in_a_meeting_everybody_hears_all_others_and_sees_some() -> None:
    meeting = Meeting(participants=30, visible=9)
    views = [view for viewer in range(30) for view in meeting.views(viewer)]
    assert len(views) == 30 * 29
    assert sum("video" in kinds for _, kinds in views) == 30 * 9
    assert all(sum(sender == n for sender, _ in views) == 29 for n in range(30))
    assert all(viewer not in dict(meeting.views(viewer)) for viewer in range(30))


def test_idle_connects_as_many_as_the_consumers_need() -> None:
    assert Idle(rooms=10, transports=8, consumers=10).describe() == {
        "rooms": 10, "transports": 8, "consumers": 10,
    }  # fmt: skip
    assert Idle(rooms=10, transports=1, consumers=10).publishers == 1


def test_a_lecture_is_described_by_its_packets() -> None:
    text = results()["pattern"]["text"]
    assert "1100 to 1200 bytes" in text
    assert Lecture().packets_per_s == 300


def test_loads_are_numbers_with_commas_between() -> None:
    assert counts_of("50,200") == [50, 200]
    for wrong in ("", "0", "50,,200", "many", "6000"):
        with pytest.raises(StartupError, match="--subscribers"):
            counts_of(wrong)


def test_settings_are_vtps_own() -> None:
    assert settings_of(["VTP_MEDIA__WORKERS=2"]) == {"VTP_MEDIA__WORKERS": "2"}
    with pytest.raises(StartupError, match="--set"):
        settings_of(["PATH=/"])


def test_a_server_under_test_is_what_the_protocol_says() -> None:
    from vtp.bench.vtp_server import VtpServer

    server: Sfu = VtpServer("127.0.0.1")
    assert (server.name, server.variant, server.pids) == ("vtp", "", [])


def test_what_a_server_that_stands_still_owes_is_told() -> None:
    assert outstanding_pct(900, ProbeFigures(packets=322, lost=2)) == 64.0
    assert outstanding_pct(900, ProbeFigures(packets=903)) == 0, "some were on their way at the beginning"
    assert outstanding_pct(0, ProbeFigures()) == 0
