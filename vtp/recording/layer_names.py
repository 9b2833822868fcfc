"""How the tracks are called that are recorded from a presenter's lower layers."""

from __future__ import annotations

_PREFIX = "layer-"


def layer_track(number: int) -> str:
    """The track of such a rung; 1 is the one below the picture."""
    return f"{_PREFIX}{number}"


def layer_number(track: str) -> int:
    """Which rung it is; 0 for a track that is none."""
    digits = track.removeprefix(_PREFIX)
    return int(digits) if digits != track and digits.isdecimal() else 0
