"""The command `vtp doctor` as people run it: beside a server, without one, without a network."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.coturn import SECRET, running_coturn
from tests.server_process import ROOT, Ended, command, environment, run_vtp, running_server
from vtp.bench.namespace import NamespaceError, private_network

OUTSIDE = {"VTP_HTTP__HOST": "0.0.0.0"}


def findings(ended: Ended) -> dict[str, dict[str, Any]]:
    """By what was looked at; the report must be whole."""
    assert "Traceback" not in ended.errors, ended.errors
    report = json.loads(ended.output)
    assert report["wrong"] is (ended.code == 1)
    assert all(one["meaning"] for one in report["findings"])
    assert all(one["cure"] for one in report["findings"] if one["state"] == "wrong")
    return {one["looked_at"]: one for one in report["findings"]}


def over_tcp(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return next(one for name, one in found.items() if name.startswith("Media over TCP to "))


def doctor(data_dir: Path, *words: str, settings: dict[str, str] | None = None) -> Ended:
    return run_vtp(data_dir, "doctor", "--json", *words, settings=settings)


def test_beside_a_good_server_nothing_is_wrong(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", settings=OUTSIDE) as server:
        ended = doctor(tmp_path / "data", "--offline", settings=OUTSIDE)
        found = findings(ended)
        assert ended.code == 0, ended.output
        assert found["Running server"]["state"] == "good"
        assert f"process {server.process.pid}" in found["Running server"]["meaning"]
        assert found["Readiness"]["state"] == "good"
        assert found["What the server has counted"]["state"] == "good"
        assert "Settings" not in found
        assert over_tcp(found)["state"] == "good"
        port = over_tcp(found)["looked_at"].rpartition(":")[2]
        assert found[f"TCP port {port}"]["state"] == found[f"UDP port {port}"]["state"] == "good"
        media = [one for name, one in found.items() if one["topic"] == "The way of sound and pictures"]
        assert media and all(one["state"] == "good" for one in media)
        https = f"https://localhost:{server.facts['https_port']}"
        assert found[f"WebSocket at {https}"]["state"] == "good"
        assert found[f"Certificate of {https}"]["state"] == "worth knowing"
        assert found[f"TCP port {server.facts['http_port']}"]["state"] == "good"


def test_a_server_that_was_started_with_other_settings_is_told(tmp_path: Path) -> None:
    with running_server(tmp_path / "data"):
        other = {"VTP_MEDIA__ANNOUNCED_ADDRESSES": "127.0.0.3"}
        found = findings(doctor(tmp_path / "data", "--offline", settings=other))
        assert found["Settings"]["state"] == "wrong"


def test_from_elsewhere_page_certificate_and_media_port_are_tried(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", settings=OUTSIDE) as server:
        https = f"https://localhost:{server.facts['https_port']}"
        ended = doctor(tmp_path / "elsewhere", "--server", https)
        found = findings(ended)
        assert ended.code == 0
        assert found[f"Pages at {https}"]["state"] == "good"
        assert any(name.startswith("UDP ") and one["state"] == "good" for name, one in found.items())
        assert over_tcp(found)["state"] == "good"
        assert not (tmp_path / "elsewhere").exists()


def test_without_a_server_an_occupied_media_port_is_wrong_and_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        settings = {"VTP_MEDIA__UDP_PORT": str(port)}
        found = findings(doctor(tmp_path / "data", "--offline", settings=settings))
    assert found[f"UDP port {port}"]["state"] == "wrong"
    assert f"process {os.getpid()}" in found[f"UDP port {port}"]["meaning"]
    assert not (tmp_path / "data").exists()


def test_a_wrong_announced_address_is_found_and_a_right_one_is_not(tmp_path: Path) -> None:
    try:
        with private_network() as address:
            wrong = OUTSIDE | {"VTP_MEDIA__ANNOUNCED_ADDRESSES": f"10.77.0.200,{address}"}
            with running_server(tmp_path / "data", settings=wrong):
                ended = doctor(tmp_path / "data", "--offline", settings=wrong)
    except NamespaceError as error:
        pytest.skip(str(error))
    by_address = {
        name.split(" at ")[1]: one
        for name, one in findings(ended).items()
        if name.startswith("UDP ") and " at " in name
    }
    assert ended.code == 1
    assert by_address["10.77.0.200"]["state"] == "wrong"
    assert "VTP_MEDIA__ANNOUNCED_ADDRESSES" in by_address["10.77.0.200"]["cure"]
    assert by_address[address]["state"] == "good"


def test_without_any_network_everything_is_a_finding(tmp_path: Path) -> None:
    tried = subprocess.run(
        ["unshare", "--net", *command("doctor", "--json")],
        env=environment(tmp_path / "data", {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "unshare failed" in tried.stderr or "Operation not permitted" in tried.stderr:
        pytest.skip("only root may leave the network")
    found = findings(Ended(tried.returncode, tried.stdout, tried.stderr))
    assert tried.returncode == 1  # only loopback is announced, and pages are for everybody
    assert found["Addresses that clients are told"]["state"] == "wrong"
    assert found["How the internet sees this machine"]["state"] == "not tried"


def test_a_name_server_that_never_answers_holds_up_nothing(tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 10.77.0.1\noptions timeout:30 attempts:5\n")
    words = shlex.join(command("doctor", "--json"))
    silent = f"mount --bind {tmp_path / 'resolv.conf'} /etc/resolv.conf && exec {words}"
    settings = {
        "VTP_HTTP__PUBLIC_URL": "https://school.example",
        "VTP_MEDIA__TURN_URLS": "turn:turn.example",
        "VTP_MEDIA__TURN_SECRET": "north",
    }
    try:
        with private_network() as address, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
            nobody.bind((address, 53))
            begun_s = time.monotonic()
            tried = subprocess.run(
                ["unshare", "--mount", "sh", "-c", silent],
                env=environment(tmp_path / "data", settings),
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=120,
            )
            took_s = time.monotonic() - begun_s
    except NamespaceError as error:
        pytest.skip(str(error))
    found = findings(Ended(tried.returncode, tried.stdout, tried.stderr))
    assert found["How the internet sees this machine"]["state"] == "not tried"
    assert found["Pages at https://school.example"]["state"] == "wrong"
    assert took_s < 75  # of which the start of Python takes some on a busy machine; the name server 150


def test_a_stun_server_that_is_none_ends_with_a_sentence(tmp_path: Path) -> None:
    ended = doctor(tmp_path / "data", "--stun", "host:port")
    assert ended.code == 1
    assert "write host:port" in ended.errors


def test_a_stun_server_and_a_relay_are_asked_and_no_secret_is_printed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    with running_coturn(tmp_path) as coturn:
        settings = {
            "VTP_MEDIA__HOST": "127.0.0.1",
            "VTP_MEDIA__TURN_URLS": coturn.turn,
            "VTP_MEDIA__TURN_SECRET": "another than the file's, which goes first",
            "VTP_DATABASE__URL": "postgresql://vtp:hidden-word@127.0.0.1:1/vtp",
        }
        words = ("--stun", coturn.stun, "--turn-secret-file", str(secret))
        ended = doctor(tmp_path / "data", *words, settings=settings)
        shown = run_vtp(tmp_path / "data", "doctor", *words, settings=settings)
    found = findings(ended)
    assert found["How the internet sees this machine"]["state"] == "good"
    assert "It gave a relay" in found[f"TURN server {coturn.turn}"]["meaning"]
    assert "→ " in shown.output
    for output in (ended.output, ended.errors, shown.output, shown.errors):
        assert SECRET not in output
        assert "hidden-word" not in output


def test_a_secret_that_cannot_be_read_ends_with_a_sentence(tmp_path: Path) -> None:
    ended = doctor(tmp_path / "data", "--turn-secret-file", str(tmp_path / "nothing"))
    assert ended.code == 1
    assert "cannot be read" in ended.errors


def test_the_server_warns_at_its_start_when_the_internet_cannot_reach_its_media(tmp_path: Path) -> None:
    warned: list[bool] = []
    for name, more in {
        "private": {},
        "public": {"VTP_MEDIA__ANNOUNCED_ADDRESSES": "9.9.9.9"},
        "local": {"VTP_HTTP__PUBLIC_URL": "http://localhost:8080"},
    }.items():
        settings = {"VTP_HTTP__PUBLIC_URL": "https://school.example", "VTP_HTTP__TLS": "off"} | more
        with running_server(tmp_path / name, settings=settings) as server:
            warned.append("the internet does not reach" in server.errors.read_text())
    assert warned == [True, False, False]
