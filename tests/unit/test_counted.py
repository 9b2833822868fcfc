"""Numbers with their words."""

import pytest

from vtp.counted import counted


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (0, ("day",), "0 days"),
        (1, ("day",), "1 day"),
        (2, ("day",), "2 days"),
        (1, ("person", "people"), "1 person"),
        (21, ("person", "people"), "21 people"),
    ],
)
def test_one_is_counted_as_one(count: int, words: tuple[str, ...], said: str) -> None:
    assert counted(count, *words) == said
