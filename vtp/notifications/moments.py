"""Moments in the texts of news, by the clocks of who reads them.

News is written once for a whole class, by the clocks of its course, and names their time zone:
`4 December 2026 at 08:00 (Europe/Berlin)` at the end of a sentence, `2026-12-04 08:00 to 09:30 (UTC)` at the
end of a line. So each moment can be said by the clocks of any reader. Titles, which people have written,
stand in “quotes” or before the end of a line, and stay as they are.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from vtp.time_zones import zone_of_name

DAY_AND_TIME: Final = "%Y-%m-%d %H:%M"
TIME: Final = "%H:%M"
IN_WORDS: Final = "%d %B %Y at %H:%M"
UTC: Final = "UTC"

_MONTHS: Final = "January|February|March|April|May|June|July|August|September|October|November|December"
_QUOTED: Final = "“.*”"
"""A title: from the first mark to the last of a line, as it may have some itself."""
_SPAN: Final = re.compile(
    rf"{_QUOTED}|"
    r"\b(?P<start>\d{4}-\d\d-\d\d \d\d:\d\d)(?: to (?P<end>(?:\d{4}-\d\d-\d\d )?\d\d:\d\d))?"
    r" \((?P<zone>[\w+/-]{1,64})\)$",
    re.ASCII | re.MULTILINE,
)
_WORDS: Final = re.compile(
    rf"{_QUOTED}|"
    rf"\b(?P<at>\d{{1,2}} (?:{_MONTHS}) \d{{4}} at \d\d:\d\d) (?:UTC|\((?P<zone>[\w+/-]{{1,64}})\))(?=\.|$)",
    re.ASCII | re.MULTILINE,
)


def day_and_time(at: datetime, time_zone: str) -> str:
    """A moment by the clocks of a time zone, which is named: 4 December 2026 at 08:00 (Europe/Berlin)."""
    named = time_zone if time_zone == UTC else f"({time_zone})"
    return f"{_in_words(at.astimezone(ZoneInfo(time_zone)))} {named}"


def span(start: datetime, end: datetime | None, time_zone: str) -> str:
    """From when to when: 2026-12-04 08:00 to 09:30 (Europe/Berlin)."""
    return f"{_span(start, end, ZoneInfo(time_zone))} ({time_zone})"


def for_reader(text: str, time_zone: str) -> str:
    """A text of news with its moments by the clocks of who reads it: their time zone is named where it is not
    the one by which it was written. What is not understood stays as it is; so does everything for a time zone
    that is not known here. Of an hour that comes twice when clocks are set back it is the first, but for
    what would end as it begins, or before.
    """
    reader = zone_of_name(time_zone)
    if reader is None:
        return text
    text = _SPAN.sub(lambda found: _span_for(found, reader), text)
    return _WORDS.sub(lambda found: _words_for(found, reader), text)


def _span_for(found: re.Match[str], reader: ZoneInfo) -> str:
    zone = zone_of_name(found["zone"]) if found["start"] else None
    start, end = found["start"], found["end"]
    if end is not None and len(end) == len("08:00"):
        end = f"{start[:11]}{end}"
    if zone is None:
        return found[0]
    try:
        moments = [datetime.strptime(one, DAY_AND_TIME).replace(tzinfo=zone) for one in (start, end) if one]
        begins, ends = moments[0], moments[1] if end is not None else None
        if ends is not None and ends <= begins:  # by the clock on the wall, which was set back between
            ends = ends.replace(fold=1)
        said = _span(begins, ends, reader)
    except (ValueError, OverflowError):
        return found[0]
    return said + _named(zone, reader)


def _words_for(found: re.Match[str], reader: ZoneInfo) -> str:
    zone = zone_of_name(found["zone"] or UTC) if found["at"] else None
    if zone is None:
        return found[0]
    try:
        at = datetime.strptime(found["at"], IN_WORDS).replace(tzinfo=zone)
        said = _in_words(at.astimezone(reader))
    except (ValueError, OverflowError):
        return found[0]
    return said + _named(zone, reader)


def _named(written: ZoneInfo, reader: ZoneInfo) -> str:
    return "" if written.key == reader.key else f" ({reader.key})"


def _in_words(at: datetime) -> str:
    return f"{at:{IN_WORDS}}".removeprefix("0")


def _span(start: datetime, end: datetime | None, zone: ZoneInfo) -> str:
    start = start.astimezone(zone)
    text = f"{start:{DAY_AND_TIME}}"
    if end is None:
        return text
    end = end.astimezone(zone)
    return f"{text} to {end:{TIME if end.date() == start.date() else DAY_AND_TIME}}"
