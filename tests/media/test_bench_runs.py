"""`vtp bench` for real, with little load: what it writes, and that nothing stays behind."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from vtp.bench.accounting import with_children
from vtp.bench.lecture_clip import write_clip
from vtp.bench.results import Results
from vtp.bench.scenarios.forward import Forward
from vtp.bench.scenarios.idle import Idle
from vtp.bench.scenarios.join import Join
from vtp.bench.scenarios.meeting import Meeting
from vtp.bench.scenarios.record import Record
from vtp.bench.scenarios.runner import Plan, Scenario, run_plan


def run(name: str, point: Scenario) -> Results:
    """One run, in a namespace where there may be one."""
    return run_plan(Plan(name, f"vtp bench {name}", [point], runs=1))


@pytest.mark.usefixtures("prepared_commands")
def test_forwarding_is_measured_packet_by_packet() -> None:
    before = with_children(os.getpid())
    results = run("forward", Forward(5, seconds=1.5, warm_up_s=0.5, memory=False))
    ours: dict[str, Any] = dict(results["vtp"])
    expected = 5 * results["pattern"]["packets_per_s"]
    assert ours["packets_per_s"] == pytest.approx(expected, rel=0.3)
    assert ours["loss_pct"] == 0
    assert (ours["duplicated"], ours["authentication_failed"]) == (0, 0)
    assert ours["authenticated"] > 0
    assert 0 < ours["cpu_us_per_packet"] < 1000
    assert 0 < ours["delay_ms"]["p50"] <= ours["delay_ms"]["p99"]
    assert json.loads(json.dumps(results))["vtp"] == ours
    assert with_children(os.getpid()) == before


def test_joins_are_timed_to_their_first_packet() -> None:
    ours = run("join", Join(rate=10, seconds=1, standing=2))["vtp"]
    assert (ours["joins"], ours["failed"]) == (10, 0)
    assert 0 < (ours["first_packet_ms"]["p50"] or 0) < 5000


def test_everybody_in_a_meeting_gets_sound_of_all_and_pictures_of_some() -> None:
    scenario = Meeting(participants=3, visible=1, seconds=1.5, warm_up_s=0.5)
    ours = run("meeting", scenario)["vtp"]
    assert ours["packets_per_s"] == pytest.approx(3 * 45 + 6 * 50, rel=0.3)
    assert (ours["streams"], ours["silent_streams"], ours["loss_pct"]) == (3 + 6, 0, 0)
    assert (ours["duplicated"], ours["authentication_failed"], ours["untimed"]) == (0, 0, 0)
    assert ours["authenticated"] > 0
    delays: dict[str, Any] = dict(ours["delay_ms"])
    assert 0 < delays["p50"] <= delays["p99"]


def test_an_idle_server_takes_little() -> None:
    ours = run("idle", Idle(rooms=5, transports=6, consumers=8, seconds=1, warm_up_s=0.2))["vtp"]
    assert ours["start_ms"] > 0
    assert 10 < ours["rss_mb"] <= ours["rss_loaded_mb"]
    assert ours["cpu_share_pct"] < 50


def test_recordings_are_measured_against_the_same_without_them(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, 2.0)
    ours: dict[str, Any] = dict(run("record", Record(clip, 1, seconds=1, turns=2, subscribers=2))["vtp"])
    found = ours["recording"]
    assert len(found["turns_added_pct"]) == len(found["turns_p99_ms"]) == 2
    assert 0 < ours["cpu_pct_per_recording"] < 100
    assert 0 < found["quiet_cores"] < ours["cores"]
    assert ours["delay_ms"]["p99"] > 0 and ours["quiet_delay_ms"]["p99"] > 0
    assert 0 < ours["stop_to_playable_ms"] < 10_000
