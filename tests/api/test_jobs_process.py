"""The job process beside a real `vtp serve`: it ends with the server, however that ends, and shows no key."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.free_ports import free_ports
from tests.server_process import run_vtp, running_server

LIMIT_S = 90.0
LOOK_AGAIN_S = 0.05


def until(condition: Callable[[], object], what: str) -> None:
    """Waits for what another process does."""
    give_up_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_s, what
        time.sleep(LOOK_AGAIN_S)


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for file in found for word in file.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_job_process_ends_with_a_killed_server_and_shows_no_key(tmp_path: Path) -> None:
    [port] = free_ports(1)
    settings = {
        "VTP_STORAGE__URL": "s3://school/vtp",
        "VTP_STORAGE__ENDPOINT": f"http://127.0.0.1:{port}",
        "VTP_STORAGE__ACCESS_KEY_ID": "key",
        "VTP_STORAGE__SECRET_ACCESS_KEY": "hush-hush",
        "VTP_HTTP__TLS": "off",
    }
    with running_server(tmp_path / "data", settings=settings) as server:
        log = server.errors
        until(lambda: "The job process has started" in log.read_text(), "a job process")
        [child] = children_of(server.process.pid)
        told = Path(f"/proc/{child}/cmdline").read_bytes() + Path(f"/proc/{child}/environ").read_bytes()
        assert b"hush-hush" not in told and b"--embedded" in told
        assert "stay on this machine" in log.read_text()  # the store does not answer, and the server runs
        server.process.kill()
        server.process.wait()
        until(lambda: not is_alive(child), "the end of the job process")


def test_job_process_without_an_object_store_has_nothing_to_do_and_says_so(tmp_path: Path) -> None:
    ended = run_vtp(tmp_path / "data", "jobs")
    assert ended.code == 1 and "storage.url" in ended.errors and "Traceback" not in ended.errors


def test_server_does_not_start_with_a_bucket_that_cannot_be(tmp_path: Path) -> None:
    ended = run_vtp(tmp_path / "data", "serve", settings={"VTP_STORAGE__URL": "s3://key:secret@school"})
    assert ended.code == 1 and "storage.url" in ended.errors and "Traceback" not in ended.errors
