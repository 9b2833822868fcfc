"""Statements tell what happened in its order and of when it did, with what was played up to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.api.course_material import enrol, make_course, student
from tests.api.test_analytics_export import exported
from tests.api.test_analytics_lrs import pushing, settings_of
from tests.api.test_analytics_playback import SESSION, event, segment, send, time_passes
from tests.api.test_analytics_reports import file
from tests.record_store import record_store
from tests.serving import Api, Person
from tests.unit.test_analytics_xapi import WORDS, validate
from vtp.analytics import lrs_push
from vtp.analytics.check import differing_rollups
from vtp.analytics.tables import analytics_events
from vtp.analytics.xapi import EXTENSION
from vtp.recording.tables import recordings

LENGTH_S = 600


class Watching:
    """One person, with a recording of ten minutes in a course, who began an hour ago by their clock."""

    def __init__(self, api: Api, teacher: Person, pupil: Person, course: str, recording: str) -> None:
        self.api, self.teacher, self.pupil = api, teacher, pupil
        self.course, self.recording = course, recording
        self.began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def said(self, after_s: float, kind: str, position: float, **more: Any) -> dict[str, Any]:
        at = (self.began + timedelta(seconds=after_s)).isoformat()
        return event(kind, self.recording, timestamp=at, position=position, **more)

    async def send(self, seq: int, *events: dict[str, Any], session: str = SESSION) -> None:
        sent = await send(self.api, self.pupil, seq, *events, session=session)
        assert (sent.status, sent.body["refused"]) == (200, []), sent

    async def told(self, form: str = "xapi") -> list[dict[str, Any]]:
        found = await exported(self.api, self.course, self.teacher, form)
        for one in found if form == "xapi" else ():
            validate(one)
        return found  # type: ignore[no-any-return]


@pytest.fixture
async def watching(api: Api, teacher: Person) -> Watching:
    course = await make_course(api, teacher)
    recording, pupil = await file(api, course, teacher, "optics"), await student(api, "pupil")
    await enrol(api, course, pupil)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(recordings).values(duration_ms=LENGTH_S * 1000))
    return Watching(api, teacher, pupil, course, recording)


def words(told: list[dict[str, Any]]) -> list[str]:
    return [WORDS[one["verb"]["id"]] for one in told]


def results(told: list[dict[str, Any]], word: str) -> list[dict[str, Any]]:
    """Without the address that all names begin with."""
    found = [one["result"]["extensions"] for one in told if WORDS[one["verb"]["id"]] == word]
    return [{name.removeprefix(EXTENSION): value for name, value in one.items()} for one in found]


def seconds_after(watching: Watching, told: list[dict[str, Any]], key: str = "timestamp") -> list[float]:
    return [(datetime.fromisoformat(one[key]) - watching.began).total_seconds() for one in told]


async def watch_offline(watching: Watching) -> None:
    """Begins, loses the connection, and tells the rest in one batch when all has been played."""
    await watching.send(0, watching.said(0, "started", 0))
    await time_passes(watching.api, watching.pupil, 3600)
    await watching.send(
        1,
        watching.said(10, "progress", 10, segments=[segment(0, 10)]),
        watching.said(300, "paused", 300, segments=[segment(10, 300)]),
        watching.said(330, "resumed", 300),
        watching.said(500, "quality_changed", 470, metadata={"quality": "720p"}),
        watching.said(630, "completed", LENGTH_S, segments=[segment(300, LENGTH_S)]),
        watching.said(631, "stopped", LENGTH_S),
    )


async def test_what_was_told_in_one_batch_is_told_on_in_its_order(watching: Watching) -> None:
    await watch_offline(watching)
    told = await watching.told()
    assert words(told) == [
        "initialized", "played", "paused", "played", "interacted", "completed", "terminated",
    ]  # fmt: skip
    assert results(told, "paused") == [{"time": 300.0, "progress": 0.5, "played-segments": "0.000[.]300.000"}]
    whole = {"time": 600.0, "progress": 1.0, "played-segments": "0.000[.]600.000"}
    assert results(told, "completed") == results(told, "terminated") == [whole]
    assert seconds_after(watching, told) == [0, 0, 300, 330, 500, 630, 631]
    async with watching.api.server.services.database.read() as tx:
        assert [one async for one in differing_rollups(tx)] == []


async def test_a_page_that_is_left_with_what_completes_it_is_completed_first(watching: Watching) -> None:
    await watching.send(0, watching.said(0, "started", 0))
    await time_passes(watching.api, watching.pupil, 3600)
    await watching.send(1, watching.said(600, "stopped", LENGTH_S, segments=[segment(0, LENGTH_S)]))
    told = await watching.told()
    assert words(told) == ["initialized", "played", "completed", "terminated"]
    assert results(told, "terminated")[0]["played-segments"] == "0.000[.]600.000"
    assert len({one["id"] for one in told}) == 4


async def test_jumps_are_told_from_where_to_where(watching: Watching) -> None:
    """Each with what was played before it, and after it until it was told; the second page says no `from`."""
    here = watching.said
    await watching.send(0, here(0, "started", 0))
    await watching.send(0, here(0, "started", 0), session="page-without-from")
    await time_passes(watching.api, watching.pupil, 3600)
    both = [segment(0, 8), segment(300, 300.4)]
    await watching.send(1, here(9, "seeked", 300, segments=both, metadata={"from": 8}))
    await watching.send(1, here(9, "seeked", 300, segments=[segment(0, 8)]), session="page-without-from")
    await time_passes(watching.api, watching.pupil, 60)
    await watching.send(
        2,
        here(16, "seeked", 302, segments=[segment(300.4, 306)], metadata={"from": 306}),
        here(17, "seeked", 100, metadata={"from": 303}),
        here(17, "seeked", 200, metadata={"from": "there"}),
    )
    jumps = results(await watching.told(), "seeked")
    expected = [(8, 300), (8, 300), (306, 302), (303, 100), (100, 200)]
    assert [(one["time-from"], one["time-to"]) for one in jumps] == expected
    told = [one for one in await watching.told("caliper") if one["action"] != "Started"]
    assert [one["action"] for one in told] == [
        "ForwardedTo", "ForwardedTo", "JumpedTo", "JumpedTo", "ForwardedTo",
    ]  # fmt: skip
    assert told[2]["target"]["currentTime"] == "PT302.0S"


async def test_what_is_watched_elsewhere_turns_no_jump_around(watching: Watching) -> None:
    await watching.send(0, watching.said(0, "started", 0))
    await watching.send(0, watching.said(0, "buffering", 490), session="another-device")
    await time_passes(watching.api, watching.pupil, 3600)
    await watching.send(1, watching.said(10, "progress", 10, segments=[segment(0, 10)]))
    other = watching.said(20, "progress", 500, segments=[segment(490, 500)])
    await watching.send(1, other, session="another-device")
    await watching.send(2, watching.said(21, "progress", 10))
    await watching.send(3, watching.said(22, "seeked", 300))
    assert [one["action"] for one in await watching.told("caliper")] == ["Started", "ForwardedTo"]


async def test_statements_are_of_when_it_happened(watching: Watching) -> None:
    """By the player's clock, as far as that can be: nothing before what its page said before, and nothing
    later than it was received."""
    late = watching.said(5, "seeked", 30)
    ahead = event("paused", watching.recording, position=40, timestamp="2199-01-01T00:00:00Z")
    never = event("started", watching.recording, position=0, timestamp="2001-01-01T00:00:00Z")
    await watching.send(0, watching.said(0, "started", 0), watching.said(20, "paused", 20), late)
    await watching.send(1, ahead)
    await watching.send(0, never, session="wrong-clock-01")
    async with watching.api.server.services.database.read() as tx:
        c = analytics_events.c
        received = list((await tx.execute(select(c.received_at).order_by(c.id))).scalars())
    told = await watching.told()
    assert words(told) == ["initialized", "played", "paused", "seeked", "paused", "initialized", "played"]
    assert seconds_after(watching, told)[:4] == [0, 0, 20, 20]
    shortly = timedelta(milliseconds=1)
    for one, at in zip(told[4:], (received[3], received[4], received[4]), strict=True):
        assert at - shortly <= datetime.fromisoformat(one["timestamp"]) <= at
    caliper = await watching.told("caliper")
    assert seconds_after(watching, caliper, "eventTime")[:3] == [0, 20, 20]


async def test_what_is_pushed_in_windows_is_what_is_exported(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window ends within a batch, too; and a log that the version before has written goes on."""
    await watch_offline(watching)
    await write_as_before(watching)
    await watching.send(2, watching.said(700, "resumed", 0), session="another-page-1")
    await time_passes(watching.api, watching.pupil, 60)
    jump = watching.said(710, "seeked", 90, segments=[segment(0, 7)], metadata={"from": 7})
    await watching.send(3, jump, session="another-page-1")
    monkeypatch.setattr(lrs_push, "ROWS_AT_ONCE", 2)
    async with record_store() as store, pushing(watching.api, settings_of(store)) as (push, client):
        push._home = watching.api.server.services.analytics.exports._home
        await push.push(client)
        pushed = {one["id"]: one for one in store.statements.values()}
        calls = len(store.calls)
        await push.push(client)
        assert len(store.calls) == calls > 3
    told = await watching.told()
    assert pushed == {one["id"]: one for one in told} and len(told) == len(pushed) == 10
    assert words(told) == [
        "initialized", "played", "paused", "played", "interacted", "terminated", "completed",
        "initialized", "played", "seeked",
    ], "of rows of before as they stand"  # fmt: skip


async def write_as_before(watching: Watching) -> None:
    """As until decision 178: what counted stands in a row of its own behind those of its batch."""
    async with watching.api.server.services.database.transaction() as tx:
        c = analytics_events.c
        rows = (await tx.execute(select(analytics_events).order_by(c.id))).all()
        counted = [stretch for row in rows for stretch in row.data.get("counted", ())]
        for row in rows:
            kept = {name: value for name, value in row.data.items() if name != "counted"}
            await tx.execute(update(analytics_events).where(c.id == row.id).values(data=kept))
        last = rows[-1]
        fields = {**last._mapping, "id": last.id[:-12] + "f" * 12, "event_type": "watched"}
        data = {"counted": counted, "position_ms": LENGTH_S * 1000}
        await tx.execute(
            analytics_events.insert().values({**fields, "happened_at": last.received_at, "data": data})
        )
