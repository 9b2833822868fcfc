"""The files that `vtp bench` writes and reads: faults are found before anything is measured."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from vtp.cli import bench
from vtp.cli.bench_words import counts_of, settings_of
from vtp.errors import StartupError


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: Any) -> None:
        raise AssertionError("it was measured first")

    monkeypatch.setattr(bench, "run_plan", run)


@pytest.mark.parametrize("option", ["json_file", "report"])
def test_a_path_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, nothing_runs: None, option: str
) -> None:
    with pytest.raises(StartupError, match="cannot be written: No such file or directory"):
        files: dict[str, Any] = {option: tmp_path / "none" / "file"}
        bench.forward(**files)


def test_json_and_page_are_two_files(tmp_path: Path, nothing_runs: None) -> None:
    with pytest.raises(StartupError, match="a name of its own"):
        bench.forward(json_file=tmp_path / "one", report=tmp_path / "." / "one")


def test_looking_whether_a_path_can_be_written_changes_nothing(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text("{}")
    bench._check_writable(old, tmp_path / "new.html", None, Path(os.devnull))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.json", "{}")]


def test_a_page_does_not_take_the_place_of_the_results_it_is_made_of(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text('{"scenario": "forward"}')
    with pytest.raises(StartupError, match="would be written over"):
        bench.write_page([file], file)
    assert file.read_text() == '{"scenario": "forward"}'


@pytest.mark.parametrize(
    "damaged",
    [
        {"series": [1]},
        {"vtp": 3},
        {"series": [{"peers": {"janus": 1}}]},
        {"runs": 7, "vtp": {"cores": 1}},
        {"vtp": {"cores": 10**400}},
        {"machine": "fast"},
    ],
)
def test_a_damaged_file_is_named_in_one_sentence(tmp_path: Path, damaged: dict[str, Any]) -> None:
    file, page = tmp_path / "results.json", tmp_path / "page.html"
    file.write_text(json.dumps({"scenario": "forward", **damaged}))
    with pytest.raises(StartupError, match=r"results\.json is damaged, or not from vtp bench"):
        bench.write_page([file], page)
    assert not page.exists()


def test_each_load_is_measured_once() -> None:
    assert counts_of("50,200,50") == [50, 200]


def test_the_measured_server_keeps_its_own_data_folder() -> None:
    with pytest.raises(StartupError, match="VTP_DATA_DIR"):
        settings_of(["VTP_DATA_DIR=/var/lib/vtp"])


def test_what_a_peer_said_last_is_printed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    point = {"vtp": {}, "peers": {"janus": {"unavailable": "[WARN] of [/usr/lib] it ended."}}}
    machine = {"processor": "p", "cores": 2, "kernel": "6"}
    results = {"scenario": "forward", "series": [point], "runs": [], "pattern": {"text": "none"}}
    results |= {"machine": machine, "network": "none", **point}
    monkeypatch.setattr(bench, "run_plan", lambda _: results)
    bench.join(json_file=tmp_path / "join.json")
    assert "janus was not measured: [WARN] of [/usr/lib] it ended." in capsys.readouterr().out
    assert json.loads((tmp_path / "join.json").read_text()) == results
