"""The rules of grading, against a second way to compute each, and what they make of how people write."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vtp.quizzes.grading import Counts, QuestionKind, counted, grade, total

points_of = st.integers(0, 100_000).map(lambda hundredths: hundredths / 100)
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 3))


def to_four_places(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.0001"), rounding="ROUND_HALF_UP"))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=12), points_of, st.booleans())
def test_choices_are_right_minus_wrong_and_never_less_than_nothing(
    choices: list[tuple[bool, bool]], points: float, partial: bool
) -> None:
    if not any(right for right, _ in choices):
        choices = [(True, choices[0][1]), *choices[1:]]
    solution = {"choices": [{"id": str(i), "right": right} for i, (right, _) in enumerate(choices)]}
    answer = {"choices": [str(i) for i, (_, chosen) in enumerate(choices) if chosen]}
    got = grade(QuestionKind.MULTIPLE, solution, points, answer, partial=partial)
    balance, all_right = 0, True
    for right, chosen in choices:
        balance += (1 if right else -1) if chosen else 0
        all_right = all_right and right == chosen
    if partial:
        with localcontext() as context:
            context.prec = 60
            share = Decimal(str(points)) * max(0, balance) / sum(right for right, _ in choices)
        assert got == to_four_places(share)
    else:
        assert got == (points if all_right else 0)
    assert 0 <= got <= points


@given(st.integers(2, 8), st.data(), points_of)
def test_one_choice_is_right_and_no_other(count: int, data: st.DataObject, points: float) -> None:
    right, chosen = (data.draw(st.integers(0, count - 1)) for _ in range(2))
    solution = {"choices": [{"id": str(i), "right": i == right} for i in range(count)]}
    got = grade(QuestionKind.SINGLE, solution, points, {"choices": [str(chosen)]}, partial=True)
    assert got == (points if chosen == right else 0)


@given(
    numbers, st.integers(0, 10_000), st.sampled_from(["absolute", "relative"]), numbers, st.integers(-2, 2)
)
def test_a_number_is_right_up_to_its_tolerance_and_on_it(
    value: float, thousandths: int, kind: str, other: float, step: int
) -> None:
    """`step` puts the answer a step beside the border, or on it."""
    width = Decimal(thousandths) / 1000 * (abs(Decimal(str(value))) if kind == "relative" else 1)
    on_the_border = float(Decimal(str(value)) + width + step * Decimal("0.001"))
    solution = {"value": value, "tolerance": thousandths / 1000, "tolerance_kind": kind}
    for answer in (on_the_border, other):
        with localcontext() as context:
            context.prec = 60
            near = abs(Decimal(repr(answer)) - Decimal(repr(value))) <= width
        got = grade(QuestionKind.NUMERIC, solution, 1.0, {"value": answer}, partial=True)
        assert got == (1.0 if near else 0.0), (answer, solution)


@given(st.lists(points_of, max_size=30), st.sampled_from(list(Counts)))
def test_attempts_count_as_the_quiz_says_and_points_are_summed_exactly(
    attempts: list[float], counts: Counts
) -> None:
    in_hundredths = [round(one * 100) for one in attempts]
    assert total(attempts) == sum(in_hundredths) / 100
    got = counted(attempts, counts)
    if not attempts:
        assert got is None
    elif counts is Counts.AVERAGE:
        with localcontext() as context:
            context.prec = 60
            mean = Decimal(sum(in_hundredths)) / 100 / len(attempts)
        assert got == to_four_places(mean)
    else:
        ordered = sorted(in_hundredths) if counts is Counts.BEST else in_hundredths
        assert got == ordered[-1] / 100


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.text(" \t\u00a0", max_size=3),
)
def test_words_are_right_however_they_are_typed(word: str, space: str) -> None:
    typed = space + unicodedata.normalize("NFD", word) + space
    for accepted, given_text in ((word, typed), (typed, word)):
        solution: dict[str, Any] = {"accepted": [accepted]}
        assert grade(QuestionKind.TEXT, solution, 1.0, {"text": given_text}, partial=True) == 1.0


@pytest.mark.parametrize(
    ("accepted", "typed", "rules", "right"),
    [
        ("Paris", "  paRIS ", {}, True),
        ("Paris", "paris", {"ignore_case": False}, False),
        ("New York", "new \t york", {}, True),
        ("New York", "New  York", {"ignore_space": False}, False),
        ("Newyork", "New York", {}, False),
        ("Straße", "STRASSE", {}, True),
        ("ﬁn", "fin", {}, True),
        ("12", "１２", {"ignore_form": False}, False),
        ("café", "cafe\u0301", {"ignore_form": False}, True),
        ("café", "cafe", {}, False),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", {}, True),
        ("12", "１２", {}, True),
        ("x", "", {}, False),
    ],
)
def test_words_are_compared_by_the_rules_of_their_question(
    accepted: str, typed: str, rules: dict[str, bool], right: bool
) -> None:
    got = grade(QuestionKind.TEXT, {"accepted": [accepted], **rules}, 1.0, {"text": typed}, partial=True)
    assert (got == 1.0) is right


def test_a_tenth_and_two_tenths_are_three_tenths() -> None:
    solution = {"value": 0.3, "tolerance": 0.0, "tolerance_kind": "absolute"}
    assert grade(QuestionKind.NUMERIC, solution, 1.0, {"value": 0.3}, partial=True) == 1.0
    assert total([0.1, 0.2]) == 0.3
    solution = {"value": 1.1, "tolerance": 0.1, "tolerance_kind": "absolute"}
    assert grade(QuestionKind.NUMERIC, solution, 1.0, {"value": 1.2}, partial=True) == 1.0


def test_who_answers_nothing_gets_nothing() -> None:
    for kind in QuestionKind:
        assert grade(kind, {}, 5.0, None, partial=True) == 0.0
