"""The rules by which an answer is worth points. No I/O.

Numbers are taken as they are written in decimals, and points are summed as fractions: 0.1 + 0.2 is within no
tolerance of anything but 0.3.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final


class QuestionKind(enum.StrEnum):
    """What is asked for."""

    SINGLE = "single"  # one of some choices
    MULTIPLE = "multiple"  # all choices that are right
    NUMERIC = "numeric"
    TEXT = "text"  # a few words


class Tolerance(enum.StrEnum):
    """What a tolerance is measured by."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"  # a part of the value: 0.05 is five per cent


class Counts(enum.StrEnum):
    """Which of several attempts counts."""

    BEST = "best"
    LAST = "last"
    AVERAGE = "average"


Answer = Mapping[str, Any]
Solution = Mapping[str, Any]
_PLACES: Final = 10_000  # points are told to four places


def exact(number: float) -> Fraction:
    """A number as it is written, not as a processor has it."""
    return Fraction(repr(number))


def rounded(points: Fraction) -> float:
    """Points as they are told: to four places, halves upwards."""
    return int(points * _PLACES + Fraction(1, 2)) / _PLACES


def grade(
    kind: QuestionKind, solution: Solution, points: float, answer: Answer | None, *, partial: bool
) -> float:
    """What an answer is worth, from nothing to `points`; `partial`: part of it for some right choices."""
    if answer is None:
        return 0.0
    return rounded(exact(points) * _part(kind, solution, answer, partial))


def total(points: Iterable[float]) -> float:
    """The sum."""
    return rounded(sum(map(exact, points), Fraction()))


def counted(attempts: Sequence[float], counts: Counts) -> float | None:
    """What somebody's attempts, the first one first, are worth together; None without any."""
    if not attempts:
        return None
    if counts is Counts.BEST:
        return max(attempts)
    if counts is Counts.LAST:
        return attempts[-1]
    return rounded(sum(map(exact, attempts), Fraction()) / len(attempts))


def fold(text: str, solution: Solution) -> str:
    """A text as it is compared, by the rules of its question."""
    ignore_case, ignore_form = solution.get("ignore_case", True), solution.get("ignore_form", True)
    text = unicodedata.normalize("NFKC" if ignore_form else "NFC", text)
    if ignore_case:
        text = unicodedata.normalize("NFKC" if ignore_form else "NFC", text.casefold())
    return re.sub(r"\s+", " ", text).strip() if solution.get("ignore_space", True) else text


def _part(kind: QuestionKind, solution: Solution, answer: Answer, partial: bool) -> Fraction:
    if kind is QuestionKind.NUMERIC:
        return Fraction(_is_near(solution, answer))
    if kind is QuestionKind.TEXT:
        given = fold(str(answer.get("text") or ""), solution)
        return Fraction(given in {fold(one, solution) for one in solution["accepted"]})
    right = {choice["id"] for choice in solution["choices"] if choice["right"]}
    chosen = set(answer.get("choices") or ())
    if kind is QuestionKind.SINGLE or not partial:
        return Fraction(chosen == right)
    return max(Fraction(), Fraction(len(chosen & right) - len(chosen - right), len(right)))


def _is_near(solution: Solution, answer: Answer) -> bool:
    given = answer.get("value")
    if given is None:
        return False
    value, tolerance = exact(solution["value"]), exact(solution["tolerance"])
    if solution["tolerance_kind"] == Tolerance.RELATIVE:
        tolerance *= abs(value)
    return abs(exact(given) - value) <= tolerance
