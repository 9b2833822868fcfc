"""Which lessons a series has, and which of them a change of it moves, makes and takes away. No I/O.

The classes that are to come are paired with those of the changed rule in their order: the third of the rest
becomes the third of the rest. Whoever has moved or cancelled one has said when that class is, so it keeps its
time, and its place in the order. Today's class stays as it was where its place by the changed rule is over.
No day gets a second class.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

from vtp.courses.outline_store import Lesson
from vtp.courses.recurrence import Occurrence, moment_of, parse_rule, read_local


@dataclass(frozen=True, slots=True)
class Realigned:
    """What becomes of the classes to come."""

    moved: list[tuple[Lesson, Occurrence]]
    """To another time, or to another place in the order where it keeps its time (`touched`)."""
    added: list[Occurrence]
    removed: list[Lesson]
    left_over: list[Lesson]
    """Moved or cancelled by hand, and the changed rule has no place for them: they keep their time."""
    skipped: list[str]
    """The classes that were deleted, and stay so."""


def realign(lessons: Sequence[Lesson], skipped: Sequence[str], wanted: Sequence[Occurrence]) -> Realigned:
    """Pairs what is to come with the classes of a changed rule; `skipped`: of those the ones that were
    deleted, which stay so."""
    rest: list[tuple[str, Lesson | None]] = [(one.occurrence or "", one) for one in lessons]
    rest += [(one, None) for one in skipped]
    rest.sort(key=lambda pair: pair[0])
    found = Realigned([], [], [], [], [])
    gone = object()
    for before, after in zip_longest(rest, wanted, fillvalue=gone):
        if before is gone:
            assert isinstance(after, Occurrence)
            found.added.append(after)
            continue
        assert isinstance(before, tuple)
        lesson = before[1]
        if not isinstance(after, Occurrence):
            if lesson is not None:
                (found.left_over if lesson.touched else found.removed).append(lesson)
        elif lesson is None:
            found.skipped.append(after.local)
        else:
            found.moved.append((lesson, after))
    return found


def change_of(
    lessons: Sequence[Lesson],
    skipped: Sequence[str],
    places: tuple[Sequence[Occurrence], Sequence[Occurrence]],
    rules: tuple[str, str],
    zone: ZoneInfo,
    now: datetime,
) -> Realigned:
    """What a change of a series does to its lessons, and to those of it that were deleted (`skipped`).

    `places` and `rules` are those before and after; `zone` is the one before, by whose clocks the lessons'
    occurrences are. What is to come is by the class that a lesson is, wherever it was moved: one that was put
    off takes no place of those to come, one that was held before its time does.
    """
    known = {*(one.occurrence for one in lessons if one.occurrence), *skipped}
    past = {one for one in known if moment_of(read_local(one), zone) <= now}
    today = f"{now.astimezone(zone):%Y-%m-%d}"
    kept = past | overtaken(past, known - past, places[1], rules, now, today)
    free = not_used_up(kept, *places, rules)
    found = realign(
        [one for one in lessons if one.occurrence and one.occurrence not in kept],
        [one for one in skipped if one not in kept],
        [one for one in free if one.starts_at > now],
    )
    return replace(found, skipped=sorted({*kept.intersection(skipped), *found.skipped}))


def not_used_up(
    kept: Collection[str], before: Sequence[Occurrence], after: Sequence[Occurrence], rules: tuple[str, str]
) -> list[Occurrence]:
    """Of the classes of a changed rule those whose places are not taken by what has begun or stays (`kept`).

    Such a class uses up the place of its day. Where both rules (`rules`: before, after) have as many classes
    in its day, week or month, it uses up the place that it had in that, too: held on Monday, there is none on
    Tuesday where the series moves by a day.
    """
    one, other = (parse_rule(rule)["FREQ"] for rule in rules)
    days = set(map(_day, kept))
    if one != other:
        return [place for place in after if _day(place.local) not in days]
    period = _PERIODS[one]
    used = Counter(map(period, kept))
    counts = Counter(period(place.local) for place in before)
    places: dict[str, list[Occurrence]] = defaultdict(list)
    for place in after:
        places[period(place.local)].append(place)
    free: list[Occurrence] = []
    for name, some in places.items():
        left = some[used[name] :] if counts[name] == len(some) else some
        free += [place for place in left if _day(place.local) not in days]
    return free


def overtaken(
    past: Collection[str],
    to_come: Collection[str],
    after: Sequence[Occurrence],
    rules: tuple[str, str],
    now: datetime,
    today: str,
) -> set[str]:
    """Of the classes `to_come` that of `today` (2026-10-14), where its place by a changed rule is over by now
    and the rule has none later today. It stays as it is: set from eight in the evening to seven at nine in
    the morning, the class of that day would be lost.

    Where both rules (`rules`: before, after) are of one kind, and its week or month has as many places as
    classes, the place of a class is by the order in that; else on its day.
    """
    if any(_day(place.local) == today and place.starts_at > now for place in after):
        return set()
    one, other = (parse_rule(rule)["FREQ"] for rule in rules)
    period = _PERIODS[one] if one == other else _day
    places = [place for place in after if period(place.local) == period(f"{today}T00:00")]
    classes = sorted(local for local in {*past, *to_come} if period(local) == period(f"{today}T00:00"))
    if len(classes) == len(places):
        pairs = list(zip(classes, places, strict=True))
    else:
        pairs = [(local, place) for local in classes for place in places if _day(local) == _day(place.local)]
    over = {local for local, place in pairs if place.starts_at <= now and _day(local) == today}
    return over.intersection(to_come)


def _week(local: str) -> str:
    year, week, _ = read_local(local).isocalendar()
    return f"{year}-{week:02}"


def _day(local: str) -> str:
    return local[:10]


def _month(local: str) -> str:
    return local[:7]


_PERIODS: dict[str, Callable[[str], str]] = {"DAILY": _day, "WEEKLY": _week, "MONTHLY": _month}


def times_of(occurrence: Occurrence, minutes: int) -> dict[str, object]:
    """The columns of a lesson that is held then."""
    return {
        "occurrence": occurrence.local,
        "starts_at": occurrence.starts_at,
        "ends_at": occurrence.starts_at + timedelta(minutes=minutes),
    }
