"""An object store that takes connections and says nothing: nobody who hands in waits again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.api.course_material import make_course
from tests.api.coursework_material import add_material, rows, upload, versions_of
from tests.api.storage_material import storing, until, working_on
from tests.s3_server import PASS, Request, S3Server, between, pass_all, s3_server, why_not
from vtp.accounts.service import utc_now
from vtp.coursework import sending

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.sqlite_alone]
HERE, THERE = "local", "stored"


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    async with s3_server(tmp_path / "s3") as server:
        yield server


async def test_one_at_a_time_waits_for_a_silent_store_and_the_job_process_says_when_it_is_back(
    tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "FIRST_S", 1.0)
    asked: list[str] = []

    async def say_nothing(request: Request) -> str:
        asked.append(request.key)
        await asyncio.Event().wait()
        return PASS

    async with between(s3) as road, storing(tmp_path / "data", road.settings(), working=False) as api:
        teacher = await api.person("teacher")
        course = await make_course(api, teacher)
        at = versions_of(course, await add_material(api, course, teacher))

        async def came() -> str:
            answer = await upload(api, at, teacher)
            assert answer.status == 201, answer
            return str(answer.body["storage"])

        now = utc_now()
        monkeypatch.setattr(api.server.services.coursework.files._sending, "_clock", lambda: now)
        road.rule = say_nothing
        assert await came() == HERE
        assert len(set(asked)) == 1
        for later in (0, 59):
            now += timedelta(seconds=later)
            assert await came() == HERE
            assert len(set(asked)) == 1
        now += timedelta(seconds=1)
        assert list(await asyncio.gather(came(), came())) == [HERE, HERE]
        assert len(set(asked)) == 2
        road.rule = pass_all

        async def none_waits() -> bool:
            return all(one["stored_at"] is not None for one in await rows(api))

        async with working_on(api):
            await until(none_waits, "the end of what waits")
        assert await came() == THERE


def test_somebody_waits_as_long_as_a_store_needs_and_never_for_minutes() -> None:
    assert sending.limit_s(1000) < 3.1
    assert 4 < sending.limit_s(8 << 20) < 6
    assert sending.limit_s(sending.SENT_AT_ONCE_BYTES) == 20
