"""Small runs of the scenarios of `vtp bench network`: what each tells, within bounds of a busy machine."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulated import emulated_networks

__all__ = ["emulated_networks"]

EVERY_SCENARIO = {
    "text",
    "void",
    "frames_rendered_pct",
    "freeze_pct",
    "longest_freeze_ms",
    "viewers",
    "targets",
}


def figures(scenario: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Of one run with seed 1; also what every scenario has to tell."""
    file = folder / "network.json"
    words = ["--scenario", scenario, "--seconds", str(seconds), "--json", str(file)]
    command = [sys.executable, "-m", "vtp", "bench", "network", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(file.read_text())[scenario]
    print({key: value for key, value in found.items() if key not in ("viewers", "emulator")})
    assert found.keys() >= EVERY_SCENARIO
    assert all(f"{one['figure']}: " in done.stdout for one in found["targets"])
    return found


def newcomers_see_a_picture_sooner_when_the_ring_holds_a_key_frame(tmp_path: Path) -> None:
    found = figures("join50", 2, tmp_path)
    fresh, stale = found["with_key_frame"], found["without_key_frame"]
    assert (fresh["joins"], fresh["failed"], stale["joins"], stale["failed"]) == (2, 0, 2, 0)
    assert 150 < fresh["p50_ms"] < 6_000, "five crossings of the link at least"
    assert 150 < fresh["connected_p50_ms"] <= stale["p95_ms"] < 9_000


def media_is_back_after_a_viewer_and_a_publisher_changed_their_network(tmp_path: Path) -> None:
    found = figures("restart", 3, tmp_path)
    assert 100 < found["viewer_back_ms"] < 9_000 > found["publisher_back_ms"] > 100, "two round trips"
    assert found["recordings"] == 1
    assert found["recorded_pct"] > 40
    assert [stream["failure"] for stream in found["viewers"]] == [""]


def a_publisher_hears_of_two_key_frame_requests_a_second_at_most(tmp_path: Path) -> None:
    found = figures("keyframes", 2, tmp_path)
    assert found["requests_sent"] == 1_000
    assert 1 <= found["requests_at_publisher"] <= 6
    assert found["key_frames_sent"] <= found["requests_at_publisher"] + 1
    assert len(found["viewers"]) == 100


def a_viewer_whose_link_narrows_gets_a_smaller_picture_and_the_other_none(tmp_path: Path) -> None:
    found = figures("cut", 6, tmp_path)
    cut, other = found["viewers"]
    assert found["layer_before_cut"] in (1, 2)
    assert 0 < found["lower_layer_ms"] < 4_000
    assert 0 < found["queue_p95_ms"] <= 400
    assert 0 <= found["cut_loss_pct"] < 100
    assert other["frames_rendered_pct"] > 60 and found["others"]["switches"] <= 1
    assert found["frames_rendered_pct"] == cut["frames_rendered_pct"] > 30
    assert [layer for _, layer in other["layers"]][-1] == 2


def three_behind_one_bottleneck_share_it(tmp_path: Path) -> None:
    found = figures("fair3", 4, tmp_path)
    assert len(found["bitrates_kbit_per_s"]) == len(found["viewers"]) == 3
    assert 1 / 3 <= found["jain"] <= 1
    assert 100 < sum(found["bitrates_kbit_per_s"]) < 3_300


@pytest.mark.drawn(1)
@pytest.mark.parametrize(
    "told",
    [
        newcomers_see_a_picture_sooner_when_the_ring_holds_a_key_frame,
        media_is_back_after_a_viewer_and_a_publisher_changed_their_network,
        a_publisher_hears_of_two_key_frame_requests_a_second_at_most,
        a_viewer_whose_link_narrows_gets_a_smaller_picture_and_the_other_none,
        three_behind_one_bottleneck_share_it,
    ],
)
def test_a_scenario_tells(tmp_path: Path, told: Callable[[Path], None]) -> None:
    told(tmp_path)
