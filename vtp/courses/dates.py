"""What becomes of dates where the things of a course are put into another one. No I/O."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vtp.courses.recurrence import LAST_YEAR, LOCAL, parse_rule, read_local

MAX_DAYS: Final = 3660


class DateRule(enum.StrEnum):
    """What becomes of dates."""

    KEPT = "kept"
    DROPPED = "dropped"  # what had one is not published, or it would be open from the first day
    SHIFTED = "shifted"  # by days, by the clocks of a time zone


@dataclass(frozen=True, slots=True)
class Dates:
    """The rule for one course."""

    rule: DateRule
    days: int = 0
    time_zone: str = "UTC"

    def of(self, at: datetime | None) -> datetime | None:
        """A date, as the clock on the wall says it on another day."""
        if at is None or self.rule is DateRule.DROPPED:
            return None
        if not self.days:
            return at
        local = at.astimezone(ZoneInfo(self.time_zone)) + timedelta(days=self.days)
        return local.astimezone(UTC)

    def published(self, published: bool, *bounds: datetime | None) -> bool:
        """Whether something is that had these dates."""
        return published and (self.rule is not DateRule.DROPPED or not any(bounds))

    def local(self, text: str) -> str:
        """The first class of a series, as a clock says it."""
        return (read_local(text) + timedelta(days=self.days)).strftime(LOCAL)

    def of_rule(self, rule: str, time_zone: str) -> str:
        """A rule of recurrence that ends so many days later."""
        parts = parse_rule(rule)
        until = parts.get("UNTIL")
        if not self.days or until is None:
            return rule
        if until.endswith("Z"):  # said on the wall from now on: the offset there may be another
            zone = ZoneInfo(time_zone)
            wall = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(zone)
        else:
            wall = datetime.strptime(until, "%Y%m%d" if len(until) == 8 else "%Y%m%dT%H%M%S")
        wall = min(wall.replace(tzinfo=None) + timedelta(days=self.days), datetime(LAST_YEAR, 12, 31, 23))
        parts["UNTIL"] = f"{wall:%Y%m%d}" if len(until) == 8 else f"{wall:%Y%m%dT%H%M%S}"
        return ";".join(f"{name}={value}" for name, value in parts.items())


DROPPED: Final = Dates(DateRule.DROPPED)
KEPT: Final = Dates(DateRule.KEPT)
