"""`vtp bench network`: a lesson over bad links, with a real server, as a command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.emulated import emulated_networks

__all__ = ["emulated_networks"]


def bench_network(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vtp", "bench", "network", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_loss_on_a_viewers_link_is_repaired_and_a_rebinding_is_survived(tmp_path: Path) -> None:
    file = tmp_path / "network.json"
    done = bench_network("--scenario", "loss5", "--scenario", "rebind", "--seconds", "6", "--json", str(file))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(file.read_text())
    loss, rebind = found["loss5"], found["rebind"]
    print(
        {
            name: {
                key: found[name][key]
                for key in ("void", "frames_rendered_pct", "freeze_pct", "longest_freeze_ms")
            }
            for name in ("loss5", "rebind")
        }
    )
    server, publisher, viewer = loss["emulator"]["nodes"]
    assert (server["name"], publisher["name"], viewer["name"]) == ("server", "publisher", "viewer-1")
    assert viewer["down"]["lost"] > 10 < loss["viewers"][0]["recovered"]
    assert viewer["counts"]["unrouted"] == publisher["counts"]["unrouted"] == 0, "HTTP too takes the link"
    assert loss["frames_rendered_pct"] > 80
    assert 6 * 25 - 2 <= loss["published"]["frames"] <= 6 * 25 + 5
    assert rebind["emulator"]["nodes"][2]["counts"]["unmapped"] > 0
    assert 100 < rebind["longest_freeze_ms"] < 9_000
    assert rebind["frames_rendered_pct"] < 100


def test_a_scenario_that_is_none_is_refused_with_those_there_are() -> None:
    done = bench_network("--scenario", "sunshine")
    assert done.returncode == 1
    assert done.stderr.startswith("vtp: There is no scenario sunshine: use loss5")
