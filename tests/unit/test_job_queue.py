"""huey's queue between the server and the job process, on SQLite and on a real Redis."""

from __future__ import annotations

import queue
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.free_ports import free_ports
from vtp.jobs.queue import JobQueue
from vtp.settings import JobSettings, Settings

LIMIT_S = 60
REDIS = shutil.which("redis-server")


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    if REDIS is None:
        pytest.skip("redis-server is not installed")
    [port] = free_ports(1)
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    give_up_s = time.monotonic() + LIMIT_S
    while time.monotonic() < give_up_s and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("redis-server did not start")


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    return Settings(data_dir=tmp_path, jobs=JobSettings(url=url))


@pytest.fixture
def done(settings: Settings) -> Iterator[queue.Queue[str]]:
    """The ids that a job process of the data folder `one` works on."""
    found: queue.Queue[str] = queue.Queue()
    process = JobQueue(settings, "one", found.put)
    process.start(1)
    yield found
    process.stop()
    process.close()


def put(settings: Settings, instance_id: str, job_id: str) -> None:
    server = JobQueue(settings, instance_id)
    server.put(job_id)
    server.close()


def test_what_the_server_puts_reaches_the_job_process_in_order(
    settings: Settings, done: queue.Queue[str]
) -> None:
    for number in range(5):
        put(settings, "one", f"job {number}")
    assert [done.get(timeout=LIMIT_S) for _ in range(5)] == [f"job {number}" for number in range(5)]


def test_message_that_is_not_signed_by_us_is_not_run(
    settings: Settings, done: queue.Queue[str], tmp_path: Path
) -> None:
    stranger = settings.model_copy(update={"secrets_dir": str(tmp_path / "elsewhere")})
    put(stranger, "one", "evil")
    put(settings, "one", "good")
    assert done.get(timeout=LIMIT_S) == "good" and done.empty()


def test_data_folders_on_one_redis_have_queues_of_their_own(redis_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, jobs=JobSettings(url=redis_url))
    found: queue.Queue[str] = queue.Queue()
    process = JobQueue(settings, "one", found.put)
    process.start(1)
    put(settings, "two", "theirs")
    put(settings, "one", "ours")
    assert found.get(timeout=LIMIT_S) == "ours" and found.empty()
    process.stop()
    process.close()
