"""What `vtp doctor` makes of what it has seen of pages, machine and disk: rules without a network."""

from __future__ import annotations

import datetime as dt
import errno
from pathlib import Path

import pytest

from vtp.doctor import machine, storage, web
from vtp.doctor.certificate import Served, judge_certificate
from vtp.doctor.finding import Finding, State, Topic, in_order, is_sick
from vtp.doctor.machine import Size
from vtp.doctor.report import as_json
from vtp.doctor.running import NotRunning, RunningServer, judge_counters, judge_running
from vtp.doctor.web import WebTried
from vtp.settings import HttpSettings

NOW = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)


# Pages


def served(fault: int = 0, days: float = 60) -> Served:
    return Served("CN=school.example", ("school.example",), NOW + dt.timedelta(days=days), "AB:CD", fault)


@pytest.mark.parametrize(
    ("fault", "days", "self_made", "state", "word"),
    [
        (0, 60, False, State.GOOD, "trust"),
        (0, 10, False, State.NOTE, "renewed"),
        (10, -1, False, State.WRONG, "ran out"),
        (0, -1, False, State.WRONG, "ran out"),
        (9, 60, False, State.WRONG, "clock"),
        (62, 60, False, State.WRONG, "not for this address"),
        (18, 60, True, State.NOTE, "AB:CD"),
        (18, 60, False, State.WRONG, "authority"),
        (20, 60, False, State.WRONG, "certificates between"),
        (23, 60, False, State.WRONG, "OpenSSL"),
    ],
)
def test_a_certificate_is_judged_as_browsers_do(
    fault: int, days: float, self_made: bool, state: State, word: str
) -> None:
    found = judge_certificate("https://school.example", served(fault, days), NOW, self_made=self_made)
    assert found.state is state
    assert word in found.meaning
    assert found.state is State.GOOD or found.cure


@pytest.mark.parametrize(
    ("http", "state"),
    [
        (HttpSettings(), State.GOOD),
        (HttpSettings(tls="off"), State.WRONG),
        (HttpSettings(tls="off", host="127.0.0.1"), State.GOOD),
        (HttpSettings(tls="off", public_url="https://school.example"), State.GOOD),
        (HttpSettings(public_url="http://school.example"), State.WRONG),
        (HttpSettings(public_url="http://localhost:8080"), State.GOOD),
    ],
)
def test_cameras_need_a_secure_origin(http: HttpSettings, state: State) -> None:
    assert web.judge_origin(http, open_rooms=False).state is state


def test_a_websocket_that_does_not_pass_is_a_note_with_polling_and_wrong_without() -> None:
    url = "https://school.example"
    assert [one.state for one in web.judge_web(WebTried(url))] == [State.GOOD, State.GOOD]
    polled = web.judge_web(WebTried(url, "status 400", polling=True))[1]
    assert polled.state is State.NOTE
    assert "proxy_set_header Upgrade" in polled.cure
    assert web.judge_web(WebTried(url, "status 400"))[1].state is State.WRONG
    assert web.judge_web(WebTried(url, page_failure="no answer in time"))[0].state is State.WRONG


@pytest.mark.parametrize(("skew_s", "state"), [(2, State.GOOD), (30, State.NOTE), (-300, State.WRONG)])
def test_clocks_that_differ_are_pointed_out(skew_s: float, state: State) -> None:
    assert web.judge_skew(NOW + dt.timedelta(seconds=skew_s), NOW)[0].state is state


# Machine


def test_the_cost_of_encryption_depends_on_processor_and_library() -> None:
    with_aes = machine.read_cpu_flags("processor : 0\nflags\t\t: fpu aes sse2\n")
    assert machine.judge_cipher(with_aes, True, "x86_64").state is State.GOOD
    assert "libipsec-mb-dev" in machine.judge_cipher(with_aes, False, "x86_64").cure
    assert machine.judge_cipher(frozenset({"aes"}), False, "aarch64").state is State.GOOD
    assert machine.read_cpu_flags("Features : aes") == {"aes"}
    assert machine.judge_cipher(machine.read_cpu_flags("flags : fpu"), True, "x86_64").state is State.NOTE


def test_buffers_that_the_kernel_caps_are_pointed_out_with_the_sysctl() -> None:
    asked = (8_388_608, 4_194_304)
    assert machine.judge_buffers(asked, asked).state is State.GOOD
    found = machine.judge_buffers(asked, (212_992, 4_194_304))
    assert found.state is State.NOTE
    assert "net.core.rmem_max=8388608 net.core.wmem_max=4194304" in found.cure


@pytest.mark.parametrize(("limit", "state"), [(65536, State.GOOD), (1024, State.NOTE), (256, State.WRONG)])
def test_few_open_files_are_pointed_out(limit: int, state: State) -> None:
    assert machine.judge_open_files(limit).state is state


def test_real_time_is_judged_by_the_servers_threads_before_this_process() -> None:
    good = machine.judge_real_time(["real-time priority"], False, wanted=True)
    assert good.state is State.GOOD
    assert machine.judge_real_time(["a high priority"], True, wanted=True).state is State.NOTE
    assert machine.judge_real_time([], False, wanted=True).state is State.NOTE
    assert machine.judge_real_time([], False, wanted=False).state is State.GOOD


def test_little_memory_and_too_many_workers_are_pointed_out() -> None:
    memory, processors = machine.judge_size(Size(2, 4_000_000_000, 3_000_000_000), 1)
    assert (memory.state, processors.state) == (State.GOOD, State.GOOD)
    memory, processors = machine.judge_size(Size(2, 1_000_000_000, 500_000_000), 4)
    assert (memory.state, processors.state) == (State.NOTE, State.NOTE)
    assert processors.cure == "VTP_MEDIA__WORKERS=1"


def test_a_containers_limits_count_instead_of_the_machines(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\n")
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("400000000\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert machine.read_size(tmp_path, tmp_path) == Size(0.5, 1_000_000_000, 600_000_000)
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.read_size(tmp_path, tmp_path).memory == 8_192_000_000


def test_a_missing_codec_is_wrong() -> None:
    assert machine.judge_codecs({"aac": True, "h264": True}).state is State.GOOD
    assert machine.judge_codecs({"aac": True, "libopus": False}).state is State.WRONG


def test_a_clock_that_nothing_keeps_right_is_pointed_out() -> None:
    states = [machine.judge_clock(kept).state for kept in (True, False, None)]
    assert states == [State.GOOD, State.NOTE, State.SKIPPED]


# Disk


def folder(**more: object) -> storage.Folder:
    known = {"exists": True, "free": 10_000_000_000, "bytes_s": 100e6} | more
    return storage.Folder(Path("/data"), **known)  # type: ignore[arg-type]


def test_a_folder_with_room_and_speed_is_good() -> None:
    assert [one.state for one in storage.judge_folder(folder(), 500_000_000)] == [State.GOOD, State.GOOD]


@pytest.mark.parametrize("more", [{"free": 1_000_000}, {"error": errno.ENOSPC}, {"error": errno.EDQUOT}])
def test_a_full_disk_is_wrong(more: dict[str, int]) -> None:
    [found] = storage.judge_folder(folder(**more), 500_000_000)
    assert found.state is State.WRONG
    assert "MB are free" in found.meaning


@pytest.mark.parametrize(("error", "word"), [(errno.EROFS, "read-only"), (errno.EACCES, "cannot be written")])
def test_a_folder_that_cannot_be_written_is_wrong(error: int, word: str) -> None:
    [found] = storage.judge_folder(folder(error=error), 1)
    assert found.state is State.WRONG
    assert word in found.meaning


def test_a_slow_disk_is_pointed_out() -> None:
    assert storage.judge_folder(folder(bytes_s=2e6), 1)[1].state is State.NOTE


def test_revisions_that_a_running_server_lacks_are_wrong() -> None:
    tried = storage.DatabaseTried("sqlite:///x", pending=["0042"])
    assert storage.judge_database(tried, server_runs=True).state is State.WRONG
    assert storage.judge_database(tried, server_runs=False).state is State.NOTE


# The whole

CALM = {"send_denied": 0, "send_dropped": 0, "reads_late": 0, "pictures_rested": 0}
SERVER = RunningServer("1.0", 77, 8080, 8443, "mark", 65536, 1, 1, CALM)


def test_a_server_by_other_settings_is_wrong() -> None:
    assert not is_sick(judge_running(SERVER, "mark"))
    assert is_sick(judge_running(SERVER, "other"))


def test_a_server_that_is_not_ready_is_wrong_with_its_reasons() -> None:
    assert web.judge_ready({"database": "ok", "disk": "ok"}).state is State.GOOD
    found = web.judge_ready({"database": "ok", "disk": "Only 3 MB are free."})
    assert (found.state, "Only 3 MB" in found.meaning) == (State.WRONG, True)


@pytest.mark.parametrize(
    ("name", "word"), [("send_denied", "firewall"), ("reads_late", "slow"), ("pictures_rested", "slow")]
)
def test_what_the_packet_path_should_not_count_is_pointed_out(name: str, word: str) -> None:
    assert judge_counters(CALM).state is State.GOOD
    found = judge_counters(CALM | {name: 3})
    assert (found.state, word in found.meaning) == (State.NOTE, True)


def test_no_server_is_a_note_and_a_hung_one_wrong() -> None:
    assert judge_running(NotRunning(), "mark")[0].state is State.NOTE
    assert judge_running(NotRunning("it did not answer", hangs=True), "mark")[0].state is State.WRONG
    assert judge_running(NotRunning("of another user"), "mark")[0].state is State.SKIPPED


def test_the_report_is_by_topic_and_counts() -> None:
    late = Finding(Topic.MACHINE, "memory", State.GOOD, "Enough.")
    early = Finding(Topic.SERVER, "server", State.WRONG, "It is not there.", "systemctl start vtp")
    report = as_json(in_order([late, early]), "")
    assert [one["looked_at"] for one in report["findings"]] == ["server", "memory"]
    assert report["wrong"] is True
    assert report["counts"] == {"good": 1, "worth knowing": 0, "wrong": 1, "not tried": 0}
    assert report["findings"][0]["cure"] == "systemctl start vtp"
