"""What was watched can be taken away as statements: by who teaches all, by students their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.api.course_material import enrol, make_course, student
from tests.api.test_analytics_playback import event, metrics, segment, send, time_passes
from tests.api.test_analytics_reports import file
from tests.serving import Api, Person
from tests.unit.test_analytics_xapi import WORDS, validate
from vtp.accounts.tables import audit_log
from vtp.analytics.lrs_push import LrsPush
from vtp.analytics.lrs_store import NOWHERE
from vtp.analytics.tables import analytics_events
from vtp.analytics.xapi import EXTENSION
from vtp.settings import AnalyticsSettings

BASE = "/api/v1/analytics/export"


async def exported(api: Api, course: str, by: Person, form: str = "xapi") -> Any:
    answer = await api.call("GET", f"{BASE}?course_id={course}&format={form}", by=by)
    assert answer.status == 200, answer
    return answer.body


async def test_what_was_watched_is_taken_away_as_valid_statements(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    recording = await file(api, course, teacher, "optics")
    ada, ben = await student(api, "ada"), await student(api, "ben")
    assert await exported(api, course, teacher) == []
    for pupil in (ada, ben):
        await enrol(api, course, pupil)
    played = [segment(0, 4, 2)]
    batch = [event("started", recording, position=0), event("paused", recording, position=4, segments=played)]
    await send(api, ada, 0, *batch, event("seeked", recording, position=1))
    claims = [{"position": 10**400}, {"position": -1e308}, {"position_ms": "x", "counted": 7}]
    began = [event("started", recording, metadata=one) for one in claims]
    await send(api, ben, 0, *began)
    async with api.server.services.database.transaction() as tx:  # as a later version may have written
        his = analytics_events.c.user_id == ben.user_id
        kept = list((await tx.execute(select(analytics_events.c.data).where(his))).scalars())
        last = select(func.max(analytics_events.c.id)).where(his).scalar_subquery()
        await tx.execute(
            update(analytics_events).where(analytics_events.c.id == last).values(event_type="danced")
        )
    assert kept == [{}] * 3
    found = await exported(api, course, teacher)
    for one in found:
        validate(one)
    hers = [one for one in found if one["actor"]["account"]["name"] == ada.user_id]
    words = [WORDS[one["verb"]["id"]] for one in hers]
    assert words == ["initialized", "played", "completed", "paused", "seeked"]
    assert len(found) == 8 and hers[0]["object"]["definition"]["name"] == {"en": "optics"}
    own = await exported(api, course, ben)
    assert {one["actor"]["account"]["name"] for one in own} == {ben.user_id} and len(own) == 3
    outsider = await student(api, "outsider")
    assert (await api.call("GET", f"{BASE}?course_id={course}", by=outsider)).status == 403
    async with api.server.services.database.read() as tx:
        noted = audit_log.c.event == "analytics_exported"
        assert len((await tx.execute(select(audit_log.c.id).where(noted))).all()) == 2  # by who teaches
    caliper = await exported(api, course, ada, "caliper")
    assert [one["action"] for one in caliper] == ["Started", "Paused", "JumpedTo"]
    assert caliper[1]["target"]["currentTime"] == "PT4.0S" and caliper[0]["type"] == "MediaEvent"


@pytest.mark.parametrize("first_s", [4, 2])
async def test_what_was_watched_before_the_log_goes_back_is_not_told_anew(
    api: Api, teacher: Person, first_s: int
) -> None:
    course = await make_course(api, teacher)
    recording = await file(api, course, teacher, "optics")
    ada = await student(api, "ada")
    await enrol(api, course, ada)
    played = [segment(0, first_s, 2)]
    await send(api, ada, 0, event("started", recording), event("paused", recording, segments=played))
    before = await exported(api, course, teacher)
    completed = [one["id"] for one in before if WORDS[one["verb"]["id"]] == "completed"]
    assert len(completed) == (first_s == 4)
    rollups = api.server.services.analytics.rollups
    rollups._clock = lambda: datetime.now(UTC) + timedelta(days=401)
    await rollups.trim()
    await time_passes(api, ada, 30)
    for seq, (start, end) in enumerate(((1, 3), (0, 4)), 1):
        played = [segment(start, end)]
        await send(api, ada, seq, event("paused", recording, position=end, segments=played))
        await time_passes(api, ada, 30)
    after = await exported(api, course, teacher)
    words = [WORDS[one["verb"]["id"]] for one in after]
    assert words == ["initialized", "paused", *(["completed"] if first_s == 2 else []), "paused"]
    told = [one["result"]["extensions"][EXTENSION + "progress"] for one in after if "result" in one]
    assert told == ([0.5, 1, 1] if first_s == 2 else [1, 1])
    assert (await metrics(api, ada, recording, ada)).body["completion_percentage"] == 100
    push = LrsPush(
        api.server.services.database,
        AnalyticsSettings(),
        api.server.services.analytics.exports._home,
        clock=lambda: datetime.now(UTC) + timedelta(seconds=70),
    )
    assert (await push._read(NOWHERE))[1] == after
