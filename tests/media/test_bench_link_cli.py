"""`vtp bench link`: the emulator measures itself, as a command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.emulated import emulated_networks
from vtp.cli.bench_link import chain

__all__ = ["emulated_networks"]


def bench_link(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vtp", "bench", "link", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def figures(tmp_path: Path, *words: str) -> dict[str, Any]:
    done = bench_link(*words, "--json", str(tmp_path / "link.json"))
    assert done.returncode == 0, done.stderr
    assert "Emulator:" in done.stdout
    found: dict[str, Any] = json.loads((tmp_path / "link.json").read_text())
    assert ("This run is void." in done.stdout) == (found["void"] is not None)
    return found


def test_a_flood_through_a_bottleneck_is_told_with_the_emulators_own_error(tmp_path: Path) -> None:
    found = figures(
        tmp_path,
        "--seed",
        "3",
        "--delay",
        "10",
        "--rate",
        "2",
        "--queue",
        "100",
        "--load",
        "4",
        "--seconds",
        "1",
    )
    assert 1 < found["there"]["received_mbit_per_s"] < 2.05
    assert (
        30 < found["there"]["loss_pct"] < 70
    )  # half, less what the queue still held, more where the sender slept
    assert 100 < found["back"]["delay_ms"]["max"] < 400
    assert found["error_ms"]["packets"] == found["there"]["received"] + found["back"]["received"]
    assert found["emulator"]["seed"] == 3
    assert found["machine"]["cores"] >= 1
    assert "bench link --seed 3" in found["command"]


def test_loss_in_bursts_can_be_asked_for(tmp_path: Path) -> None:
    found = figures(tmp_path, "--burst-loss", "0.02,0.2,0,1", "--load", "8", "--seconds", "1")
    assert 3 < found["there"]["loss_pct"] < 18


def test_figures_that_cannot_be_are_refused_with_a_sentence() -> None:
    done = bench_link("--loss", "0.1", "--burst-loss", "0.1,0.1,0,1")
    assert done.returncode == 1
    assert done.stderr.startswith("vtp: ")
    assert "not both" in done.stderr


@pytest.mark.parametrize(
    ("text", "sentence"), [("0.1", "four probabilities"), ("a,b,c,d", "four probabilities")]
)
def test_a_chain_has_four_probabilities(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        chain(text)
