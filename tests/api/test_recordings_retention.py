"""What time does to recordings: told before, into the trash, from there for good; on a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.coursework_material import until
from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.loop_watch import unblocked_loop
from tests.serving import Api, Person, serving
from vtp.recording.store import Recording, Status, change_recording, find_recording
from vtp.settings import RecordingSettings

BASE = "/api/v1/recordings"
NEWS = "/api/v1/notifications"
RULES = RecordingSettings(keep_days=365, trash_keep_days=30)


@dataclass
class Clock:
    """Says what a test has set it to."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
async def api(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", database_url, recording=RULES) as running:
        with unblocked_loop():
            yield running


@pytest.fixture
async def room(api: Api, teacher: Person) -> str:
    return await make_room(api, teacher)


@pytest.fixture
def clock(api: Api) -> Clock:
    return clock_of(api)


def clock_of(api: Api) -> Clock:
    """That of retention and of the trash, from now on."""
    clock = Clock(datetime.now(UTC))
    services = api.server.services
    services.retention._clock = services.recordings.trash._clock = clock
    return clock


async def after(api: Api, clock: Clock, **time: float) -> None:
    """Time goes by, and is looked at."""
    clock.at += timedelta(**time)
    await api.server.services.retention.sweep()


async def row_of(api: Api, recording_id: str) -> Recording:
    async with api.server.services.database.read() as tx:
        found = await find_recording(tx, recording_id)
    assert found is not None
    return found


async def told(api: Api, person: Person) -> list[dict[str, Any]]:
    news = (await api.call("GET", NEWS, by=person)).body["items"]
    return [one for one in news if one["kind"].startswith("recording_expir")]


@pytest.mark.both_databases
async def test_a_recording_goes_into_the_trash_a_week_after_it_was_told_and_is_deleted_a_month_later(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    recording_id = await add_finished(api, room, teacher)
    admin = await api.person("admin")
    path, due = f"{BASE}/{recording_id}", (await row_of(api, recording_id)).created_at + timedelta(days=365)
    await after(api, clock, days=300)
    seen = (await api.call("GET", path, by=teacher)).body
    assert datetime.fromisoformat(seen["expires_at"]) == due and not seen["kept"]
    assert await told(api, teacher) == []
    await after(api, clock, days=62)  # three days before: it stays for the week that was promised
    [news] = await told(api, teacher)
    assert (
        "“Optics” goes into the trash on" in news["title"] and news["link"] == f"/recordings/{recording_id}"
    )
    promised = clock.at + timedelta(days=7)
    assert (await row_of(api, recording_id)).expires_at == promised
    await after(api, clock, days=6)
    assert (await row_of(api, recording_id)).status is Status.READY and len(await told(api, teacher)) == 1
    await after(api, clock, days=1, minutes=1)
    row = await row_of(api, recording_id)
    assert (row.status, row.expires_at) == (Status.DELETED, clock.at + timedelta(days=30))
    assert "has gone into the trash" in (await told(api, teacher))[0]["title"]
    assert await told(api, admin) == []
    await after(api, clock, days=29)
    assert (await row_of(api, recording_id)).purging_at is None
    await after(api, clock, days=2)
    folder = api.server.services.recordings.file(recording_id, "x").parent

    async def is_gone() -> bool:
        return (await api.call("GET", path, by=teacher)).status == 404 and not folder.exists()

    await until(is_gone)
    log = (await api.call("GET", "/api/v1/audit?event=recording_deleted", by=admin)).body["items"]
    seen = [(one["actor_id"], one["details"]["permanent"], one["details"]["expired"]) for one in log]
    assert seen == [(None, True, True), (None, False, True)]


async def test_a_trash_of_one_day_is_told_as_that(
    api: Api, teacher: Person, room: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.server.services.retention, "_keep_trash", timedelta(days=1))
    await add_finished(api, room, teacher)
    await after(api, clock, days=364)
    await after(api, clock, days=8)
    assert "There it is for 1 day; until then you can restore it." in (await told(api, teacher))[0]["text"]


async def test_what_is_kept_stays_and_what_comes_back_has_a_new_term(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    kept, back = [await add_finished(api, room, teacher) for _ in range(2)]
    await after(api, clock, days=364)
    [news] = await told(api, teacher)
    assert news["title"].startswith("2 recordings go into the trash on")
    answer = await api.call("PATCH", f"{BASE}/{kept}", {"kept": True}, by=teacher)
    assert (answer.body["kept"], answer.body["expires_at"]) == (True, None)
    await after(api, clock, days=8)
    assert (await row_of(api, kept)).status is Status.READY
    assert (await row_of(api, back)).status is Status.DELETED
    restored = await api.call("POST", f"{BASE}/{back}/restore", by=teacher)
    assert (restored.body["status"], restored.body["expires_at"]) == ("ready", None)
    await after(api, clock, days=300)
    row = await row_of(api, back)
    assert row.restored_at is not None and row.expires_at == row.restored_at + timedelta(days=365)
    assert (await api.call("PATCH", f"{BASE}/{kept}", {"kept": False}, by=teacher)).status == 200
    await after(api, clock, hours=1)
    assert (await row_of(api, kept)).expires_at == clock.at + timedelta(days=7)  # told anew
    student = await api.person("student")
    assert (await api.call("PATCH", f"{BASE}/{kept}", {"kept": True}, by=student)).status == 403


async def test_what_is_recorded_or_watched_at_that_moment_is_left_alone(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    running = await add_finished(api, room, teacher, status=Status.RECORDING)
    watched = await add_finished(api, room, teacher)
    await after(api, clock, days=364)
    cookie = await grant_of(api, watched, teacher)
    log = api.server.services.recording_parts.access_log
    log._clock = clock
    clock.at += timedelta(days=8)
    assert (await fetch(api, f"{BASE}/{watched}/stream/master.m3u8", Cookie=cookie)).status == 200
    await log.flush()
    await after(api, clock, hours=1)
    assert (await row_of(api, watched)).status is Status.READY
    assert (await fetch(api, f"{BASE}/{watched}/stream/master.m3u8", Cookie=cookie)).status == 200
    await after(api, clock, hours=6)
    assert (await row_of(api, watched)).status is Status.DELETED
    assert (await fetch(api, f"{BASE}/{watched}/stream/master.m3u8", Cookie=cookie)).status == 410
    assert (await row_of(api, running)).status is Status.RECORDING


@pytest.mark.both_databases
async def test_two_who_look_at_once_tell_and_delete_once(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    recording_id = await add_finished(api, room, teacher)
    retention = api.server.services.retention
    admin = await api.person("admin")
    for days, count in ((364, 1), (8, 2)):
        clock.at += timedelta(days=days)
        await asyncio.gather(retention.sweep(), retention.sweep())
        assert len(await told(api, teacher)) == count
    assert (await row_of(api, recording_id)).status is Status.DELETED
    log = (await api.call("GET", "/api/v1/audit?event=recording_deleted", by=admin)).body["items"]
    assert len(log) == 1


async def test_administrators_are_told_of_what_nobody_else_may_keep(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    recording_id = await add_finished(api, room, teacher)
    admin, assistant = await api.person("admin"), await api.person("assistant")
    async with api.server.services.database.transaction() as tx:
        await change_recording(tx, recording_id, started_by=assistant.user_id)
    await after(api, clock, days=364)
    assert len(await told(api, admin)) == 1 and await told(api, teacher) == []


async def test_what_comes_back_while_others_go_stays_and_its_jobs_go_on(
    api: Api, teacher: Person, room: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {await add_finished(api, room, teacher) for _ in range(2)}
    await after(api, clock, days=364)
    jobs = api.server.services.recordings.trash._jobs
    let_go_of, ended = jobs.let_go_of, list[str]()

    async def restore_the_other(recording_id: str) -> None:
        ended.append(recording_id)
        if len(ended) == 1:
            [other] = both - {recording_id}
            answer = await api.call("POST", f"{BASE}/{other}/restore", by=teacher)
            assert answer.status == 200, answer
        await let_go_of(recording_id)

    monkeypatch.setattr(jobs, "let_go_of", restore_the_other)
    await after(api, clock, days=8)
    [gone] = ended
    [back] = both - {gone}
    assert (await row_of(api, gone)).status is Status.DELETED
    assert (await row_of(api, back)).status is Status.READY
    for recording_id, status in ((gone, 410), (back, 200)):
        path = f"{BASE}/{recording_id}/stream/master.m3u8"
        assert (await fetch(api, path, **teacher.headers)).status == status


async def test_without_a_rule_nothing_expires_but_what_was_said_is_taken_back(
    api: Api, teacher: Person, room: str, clock: Clock
) -> None:
    on_shelf, in_trash = [await add_finished(api, room, teacher) for _ in range(2)]
    await after(api, clock, days=364)
    assert (await api.call("DELETE", f"{BASE}/{in_trash}", by=teacher)).status == 200
    retention = api.server.services.retention
    retention._terms.general_days, retention._keep_trash = 0, timedelta(0)
    await after(api, clock, days=400)
    for recording_id, status in ((on_shelf, Status.READY), (in_trash, Status.DELETED)):
        row = await row_of(api, recording_id)
        assert (row.status, row.expires_at, row.purging_at) == (status, None, None)
