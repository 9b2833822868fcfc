"""`vtp serve` as a process: starts, says where it is, ends in time, says in one sentence why it cannot."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import Ended, Running, run_vtp, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_server(
        tmp_path_factory.mktemp("shell") / "data", settings={"VTP_HTTP__HOST": "0.0.0.0"}
    ) as one:
        yield one


def get(
    url: str, *, context: ssl.SSLContext | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One GET that follows no redirect."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any) -> None:
            return None

    opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(
        url, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def own_address() -> str:
    """An address of this machine that is not loopback; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


def assert_refused(ended: Ended, *parts: str) -> None:
    """One sentence on standard error, code 1, no traceback; before it at most that keys were made."""
    assert ended.code == 1, ended
    assert "Traceback" not in ended.errors
    lines = [line for line in ended.errors.strip().splitlines() if "signing_key_made" not in line]
    assert len(lines) == 1, ended.errors
    assert lines[0].startswith("vtp: ")
    for part in parts:
        assert part in lines[0]


def test_greeting_says_where_to_open_the_browser(server: Running) -> None:
    facts = server.facts
    assert f"http://localhost:{facts['http_port']}" in server.greeting
    assert f":{facts['https_port']}" in server.greeting


def test_health_and_readiness_answer(server: Running) -> None:
    status, _, body = get(f"{server.url}/health")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    status, _, body = get(f"{server.url}/ready")
    assert json.loads(body)["checks"] == {"database": "ok", "media": "ok", "disk": "ok"}


def test_metrics_are_for_this_machine(server: Running) -> None:
    status, headers, body = get(f"{server.url}/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert b"vtp_media_datagrams_received" in body
    assert b'vtp_media_worker_busy{worker="0"}' in body
    assert get(f"{server.url}/metrics", X_Forwarded_For="198.51.100.7")[0] == 403


def test_printed_fingerprint_is_the_certificates(server: Running) -> None:
    pem = ssl.get_server_certificate(("localhost", server.facts["https_port"]))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    assert ":".join(digest[i : i + 2] for i in range(0, 64, 2)) in server.greeting


def test_own_certificate_is_good_for_the_names_it_is_reached_by(server: Running) -> None:
    pem = ssl.get_server_certificate(("localhost", server.facts["https_port"]))
    context = ssl.create_default_context(cadata=pem)
    status, headers, _ = get(f"https://localhost:{server.facts['https_port']}/health", context=context)
    assert status == 200
    assert "Strict-Transport-Security" not in headers, "HSTS would lock people out of a self-made certificate"


def test_own_certificate_and_key_belong_to_the_owner(server: Running) -> None:
    assert (server.data_dir / "tls" / "key.pem").stat().st_mode & 0o077 == 0


def test_pages_from_elsewhere_are_redirected_to_tls(server: Running) -> None:
    address = own_address()
    url = f"http://{address}:{server.facts['http_port']}"
    status, headers, _ = get(f"{url}/rooms", Accept="text/html")
    assert (status, headers["Location"]) == (307, f"https://{address}:{server.facts['https_port']}/rooms")
    status, _, body = get(f"{url}/api/v1/server")
    assert (status, json.loads(body)["code"]) == (403, "tls_required")
    assert get(f"{url}/health")[0] == 200


def test_log_of_a_server_without_a_terminal_is_json_with_request_ids(server: Running) -> None:
    get(f"{server.url}/api/v1/rooms", X_Request_ID="find-me")
    entries = [json.loads(line) for line in server.errors.read_text().splitlines()]
    assert any(entry.get("request_id") == "find-me" for entry in entries)
    assert not any(server.setup_token in json.dumps(entry) for entry in entries)


@pytest.mark.from_disk
def test_setup_link_makes_the_first_admin_once(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", on_nothing=True) as server:
        admin = {"email": "head@school.example", "password": "a rather long phrase", "full_name": "Head"}
        body = json.dumps({"token": server.setup_token, **admin}).encode()

        def post() -> int:
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{server.url}/api/v1/auth/setup", body, headers)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        assert post() in (200, 201)
        assert post() >= 400
        server.end()
    with running_server(tmp_path / "data") as again:
        assert "/setup?token=" not in again.greeting


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_server_within_five_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with running_server(tmp_path / "data") as server:
        code, took_s = server.end(number)
        assert code == 0, server.errors.read_text()
        assert took_s < 5.0
        assert "Traceback" not in server.errors.read_text()
        assert not (tmp_path / "data" / "run" / "server.json").exists()
        assert not (tmp_path / "data" / "run" / "control.sock").exists()


def test_signal_sent_twice_at_once_is_one_orderly_end(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.end()[0] == 0
        assert "asked twice" not in server.errors.read_text()


def test_open_connections_do_not_hold_up_the_end(tmp_path: Path) -> None:
    with (
        running_server(tmp_path / "data") as server,
        socket.create_connection(("localhost", server.facts["http_port"])) as idle,
        socket.create_connection(("localhost", server.facts["http_port"])) as busy,
    ):
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        idle.recv(4096)
        busy.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{")
        code, took_s = server.end()
        assert (code, took_s < 5.0) == (0, True)


def test_taken_tcp_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        ended = run_vtp(tmp_path / "data", "serve", settings={"VTP_HTTP__PORT": str(port)})
    assert_refused(ended, f"Port {port} (TCP) is already in use", "VTP_HTTP__PORT")


def test_taken_tls_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        ended = run_vtp(tmp_path / "data", "serve", settings={"VTP_HTTP__TLS_PORT": str(port)})
    assert_refused(ended, f"Port {port} (TCP) is already in use", "VTP_HTTP__TLS_PORT")


def test_taken_udp_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        settings = {"VTP_MEDIA__UDP_PORT": str(port), "VTP_MEDIA__HOST": "127.0.0.1"}
        ended = run_vtp(tmp_path / "data", "serve", settings=settings)
    assert_refused(ended, f"UDP and TCP {port}", "udp_port")


@pytest.mark.from_disk
def test_second_server_on_a_data_folder_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        ended = run_vtp(tmp_path / "data", "serve")
        assert_refused(ended, f"in use by a running vtp (process {server.process.pid})", "VTP_DATA_DIR")


@pytest.mark.from_disk
def test_bad_setting_is_one_sentence(tmp_path: Path) -> None:
    ended = run_vtp(tmp_path / "data", "serve", settings={"VTP_HTTP__PROT": "1"})
    assert_refused(ended, "The setting http.prot (in VTP_HTTP__PROT) does not exist; did you mean http.port?")


def test_acme_without_agreeing_to_its_terms_is_one_sentence(tmp_path: Path) -> None:
    settings = {"VTP_HTTP__TLS": "acme", "VTP_HTTP__PUBLIC_URL": "https://school.example"}
    ended = run_vtp(tmp_path / "data", "serve", settings=settings)
    assert_refused(ended, "read the terms of the authority", "set http.acme_agree = true")


def test_data_folder_below_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run_vtp(tmp_path / "file" / "data", "serve")
    assert_refused(ended, "is, or lies below, a file")


def test_unwritable_data_folder_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o555)
    # Root writes wherever it likes until it lets go of its capabilities; then the folder's mode counts.
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else ["env"]
    command += [sys.executable, "-m", "vtp", "serve"]
    code = f"import os; os.execvp({command[0]!r}, {command!r})"
    ended = run_python(code, folder)
    assert_refused(ended, f"The data folder {folder} cannot be written by this user (uid {os.geteuid()})")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = shutil.which("mount") and os.geteuid() == 0
    if (
        not mounted
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True
        ).returncode
    ):
        pytest.skip("only root with mount rights can make a full disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_is_one_sentence(tiny_disk: Path) -> None:
    assert_refused(run_vtp(tiny_disk / "data", "serve"), "is full; free some space")


def test_open_rooms_listen_on_this_machine_only(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", "--open-rooms", settings={"VTP_HTTP__HOST": "0.0.0.0"}) as server:
        assert server.facts["https_port"] == 0
        assert json.loads(get(f"{server.url}/api/v1/server")[2])["open_rooms"] is True
        addresses = heard_at(server)
        assert "127.0.0.1" in addresses
        assert all(ip_address(one).is_loopback for one in addresses)
        assert get(f"{server.url}/api/v1/rooms")[0] == 200
        assert get(f"{server.url}/api/v1/rooms", Host="evil.example")[0] == 421


def heard_at(server: Running) -> set[str]:
    """The addresses at which its process listens for HTTP; others may have that port at other ones."""
    inodes = set()
    for one in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(str(one.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            host, port = local.split(":")
            words = [bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8)]
            is_its = state == "0A" and f"socket:[{inode}]" in inodes
            if is_its and int(port, 16) == server.facts["http_port"]:
                found.add(str(ip_address(b"".join(words))))
    return found


def run_python(code: str, data_dir: Path) -> Ended:
    import sys

    from tests.server_process import ROOT, environment

    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(data_dir, {}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_a_file_of_trust_that_cannot_be_used_stops_the_start(tmp_path: Path, content: str | None) -> None:
    """Or the first mail would tell, when somebody waits for it."""
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    data = tmp_path / "data"
    mail = {
        "VTP_MAIL__CA_FILE": str(file),
        "VTP_MAIL__HOST": "mail.example",
        "VTP_MAIL__SENDER": "a@b.example",
    }
    words = "cannot be read" if content is None else "there are no certificates"
    assert_refused(run_vtp(data, "serve", settings=mail), f"The setting mail.ca_file names {file}", words)
    acme = {
        "VTP_HTTP__TLS": "acme",
        "VTP_HTTP__ACME_AGREE": "true",
        "VTP_HTTP__PUBLIC_URL": "https://school.example",
        "VTP_HTTP__ACME_CA_FILE": str(file),
    }
    assert_refused(run_vtp(data, "serve", settings=acme), "The setting http.acme_ca_file names", words)
    assert not data.exists(), "nothing was begun"
