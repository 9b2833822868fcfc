"""What sections and lessons have in common: hidden from students until they are released."""

from __future__ import annotations

from datetime import datetime

from vtp.accounts.permissions import Action
from vtp.courses.door import Entered
from vtp.errors import Forbidden


def seen_at(inside: Entered, now: datetime) -> datetime | None:
    """The time by which the caller sees what is released; None for who sees all of it."""
    return None if inside.may(Action.COURSE_TEACH) else now


def not_released() -> Forbidden:
    """The refusal of what students do not see yet."""
    return Forbidden("This is not open yet.", code="not_released")
