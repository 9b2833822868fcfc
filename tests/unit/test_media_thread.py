"""How media threads are scheduled, where the system grants it and where it does not."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest

from vtp.errors import StartupError
from vtp.media.media_thread import (
    GIVES_WAY_ABOVE,
    PREFERRED_BELOW,
    MediaThread,
    Precedence,
    adjust_together,
)
from vtp.media.plane import start_media
from vtp.settings import Settings
from vtp.threads import be_patient, be_prompt, go_first

POLICIES = {Precedence.REAL_TIME: os.SCHED_RR}


@pytest.fixture
def thread_id() -> Iterator[int]:
    """A thread that waits."""
    ending = threading.Event()
    thread = threading.Thread(target=ending.wait)
    thread.start()
    assert thread.native_id is not None
    yield thread.native_id
    ending.set()
    thread.join()


def refuse(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Has the system refuse these calls, as it does to users without rights."""

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    for name in names:
        monkeypatch.setattr(os, name, refused)


def policy(thread_id: int) -> int:
    return os.sched_getscheduler(thread_id)


def test_a_media_thread_gets_what_the_system_grants(thread_id: int) -> None:
    thread = MediaThread(thread_id)
    assert thread.precedence is not Precedence.NONE
    assert policy(thread_id) == POLICIES.get(thread.precedence, os.SCHED_OTHER)


def test_a_higher_priority_stands_in_for_real_time(thread_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    refuse(monkeypatch, "sched_setscheduler")
    monkeypatch.setattr(os, "setpriority", lambda which, who, niceness: asked.append(niceness))
    assert MediaThread(thread_id).precedence is Precedence.HIGH
    assert asked == [-10]


def test_short_turns_are_what_nobody_is_refused(thread_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "sched_setscheduler", "setpriority")
    assert MediaThread(thread_id).precedence is Precedence.SHORT_TURNS
    assert policy(thread_id) == os.SCHED_OTHER


def test_a_thread_that_needs_a_whole_processor_gives_way_until_it_needs_less(thread_id: int) -> None:
    own = os.getpriority(os.PRIO_PROCESS, thread_id)
    thread = MediaThread(thread_id)
    granted = thread.precedence
    thread.adjust(GIVES_WAY_ABOVE)
    assert thread.precedence is granted
    thread.adjust(GIVES_WAY_ABOVE + 0.01)
    assert thread.precedence is Precedence.NONE and policy(thread_id) == os.SCHED_OTHER
    assert os.getpriority(os.PRIO_PROCESS, thread_id) == own
    thread.adjust(PREFERRED_BELOW)
    assert thread.precedence is Precedence.NONE
    thread.adjust(PREFERRED_BELOW - 0.01)
    assert thread.precedence is granted


def test_threads_that_share_a_processor_give_way_when_together_they_need_it(
    thread_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "sched_setscheduler", "setpriority")
    monkeypatch.setattr(os, "sched_setaffinity", lambda thread, cpus: None)
    first, second, apart = (MediaThread(thread_id, [cpu]) for cpu in (0, 0, 1))
    adjust_together({first: 0.4, second: 0.4, apart: 0.4})
    assert {thread.precedence for thread in (first, second, apart)} == {Precedence.SHORT_TURNS}
    adjust_together({first: 0.45, second: 0.45, apart: 0.45})
    granted = [thread.precedence for thread in (first, second, apart)]
    assert granted == [Precedence.NONE, Precedence.NONE, Precedence.SHORT_TURNS]
    adjust_together({first: 0.3, second: 0.3, apart: 0.9})
    granted = [thread.precedence for thread in (first, second, apart)]
    assert granted == [Precedence.SHORT_TURNS, Precedence.SHORT_TURNS, Precedence.NONE]


def test_more_threads_than_processors_give_way_before_nothing_is_left(
    thread_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "sched_setscheduler", "setpriority")
    monkeypatch.setattr(os, "sched_getaffinity", lambda thread: {0, 1})
    threads = [MediaThread(thread_id) for _ in range(4)]
    adjust_together(dict.fromkeys(threads, 0.45))
    assert {thread.precedence for thread in threads} == {Precedence.NONE}


def test_nothing_is_asked_for_when_the_setting_says_normal(
    thread_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "sched_setscheduler", "setpriority")
    thread = MediaThread(thread_id, preferred=False)
    thread.adjust(0.0)
    assert thread.precedence is Precedence.NONE and policy(thread_id) == os.SCHED_OTHER


def test_a_media_thread_stays_on_its_processor(thread_id: int) -> None:
    cpu = max(os.sched_getaffinity(0))
    MediaThread(thread_id, [cpu])
    assert os.sched_getaffinity(thread_id) == {cpu}


async def test_a_processor_that_is_not_there_is_refused_with_those_that_are() -> None:
    settings = Settings.model_validate({"media": {"host": "127.0.0.1", "udp_port": 0, "cpus": "0, 4095"}})
    with pytest.raises(StartupError, match=r"media\.cpus names processor 4095, .* it has .*0"):
        await start_media(settings)


async def test_workers_take_the_processors_in_turn() -> None:
    cpus = sorted(os.sched_getaffinity(0))[:2]
    media = {"host": "127.0.0.1", "udp_port": 0, "workers": 3, "cpus": cpus}
    plane = await start_media(Settings.model_validate({"media": media}))
    pinned = [os.sched_getaffinity(worker.core.thread_id) for worker in plane.workers]
    await plane.close()
    assert pinned == [{cpus[0]}, {cpus[-1]}, {cpus[0]}]


async def test_rooms_have_floors_of_as_many_places_as_are_set() -> None:
    media = {"host": "127.0.0.1", "udp_port": 0, "heard_at_once": 5}
    plane = await start_media(Settings.model_validate({"media": media}))
    assert plane.create_router().floors.places == 5
    await plane.close()


def test_patient_threads_interrupt_nobody() -> None:
    found: list[int] = []

    def look() -> None:
        be_patient(5)
        found.extend([os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [os.SCHED_BATCH, 5]


def test_patience_ends_where_somebody_waits() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    found: list[int] = []

    def work() -> None:
        be_patient(own + 5)
        be_prompt()
        niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        found.extend([os.sched_getscheduler(0), niceness])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0] == os.SCHED_OTHER
    assert found[1] in (own, own + 5), "as before, where the system lets anybody have it back"
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def in_a_thread(look: Callable[[], None]) -> None:
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()


def test_who_was_never_patient_stays_as_it_is() -> None:
    found: list[int] = []

    def work() -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        be_prompt()
        found.append(os.sched_getscheduler(0))

    in_a_thread(work)
    assert found == [os.SCHED_BATCH]


def niceness_here() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_who_goes_first_makes_ordinary_threads() -> None:
    """Where the system grants it, and these tests run as an ordinary process: else nothing has changed."""
    own = niceness_here()
    found: list[int] = []
    granted: list[bool] = []

    def look() -> None:
        found.append(niceness_here())

    def work() -> None:
        granted.append(go_first(-5))
        look()
        in_a_thread(look)

    in_a_thread(work)
    assert found == ([-5, 0] if granted[0] else [own, own])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What is asked of a system that grants all of it to an ordinary thread."""
    made: list[tuple[str, int]] = []
    monkeypatch.setattr(os, "getpriority", lambda which, who: 0)
    monkeypatch.setattr(os, "sched_getscheduler", lambda who: os.SCHED_OTHER)
    monkeypatch.setattr(os, "setpriority", lambda which, who, niceness: made.append(("niceness", niceness)))
    monkeypatch.setattr(os, "sched_setscheduler", lambda who, policy, _: made.append(("policy", policy)))
    return made


FIRST = ("niceness", -5)


def test_niceness_is_asked_for_before_what_nobody_without_rights_can_undo(
    calls: list[tuple[str, int]],
) -> None:
    assert go_first(-5)
    assert calls == [FIRST, ("policy", os.SCHED_OTHER | os.SCHED_RESET_ON_FORK)]


def test_who_may_not_go_first_goes_as_before(
    calls: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "setpriority")
    assert not go_first(-5)
    assert calls == []


def test_who_would_make_others_that_go_first_does_not(
    calls: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "sched_setscheduler")
    assert not go_first(-5)
    assert calls == [FIRST, ("niceness", 0)]


def test_another_niceness_is_somebodys_decision() -> None:
    other, as_before = min(niceness_here() + 3, 19), os.sched_getscheduler(0)
    found: list[int | bool] = []

    def work() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), other)
        found.extend([go_first(-5), niceness_here(), os.sched_getscheduler(0)])

    in_a_thread(work)
    assert found == [False, other, as_before]


@pytest.mark.parametrize("decided", [os.SCHED_BATCH, os.SCHED_IDLE])
def test_another_policy_is_somebodys_decision(decided: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpriority", lambda which, who: 0)  # also where these tests are niced
    found: list[int | bool] = []

    def work() -> None:
        os.sched_setscheduler(0, decided, os.sched_param(0))
        found.extend([go_first(-5), os.sched_getscheduler(0)])

    in_a_thread(work)
    assert found == [False, decided]
