"""Which cases of a test are run, and that each run begins where its seed says."""

from __future__ import annotations

import random
from itertools import product

import pytest

from tests.drawn import MARKER, ON_POSTGRESQL, SEED, draw, is_on_postgresql, not_drawn, seed_of_run

pytest_plugins = ["pytester"]
MATRIX = [{"player": a, "codec": b, "content": c} for a, b, c in product("123", "1234", "12345")]
FILE = """
import pytest

@pytest.mark.drawn
@pytest.mark.parametrize("codec", ["vp8", "h264", pytest.param("av1", marks=pytest.mark.long)])
@pytest.mark.parametrize("player", range(3))
def test_matrix(player, codec):
    pass

@pytest.mark.drawn(2)
@pytest.mark.parametrize("seed", range(9))
def test_seeds(seed):
    pass

def test_other():
    pass
"""


@pytest.mark.parametrize("seed", range(20))
def test_every_value_is_in_a_case_and_no_case_is_there_for_nothing(seed: int) -> None:
    drawn = [MATRIX[place] for place in draw(MATRIX, random.Random(seed))]
    assert {value for case in drawn for value in case.items()} == {v for case in MATRIX for v in case.items()}
    assert len(drawn) == 5


def test_each_case_has_its_turn() -> None:
    assert set.union(*(draw(MATRIX, random.Random(seed)) for seed in range(100))) == set(range(len(MATRIX)))


def test_as_many_are_drawn_as_are_asked_for() -> None:
    assert len(draw(MATRIX, random.Random(1), 2)) == 2
    assert draw(MATRIX[:1], random.Random(1), 2) == {0}


def test_each_test_has_its_turn_on_postgresql() -> None:
    seeds = range(100)
    for name in ("a.py::test_1[]", "a.py::test_2[]", "b.py::test_1[-50]"):
        runs = [is_on_postgresql(name, seed) for seed in seeds]
        assert runs == [is_on_postgresql(name, seed) for seed in seeds]
        assert 10 < sum(runs) < 50, name


def test_of_the_tests_of_one_run_a_share_is_on_postgresql() -> None:
    drawn = sum(is_on_postgresql(f"a.py::test_{number}", 7) for number in range(2000))
    assert abs(drawn / 2000 - ON_POSTGRESQL) < 0.05


def test_a_seed_that_is_given_is_the_run_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEED, "17")
    assert seed_of_run() == 17


def test_one_that_is_not_given_is_told_to_who_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SEED, raising=False)
    assert seed_of_run() == seed_of_run()


@pytest.fixture
def collected(pytester: pytest.Pytester) -> list[pytest.Item]:
    """The tests of FILE, as pytest has them."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    return pytester.getitems(FILE)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnknownMarkWarning")
def test_what_bears_no_mark_and_what_is_long_is_left_alone(collected: list[pytest.Item]) -> None:
    for seed in range(5):  # of one collection, which takes seconds
        leaves_alone(collected, seed)


def leaves_alone(collected: list[pytest.Item], seed: int) -> None:
    left = not_drawn(collected, seed)
    assert left == not_drawn(collected, seed)
    run = [item.name for item in collected if item not in left]
    assert sum(name.startswith("test_seeds") for name in run) == 2
    assert sum(name.startswith("test_matrix") and "av1" not in name for name in run) == 3
    assert sum("av1" in name for name in run) == 3
    assert "test_other" in run
    assert not any(item.get_closest_marker(MARKER) is None for item in left)
