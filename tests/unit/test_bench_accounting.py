"""Processor time and memory of processes, read from /proc."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from vtp.bench.accounting import CpuTimes, cpu_times, machine_facts, resident_kb, vtp_version, with_children
from vtp.bench.scenarios.window import Window

ENDED = 2**22 + 1  # above the largest pid that Linux gives


def burn(seconds: float) -> None:
    """Uses so much of this thread's processor time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_time_between_two_readings_is_what_was_used() -> None:
    before, process_s = cpu_times([os.getpid()]), time.process_time()
    burn(0.05)
    used, expected = cpu_times([os.getpid()]) - before, time.process_time() - process_s
    assert abs(used.total_s - expected) < 0.01
    assert used.user_s + used.system_s == pytest.approx(used.total_s)


def test_the_parts_of_the_time_are_those_of_the_ticks_in_between() -> None:
    before, after = CpuTimes(10.0, 8.0, 2.0), CpuTimes(11.0, 8.1, 2.3)
    used = after - before
    assert (used.total_s, used.user_s, used.system_s) == pytest.approx((1.0, 0.25, 0.75))
    assert (CpuTimes(0.002) - CpuTimes()).user_s == 0.002, "too short for a tick"


def test_a_thread_that_has_ended_takes_nothing_from_the_parts() -> None:
    used = CpuTimes(11.0, 1.0, 2.5) - CpuTimes(10.0, 8.0, 2.0)
    assert (used.user_s, used.system_s) == (0.0, 1.0)


def test_the_busiest_thread_is_told_from_the_others() -> None:
    before = cpu_times([os.getpid()])
    done = threading.Event()

    def work() -> None:
        burn(0.08)
        done.set()
        release.wait()

    release = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    assert done.wait(20)
    used = cpu_times([os.getpid()]) - before
    release.set()
    thread.join()
    mine = {number: seconds for (_, number, _), seconds in used.threads.items()}
    assert mine[thread.native_id or 0] == used.busiest_s
    assert 0.07 < used.busiest_s < used.total_s + 0.001


def test_an_ended_process_counts_nothing() -> None:
    assert cpu_times([ENDED]).total_s == 0
    assert resident_kb([ENDED]) == 0
    assert with_children(ENDED) == [ENDED]


def test_memory_that_is_touched_is_resident() -> None:
    """Of a process that does nothing but touch it when it is told to, and gives it back."""
    with talking_child(TOUCHES_MEMORY) as (pid, say):
        empty_kb = resident_kb([pid])
        say("touch")
        touched_kb = resident_kb([pid])
        say("give back")
        left_kb = resident_kb([pid])
    assert touched_kb - empty_kb == pytest.approx(32 << 10, abs=512)
    assert left_kb - empty_kb == pytest.approx(0, abs=512)


TOUCHES_MEMORY = """
import mmap, sys
block = None
print("ready", flush=True)
for line in sys.stdin:
    if line == "touch\\n":
        block = mmap.mmap(-1, 32 << 20)
        for page in range(0, len(block), mmap.PAGESIZE):
            block[page] = 1
    else:
        block.close()
    print("done", flush=True)
"""


@contextmanager
def talking_child(program: str) -> Iterator[tuple[int, Callable[[str], None]]]:
    """A Python process; what is said to it is done when the call comes back."""
    with subprocess.Popen(
        [sys.executable, "-c", program], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin and child.stdout
        assert child.stdout.readline() == "ready\n"

        def say(word: str) -> None:
            assert child.stdin and child.stdout
            print(word, file=child.stdin, flush=True)
            assert child.stdout.readline() == "done\n"

        yield child.pid, say


def test_children_count_with_their_parent() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in with_children(os.getpid())
    finally:
        child.communicate(b"\n")


def test_a_window_tells_both_sides_apart() -> None:
    window = Window([ENDED])
    burn(0.03)
    spent = window.close()
    assert spent.server.total_s == 0
    assert spent.client.total_s >= 0.025
    assert spent.seconds >= 0.025


def test_machine_facts_name_what_a_figure_depends_on() -> None:
    facts = machine_facts()
    assert facts["cores"] >= 1
    assert facts["memory_mb"] > 100
    assert all(facts[key] for key in ("processor", "kernel", "system", "python", "openssl"))
    assert vtp_version()
