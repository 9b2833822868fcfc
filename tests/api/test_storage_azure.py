"""Recordings in Azure Blob Storage: Microsoft's own server for tests, the job process's work, players."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.api.storage_material import (
    BASE,
    check_plays_from_there,
    files_of,
    gone_from_here,
    job_is,
    media_of,
    recorded,
    storing,
    told,
    uploaded,
)
from tests.azure_server import AzureServer, azure_server, new_key, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
async def azure(tmp_path: Path) -> AsyncIterator[AzureServer]:
    async with azure_server(tmp_path / "azure") as server:
        yield server


async def test_recording_that_has_ended_goes_to_azure_byte_for_byte(
    tmp_path: Path, azure: AzureServer
) -> None:
    async with storing(tmp_path / "data", azure.settings()) as api:
        recording_id, teacher = await recorded(api)
        assert (await uploaded(api, recording_id, teacher))["storage"] == "stored"
        here = files_of(api.server.services.recordings.file(recording_id, "x").parent)
        there = await azure.objects()
        assert {key.removeprefix(f"{recording_id}/"): data for key, data in there.items()} == here


async def test_recording_in_azure_alone_plays_downloads_and_is_deleted(
    tmp_path: Path, azure: AzureServer
) -> None:
    async with storing(tmp_path / "data", azure.settings(), working=False) as api:
        recording_id, teacher = await recorded(api)
        before = await media_of(api, recording_id, teacher)
    async with storing(tmp_path / "data", azure.settings(keep_local_hours=0)) as api:
        teacher = await api.sign_in("teacher@school.example")
        await gone_from_here(api, recording_id)
        await check_plays_from_there(api, recording_id, teacher, before)
        cookie = await grant_of(api, recording_id, teacher)
        absent = await fetch(api, f"{BASE}/{recording_id}/stream/video/seg-00099.m4s", Cookie=cookie)
        assert absent.status == 404
        answer = await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
        assert answer.status == 200 and await azure.objects() == {}


async def test_azure_that_is_away_costs_nobody_anything_but_what_is_there_alone(
    tmp_path: Path, azure: AzureServer
) -> None:
    async with storing(tmp_path / "data", azure.settings(keep_local_hours=0)) as api:
        there, teacher = await recorded(api)
        await gone_from_here(api, there)
    await azure.stop()
    async with storing(tmp_path / "data", azure.settings(keep_local_hours=0)) as api:
        teacher = await api.sign_in("teacher@school.example")
        here = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
        told(api, here)
        job = await job_is(api, here, teacher, lambda job: job["attempts"] > 2)
        assert "does not answer" in job["last_error"]
        assert len(await media_of(api, here, teacher)) == 9
        cookie = await grant_of(api, there, teacher)
        answer = await fetch(api, f"{BASE}/{there}/stream/master.m3u8", Cookie=cookie)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "15")
        await azure.start()
        assert len(await media_of(api, there, teacher)) == 9
        assert (await uploaded(api, here, teacher))["storage"] == "stored"


async def test_a_renewed_key_of_azure_is_taken_without_a_restart(tmp_path: Path, azure: AzureServer) -> None:
    file = tmp_path / "credentials"

    def write() -> None:
        draft = tmp_path / "draft"
        draft.write_text(
            f"[default]\naws_access_key_id = {azure.account}\naws_secret_access_key = {azure.key}\n"
        )
        draft.replace(file)

    write()
    settings = azure.settings(credentials_file=str(file), keep_local_hours=0)
    async with storing(tmp_path / "data", settings) as api:
        first, teacher = await recorded(api)
        await gone_from_here(api, first)
        await azure.stop()
        azure.key = new_key()
        await azure.start()
        second = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
        told(api, second)
        job = await job_is(api, second, teacher, lambda job: job["last_error"])
        assert "refuses our credentials" in job["last_error"]
        write()
        await uploaded(api, second, teacher)
        cookie = await grant_of(api, first, teacher)
        assert (await fetch(api, f"{BASE}/{first}/stream/master.m3u8", Cookie=cookie)).status == 200
