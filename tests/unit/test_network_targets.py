"""How figures stand to their targets."""

import pytest

from vtp.bench.net.targets import Target, standings


@pytest.mark.parametrize(
    ("value", "at_least", "met"),
    [(99, False, True), (100, False, True), (101, False, False), (99, True, False), (100, True, True)],
)
def test_a_bound_is_met_by_what_reaches_it(value: float, at_least: bool, met: bool) -> None:
    assert Target("x", 100, at_least=at_least).is_met(value) is met


@pytest.mark.parametrize("at_least", [False, True])
def test_what_never_came_about_meets_nothing(at_least: bool) -> None:
    assert not Target("x", 100, at_least=at_least).is_met(None)


def test_a_dot_leads_into_what_is_below() -> None:
    found = standings([Target("a.b", 2), Target("a.c", 2), Target("d", 1, at_least=True)], {"a": {"b": 1}})
    assert [(one["figure"], one["value"], one["target"], one["met"]) for one in found] == [
        ("a.b", 1.0, "≤ 2", True),
        ("a.c", None, "≤ 2", False),
        ("d", None, "≥ 1", False),
    ]
