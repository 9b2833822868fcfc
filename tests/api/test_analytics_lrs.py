"""What was watched is pushed to a learning record store: all of it, once, whatever the store does."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import encode_basic_auth, web
from sqlalchemy import select, update

from scripts.build_ralph import PROGRAM, why_not
from tests.api.course_material import enrol, make_course, student
from tests.api.test_analytics_playback import event, segment, send
from tests.api.test_analytics_reports import file
from tests.free_ports import free_ports
from tests.record_store import Intervene, RecordStore, record_store
from tests.serving import Api, Person, serving
from tests.unit.test_analytics_xapi import validate
from vtp.accounts.service import utc_now
from vtp.analytics import lrs_folds, lrs_push
from vtp.analytics.exports import log_of
from vtp.analytics.lrs_client import LrsClient
from vtp.analytics.lrs_folds import Folds
from vtp.analytics.lrs_push import LrsPush
from vtp.analytics.lrs_store import courses_with, piece_of_log, recordings_named
from vtp.analytics.tables import analytics_pushes
from vtp.analytics.xapi import EXTENSION, VERBS, Source, statements
from vtp.recording.store import Status
from vtp.recording.tables import recordings
from vtp.settings import AnalyticsSettings

HOME = "https://school.example"


def later() -> datetime:
    """When what happens now is settled."""
    return utc_now() + lrs_push.SETTLED + timedelta(seconds=1)


@pytest.fixture
async def store() -> AsyncIterator[RecordStore]:
    async with record_store() as running:
        yield running


def answering(status: int, after: str = "") -> Intervene:
    """Whatever is asked."""
    headers = {"Retry-After": after} if after else {}
    return lambda _: web.Response(status=status, headers=headers)


def settings_of(store: RecordStore) -> AnalyticsSettings:
    wish = {"lrs_username": store.username, "lrs_password": store.password}
    return AnalyticsSettings.model_validate({"lrs_url": store.url, **wish})


@asynccontextmanager
async def pushing(api: Api, settings: AnalyticsSettings) -> AsyncIterator[tuple[LrsPush, LrsClient]]:
    push = LrsPush(api.server.services.database, settings, lambda: HOME, clock=later)
    client = LrsClient(settings)
    try:
        yield push, client
    finally:
        await client.close()


async def watch(api: Api, teacher: Person) -> tuple[str, list[Person]]:
    """Two people watch a recording of a course."""
    course = await make_course(api, teacher)
    recording = await file(api, course, teacher, "optics")
    people = [await student(api, name) for name in ("ada", "ben")]
    for pupil in people:
        await enrol(api, course, pupil)
        played = [segment(0, 4, 2)]
        await send(
            api,
            pupil,
            0,
            event("started", recording, position=0),
            event("paused", recording, position=4, segments=played),
            event("seeked", recording, position=1),
        )
    return recording, people


async def row_of(api: Api) -> Any:
    async with api.server.services.database.read() as tx:
        return (await tx.execute(select(analytics_pushes))).one()


async def test_a_store_has_each_statement_once_and_more_follow(
    api: Api, teacher: Person, store: RecordStore
) -> None:
    recording, [ada, _] = await watch(api, teacher)
    async with pushing(api, settings_of(store)) as (push, client):
        assert await push.push(client) == lrs_push.EVERY_S
        assert len(store.statements) == 10 and store.calls == [10]
        for one in store.statements.values():
            validate(one)
        await push.push(client)
        assert store.calls == [10], "what is there is not told again"
        await send(api, ada, 1, event("stopped", recording, position=2))
        push._clock = utc_now
        await push.push(client)
        assert store.calls == [10], "what has just happened waits until it is settled"
        push._clock = later
        await push.push(client)
        assert store.calls == [10, 1]
        row = await row_of(api)
        assert (row.statements, row.refused) == (11, 0)
        async with api.server.services.database.transaction() as tx:  # as after a backup was restored
            await tx.execute(update(analytics_pushes).values(position="0" * 8 + row.position[8:]))
        await push.push(client)
    assert len(store.statements) == 11 and store.calls == [10, 1, 11]


@pytest.mark.parametrize("most", [lrs_folds.MOST_HELD, 0])
async def test_windows_give_what_the_export_gives_and_each_row_is_read_once_if_there_is_room(
    api: Api, teacher: Person, store: RecordStore, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    recording, people = await watch(api, teacher)
    for number, pupil in enumerate(people):
        left = event("stopped", recording, position=1)
        played = event("paused", recording, position=3, segments=[segment(1, 3, 2)])
        await send(api, pupil, 1, left, event("resumed", recording, position=1), played, left)
        await send(
            api, pupil, 0, *[left] * number, event("seeked", recording, position=2), session="another-page-1"
        )
    read: list[int] = []

    async def piece(*asked: Any) -> Any:
        found = await piece_of_log(*asked)
        read.append(len(found[0]))
        return found

    monkeypatch.setattr(lrs_folds, "piece_of_log", piece)
    monkeypatch.setattr(lrs_folds, "AT_ONCE", 2)
    monkeypatch.setattr(lrs_push, "ROWS_AT_ONCE", 3)
    async with pushing(api, settings_of(store)) as (push, client):
        push._folds = Folds(most)
        await push.push(client)
        assert len(store.calls) > 5 and max(read) <= 2, "others have their turn after each two rows"
    exported: dict[str, Any] = {}
    logs = []
    async with api.server.services.database.read() as tx:
        named = (await recordings_named(tx, [recording]))[recording]
        courses = (await courses_with(tx, [recording]))[recording]
        for pupil in people:
            source = Source(HOME, pupil.user_id, recording, named.title, named.duration_ms, courses)
            logs.append(await log_of(tx, recording, pupil.user_id))
            exported |= {one["id"]: one for one in statements(source, logs[-1])}
    assert store.statements == exported
    rows = sum(map(len, logs))
    assert sum(read) == rows if most else sum(read) > 2 * rows
    ended = [one for one in store.statements.values() if one["verb"]["id"] == VERBS["terminated"]]
    assert len(ended) == 3, "a page that is left twice is left once, in whichever window"


async def test_what_is_watched_while_it_grows_is_told_once_it_has_ended(
    api: Api, teacher: Person, store: RecordStore
) -> None:
    course = await make_course(api, teacher)
    recording, other = [await file(api, course, teacher, name) for name in ("optics", "waves")]
    ada, ben = [await student(api, name) for name in ("ada", "ben")]
    for pupil in (ada, ben):
        await enrol(api, course, pupil)
    database = api.server.services.database
    growing = update(recordings).where(recordings.c.id == recording)
    async with database.transaction() as tx:
        await tx.execute(growing.values(status=Status.RECORDING, duration_ms=0))
    await send(api, ben, 0, event("started", other, position=0))
    watched = event("paused", recording, position=4, segments=[segment(0, 4, 2)])
    await send(api, ada, 0, event("started", recording, position=0), watched)
    await send(api, ben, 1, event("paused", other, position=1))
    async with pushing(api, settings_of(store)) as (push, client):
        await push.push(client)
        assert store.calls == [2], "as far as the first of them"
        async with database.transaction() as tx:
            await tx.execute(growing.values(status=Status.READY, duration_ms=4000))
        await push.push(client)
        words = [one["verb"]["id"] for one in store.statements.values()]
        assert len(words) == 7 and words.count(VERBS["completed"]) == 1
        for one in store.statements.values():
            assert one["context"]["extensions"][EXTENSION + "length"] == 4
    exported = (await api.call("GET", f"/api/v1/analytics/export?course_id={course}", by=teacher)).body
    assert {one["id"] for one in exported} == store.statements.keys()


async def test_a_recording_that_does_not_end_holds_others_for_a_day(
    api: Api, teacher: Person, store: RecordStore
) -> None:
    await watch(api, teacher)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(recordings).values(status=Status.RECORDING))
    async with pushing(api, settings_of(store)) as (push, client):
        await push.push(client)
        assert store.calls == []
        push._clock = lambda: later() + lrs_push.HELD_FOR
        await push.push(client)
    assert len(store.statements) == 10


async def test_a_store_that_is_away_is_asked_later_and_gets_all_of_it(
    api: Api, teacher: Person, store: RecordStore
) -> None:
    await watch(api, teacher)
    async with pushing(api, settings_of(store)) as (push, client):
        waits = []
        for status, after in ((500, ""), (503, "120"), (401, ""), (429, "soon")):
            store.intervene = answering(status, after)
            waits.append(await push.push(client))
        assert 2.5 <= waits[0] <= 5 and waits[1] == 120 and 10 <= waits[2] <= 20 and 20 <= waits[3] <= 40
        assert push.failed == 4 and store.statements == {}
        store.intervene = lambda _: None
        await push.push(client)
    assert len(store.statements) == 10


async def test_students_are_told_that_what_they_play_is_pushed(
    tmp_path: Path, database_url: str, store: RecordStore
) -> None:
    async with serving(tmp_path / "data", database_url, analytics=settings_of(store)) as api:
        teacher, pupil = await api.person("teacher"), await api.person("student")
        course = await make_course(api, teacher)
        await enrol(api, course, pupil)
        whole = await api.call("GET", f"/api/v1/analytics/course/{course}", by=pupil)
        assert whole.body["is_pushed"] is True


async def test_an_answer_that_was_lost_changes_nothing(api: Api, teacher: Person, store: RecordStore) -> None:
    await watch(api, teacher)

    def keep_and_fail(batch: list[dict[str, Any]]) -> web.Response:
        store.statements |= {one["id"]: one for one in batch}
        return web.Response(status=502)

    async with pushing(api, settings_of(store)) as (push, client):
        store.intervene = keep_and_fail
        await push.push(client)
        store.intervene = lambda _: None
        await push.push(client)
    assert len(store.statements) == 10 and push.taken == 10


async def test_a_conflict_and_a_refusal_keep_nothing_else_back(
    api: Api, teacher: Person, store: RecordStore
) -> None:
    recording, _ = await watch(api, teacher)
    async with pushing(api, settings_of(store)) as (push, client):
        await push.push(client)
        first, second, *others = list(store.statements)
        store.statements = {first: store.statements[first]}
        async with api.server.services.database.transaction() as tx:  # renamed since it was pushed
            await tx.execute(update(recordings).where(recordings.c.id == recording).values(title="Light"))
            await tx.execute(update(analytics_pushes).values(position="0" * 36))

        def refuse(batch: list[dict[str, Any]]) -> web.Response | None:
            return web.Response(status=400) if any(one["id"] == second for one in batch) else None

        store.intervene = refuse
        await push.push(client)
        row = await row_of(api)
        assert set(store.statements) == {first, *others}
        assert store.statements[first]["object"]["definition"]["name"] == {"en": "optics"}
        assert (push.refused, row.refused) == (1, 1)
        calls = len(store.calls)
        await push.push(client)
        assert len(store.calls) == calls, "nor is it tried for ever"


async def test_one_of_several_processes_pushes(api: Api, teacher: Person, store: RecordStore) -> None:
    await watch(api, teacher)
    settings = settings_of(store)
    async with pushing(api, settings) as (push, client), pushing(api, settings) as (other, _):
        assert await push._claim() is not None
        assert await other.push(client) == lrs_push.EVERY_S
        assert store.calls == []
        await push._release()
        await other.push(client)
    assert store.calls == [10]


async def test_who_pushes_no_more_neither_sends_nor_lets_others_in(
    api: Api, teacher: Person, store: RecordStore
) -> None:
    await watch(api, teacher)
    settings = settings_of(store)
    async with pushing(api, settings) as (push, client), pushing(api, settings) as (other, _):
        calls = 0

        def slow(_: list[dict[str, Any]]) -> web.Response:
            """Refuses so that the batch is halved, while which its time passes."""
            nonlocal calls
            calls += 1
            other._clock = lambda: later() + lrs_push.CLAIMED_FOR * 2
            return web.Response(status=400)

        store.intervene = slow
        renewing = push._renew

        async def renew() -> bool:
            if calls == 1:
                assert await other._claim() is not None
            return await renewing()

        push._renew = renew  # type: ignore[method-assign]
        await push.push(client)
        assert calls == 1, "the halves are the other's"
        row = await row_of(api)
        assert (row.claimed_by, row.statements) == (other._me, 0) and row.claimed_until > later()
        store.intervene = lambda _: None
        await other.push(client)
    assert len(store.statements) == 10


@pytest.mark.parametrize(
    "wish",
    [
        {"lrs_url": "http://lrs.school.example/xapi"},
        {"lrs_url": "https://vtp:secret@lrs.school.example/xapi"},
        {"lrs_url": "lrs"},
        {"lrs_url": "https://lrs.school.example", "lrs_username": "vtp"},
    ],
)
def test_settings_that_would_tell_a_secret_or_go_nowhere_are_refused(wish: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="lrs"):
        AnalyticsSettings.model_validate(wish)
    good = AnalyticsSettings.model_validate({"lrs_url": "https://lrs.school.example/xapi/statements"})
    assert good.lrs_url == "https://lrs.school.example/xapi"


APPENDING = """
import sys, uvicorn
from ralph.backends.data.base import BaseOperationType
from ralph.backends.data.fs import FSDataBackend
FSDataBackend.default_operation_type = BaseOperationType.APPEND
uvicorn.run("ralph.api:app", host="127.0.0.1", port=int(sys.argv[1]))
"""
"""Its files are written once and then refused (500), unless they are told to grow."""


@asynccontextmanager
async def ralph(folder: Path) -> AsyncIterator[str]:
    """OpenFUN's record store, over a folder; the address of its xAPI."""
    [port] = free_ports(1)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VTP_")},
        "RALPH_APP_DIR": str(folder),
        "RALPH_AUTH_FILE": str(folder / "auth.json"),
        "RALPH_RUNSERVER_BACKEND": "fs",
        "RALPH_RUNSERVER_HOST": "127.0.0.1",
        "RALPH_RUNSERVER_PORT": str(port),
        "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(folder),
    }
    who = ["-u", "vtp", "-p", "secret", "-s", "all", "-M", "mailto:vtp@school.example", "-N", "vtp", "-w"]
    made = await asyncio.create_subprocess_exec(PROGRAM, "auth", *who, env=environment)
    assert await made.wait() == 0
    python, command = PROGRAM.with_name("python"), ["-c", APPENDING, str(port)]
    process = await asyncio.create_subprocess_exec(python, *command, env=environment, cwd=folder)
    try:
        await _answers(f"http://127.0.0.1:{port}/__heartbeat__", process)
        yield f"http://127.0.0.1:{port}/xAPI"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(600):
            assert process.returncode is None, "it has ended"
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
    raise AssertionError("it does not answer")


@pytest.mark.long
@pytest.mark.skipif(bool(why_not()), reason=why_not())
async def test_a_record_store_of_others_takes_it(api: Api, teacher: Person, tmp_path: Path) -> None:
    recording, [ada, _] = await watch(api, teacher)
    async with ralph(tmp_path) as url:
        wish = {"lrs_url": url, "lrs_username": "vtp", "lrs_password": "secret"}
        async with pushing(api, AnalyticsSettings.model_validate(wish)) as (push, client):
            await push.push(client)
            async with api.server.services.database.transaction() as tx:
                await tx.execute(update(recordings).where(recordings.c.id == recording).values(title="Light"))
                await tx.execute(update(analytics_pushes).values(position="0" * 36))
            await send(api, ada, 1, event("stopped", recording, position=2))
            await push.push(client)  # ten conflicts, and one that is new
            assert (push.refused, push.failed) == (0, 0)
        headers = {
            "Authorization": encode_basic_auth("vtp", "secret"),
            "X-Experience-API-Version": "1.0.3",
        }
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{url}/statements") as answer,
        ):
            found = json.loads(await answer.text())["statements"]
    assert len({one["id"] for one in found}) == len(found) == 11
    assert sum(one["object"]["definition"]["name"] == {"en": "Light"} for one in found) == 1
