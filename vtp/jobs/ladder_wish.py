"""Which rungs a ladder's job is of, as its row says it: `720,480`; nothing: all of the ladder."""

from __future__ import annotations

from collections.abc import Sequence


def lines_of(rungs: str, lines: Sequence[int]) -> list[int]:
    """Those of the settings' rungs that a job is of."""
    named = rungs.split(",")
    return [one for one in lines if not rungs or str(one) in named]


def with_rungs(rungs: str, more: str) -> str:
    """Both together, from the largest down."""
    if not rungs or not more:
        return ""
    return ",".join(sorted({*rungs.split(","), *more.split(",")}, key=int, reverse=True))
