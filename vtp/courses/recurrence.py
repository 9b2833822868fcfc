"""When the classes of a series are: a rule of recurrence (RFC 5545, 3.3.10) by the clock on a wall. No I/O.

A class at eight is at eight in summer and in winter. A time that a change of the clock leaves out is taken by
the offset before it, one that comes twice is the first of the two (RFC 5545, 3.3.5).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

MAX_COUNT: Final = 500
MAX_YEARS: Final = 3
"""So long after the first class there is none any more: rules that are never met end here, too."""
LAST_YEAR: Final = 2200
LOCAL: Final = "%Y-%m-%dT%H:%M"
_DAY: Final = "(MO|TU|WE|TH|FR|SA|SU)"
_DAYS: Final = f"{_DAY}(,{_DAY}){{0,6}}"
_COMMON: Final = {"COUNT": r"[1-9][0-9]{0,2}", "UNTIL": r"[0-9]{8}(T[0-9]{6}Z?)?", "WKST": _DAY}
_WORDS: Final = {
    "DAILY": {**_COMMON, "INTERVAL": r"[1-9][0-9]{0,2}"},
    "WEEKLY": {**_COMMON, "INTERVAL": r"[1-9][0-9]?", "BYDAY": _DAYS},
    "MONTHLY": {
        **_COMMON,
        "INTERVAL": r"[1-6]",
        "BYDAY": rf"([+-]?[1-4]|-5)?{_DAY}(,([+-]?[1-4]|-5)?{_DAY}){{0,6}}",
        "BYMONTHDAY": r"-?([1-9]|[12][0-9]|3[01])(,-?([1-9]|[12][0-9]|3[01])){0,30}",
        "BYSETPOS": r"[1-4]|-[1-4]",
    },
}
"""Rules that classes keep, each of which is met again and again: the library looks for the next class of one
that is never met until the year 9999, which takes minutes."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One class: what the clock on the wall says then, and when that is."""

    local: str
    starts_at: datetime


def parse_rule(text: str) -> dict[str, str]:
    """The parts of a rule. Raises ValueError with a sentence."""
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if name in parts:
            raise ValueError(f"{name[:20]} is there twice")
        parts[name] = value
    words = _WORDS.get(parts.get("FREQ", ""))
    if words is None:
        raise ValueError(
            "take a rule like FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270210; FREQ is DAILY, WEEKLY or MONTHLY"
        )
    for name, value in parts.items():
        if name != "FREQ" and (name not in words or not re.fullmatch(words[name], value)):
            raise ValueError(f"such a rule cannot have {name[:20]}={value[:40]}")
    _check_together(parts)
    if "UNTIL" in parts:
        _until(parts["UNTIL"], ZoneInfo("UTC"))
    return parts


def _check_together(parts: dict[str, str]) -> None:
    """Raises ValueError for parts that exclude each other, or could."""
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("take either COUNT or UNTIL")
    if int(parts.get("COUNT", "1")) > MAX_COUNT:
        raise ValueError(f"COUNT is at most {MAX_COUNT}")
    if "BYDAY" in parts and "BYMONTHDAY" in parts:
        raise ValueError("take either BYDAY or BYMONTHDAY")
    plain = re.fullmatch(_DAYS, parts.get("BYDAY", ""))
    if "BYSETPOS" in parts and not plain:
        raise ValueError("BYSETPOS goes with BYDAY alone, without numbers before the days")


def read_local(text: str) -> datetime:
    """What a clock on the wall says, as 2026-10-05T08:00. Raises ValueError with a sentence."""
    try:
        return datetime.strptime(text, LOCAL)
    except ValueError:
        raise ValueError("write the first class as the clock says it, as 2026-10-05T08:00") from None


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """When that is, there."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def occurrences(rule: str, first: str, zone: ZoneInfo, until: datetime) -> Iterator[Occurrence]:
    """The classes of a series from the first on, in order, up to that moment."""
    parts, start = parse_rule(rule), read_local(first)
    last = min(start + timedelta(days=366 * MAX_YEARS), _as_local(until, zone) + timedelta(days=1))
    if "UNTIL" in parts:
        last = min(last, _until(parts["UNTIL"], zone))
    if last < start:
        return
    stop = f"UNTIL={last:%Y%m%dT%H%M%S}"
    found = rrulestr(f"{_recurring(parts)};{stop}", dtstart=start)
    count = int(parts["COUNT"]) if "COUNT" in parts else MAX_COUNT
    for local in itertools.islice(found, count):
        at = moment_of(local, zone)
        if at > until:
            return
        yield Occurrence(local.strftime(LOCAL), at)


def _recurring(parts: dict[str, str]) -> str:
    """The rule without its end, which is found by counting and comparing here."""
    return ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))


def _until(text: str, zone: ZoneInfo) -> datetime:
    """The last moment of a rule on the wall; of a date alone its end."""
    try:
        at = datetime.strptime(text[:15], "%Y%m%d" if len(text) == 8 else "%Y%m%dT%H%M%S")
    except ValueError:
        raise ValueError(f"UNTIL cannot be {text}") from None
    if not 1970 <= at.year <= LAST_YEAR:  # beyond, clocks elsewhere have no such time
        raise ValueError(f"UNTIL is in a year from 1970 to {LAST_YEAR}")
    if len(text) == 8:
        return at + timedelta(days=1, seconds=-1)
    return _as_local(at.replace(tzinfo=UTC), zone) if text.endswith("Z") else at


def _as_local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
