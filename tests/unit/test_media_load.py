"""What a worker's load is, and where rooms and newcomers go by it."""

from dataclasses import dataclass

import pytest

from vtp.media.load import EXPECTED_SHARE, SETTLED_S, WINDOW_S, LoadMeter
from vtp.media.placement import choose_for_newcomer, choose_home


def test_busy_is_the_share_of_the_last_seconds() -> None:
    meter = LoadMeter()
    for second in range(20):
        meter.measure(min(second, 10) * 0.5, 1, float(second))
    assert meter.busy == 0.0, "it has slept for longer than the window"
    for second in range(20, 24):
        meter.measure(5.0 + (second - 19) * 0.8, 1, float(second))
    assert meter.busy == pytest.approx(0.8)


def test_one_sample_says_nothing_yet() -> None:
    meter = LoadMeter()
    meter.measure(12.0, 1, 100.0)
    assert meter.busy == 0.0


def test_what_was_just_placed_is_expected_until_it_shows() -> None:
    meter = LoadMeter()
    for _ in range(100):
        meter.place(10.0)
    assert meter.load(10.0) == pytest.approx(100 * EXPECTED_SHARE)
    assert meter.load(10.0 + SETTLED_S / 2) == pytest.approx(50 * EXPECTED_SHARE)
    assert meter.load(10.0 + SETTLED_S) == 0.0


def test_what_a_transport_costs_is_learned_from_those_that_are_there() -> None:
    meter = LoadMeter()
    meter.measure(0.0, 50, 0.0)
    meter.measure(0.5 * WINDOW_S, 50, WINDOW_S)
    meter.place(WINDOW_S)
    assert meter.load(WINDOW_S) == pytest.approx(0.5 + 0.5 / 50)


@dataclass(frozen=True)
class Thread:
    name: str
    load: float
    transport_count: int = 0


def test_a_room_goes_to_the_least_loaded_worker() -> None:
    busy, idle = Thread("busy", 0.5, 3), Thread("idle", 0.1, 30)
    assert choose_home([busy, idle]) is idle


def test_a_room_goes_to_the_worker_with_fewer_transports_when_none_is_busier() -> None:
    assert choose_home([Thread("a", 0.1, 3), Thread("b", 0.1001, 2)]).name == "b"


def test_a_newcomer_stays_at_home_while_there_is_room() -> None:
    home, other = Thread("home", 0.59), Thread("other", 0.0)
    assert choose_for_newcomer(home, {home}, [home, other], 0.6) is home


def test_a_newcomer_of_a_full_worker_joins_those_of_its_room_elsewhere() -> None:
    home, present, emptier = Thread("home", 0.7), Thread("present", 0.4), Thread("emptier", 0.1)
    workers = [home, present, emptier]
    assert choose_for_newcomer(home, {home, present}, workers, 0.6) is present
    assert choose_for_newcomer(home, {home}, workers, 0.6) is emptier


def test_a_newcomer_goes_to_the_least_loaded_when_all_are_full() -> None:
    home, present, other = Thread("home", 0.9), Thread("present", 0.8), Thread("other", 0.7)
    assert choose_for_newcomer(home, {home, present}, [home, present, other], 0.6) is other
    assert choose_for_newcomer(home, {home}, [home], 0.6) is home
