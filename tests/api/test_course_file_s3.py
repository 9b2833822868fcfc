"""Files of courses where recordings lie in an object store: a real S3 server, there and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.carried_material import export, filed
from tests.api.course_file_material import bring, parts_of
from tests.api.full_course import full_course
from tests.api.recording_material import add_finished, make_room
from tests.api.storage_material import gone_from_here, media_of, storing, told, uploaded
from tests.s3_server import S3Server, s3_server, why_not
from tests.serving import Api, Person
from vtp.course_files.manifest import MANIFEST

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.sqlite_alone]
BASE = "/api/v1/courses"


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    async with s3_server(tmp_path / "s3") as server:
        yield server


async def stored_course(api: Api, by: Person) -> tuple[str, str]:
    """A course with a recording whose bytes are in the store alone."""
    course = (await full_course(api, by)).id
    recording_id = await add_finished(api, await make_room(api, by), by, duration_ms=4000)
    wish = {"recording_id": recording_id}
    assert (await api.call("POST", f"{BASE}/{course}/recordings", wish, by=by)).status == 201
    told(api, recording_id)
    assert (await uploaded(api, recording_id, by))["storage"] == "stored"
    await gone_from_here(api, recording_id)
    return course, recording_id


async def test_what_lies_in_the_store_is_fetched_for_a_course_s_file_and_goes_there_again(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        teacher = await api.person("teacher")
        course, recording_id = await stored_course(api, teacher)
        data = await export(api, course, teacher)
        brought = await bring(api, data, teacher)
        assert brought.status == 200, brought
        [one] = await filed(api, brought.body["id"], teacher)
        again = one["recording_id"]
        assert (await uploaded(api, again, teacher))["storage"] == "stored"
        await gone_from_here(api, again)
        assert await media_of(api, again, teacher) == await media_of(api, recording_id, teacher)
        parts = parts_of(await export(api, brought.body["id"], teacher))
        wanted = parts_of(data)
        assert {name: one for name, one in parts.items() if name != MANIFEST} == {
            name: one for name, one in wanted.items() if name != MANIFEST
        }
