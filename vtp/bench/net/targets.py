"""What a scenario of `vtp bench network` should show, and whether it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict


@dataclass(frozen=True)
class Target:
    """A bound on one figure of the scenario."""

    figure: str
    """Its key; a dot leads into what is below."""
    limit: float
    at_least: bool = False
    """The bound is the least, not the most."""

    def is_met(self, value: float | None) -> bool:
        """What never came about is not met."""
        if value is None:
            return False
        return value >= self.limit if self.at_least else value <= self.limit


class Standing(TypedDict):
    """How a figure stands to its target."""

    figure: str
    value: float | None
    target: str
    met: bool


def standings(targets: Sequence[Target], figures: Mapping[str, Any]) -> list[Standing]:
    """One for each target."""
    found = []
    for target in targets:
        value = _value(figures, target.figure)
        sign = "≥" if target.at_least else "≤"
        met = target.is_met(value)
        found.append(Standing(figure=target.figure, value=value, target=f"{sign} {target.limit:g}", met=met))
    return found


def _value(figures: Mapping[str, Any], path: str) -> float | None:
    found: Any = figures
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return None if found is None else float(found)
