"""Tracks of participants in ended recordings: who may have them; in object stores, and erased from there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.api.recording_material import Fetched, add_finished, add_tracks, fetch, grant_of, make_room
from tests.api.storage_material import (
    BASE,
    files_of,
    gone_from_here,
    job_is,
    storing,
    told,
    uploaded,
    working_on,
)
from tests.folder_store import SETTINGS, FolderClients
from tests.serving import Api, Person
from vtp.errors import Unavailable
from vtp.recording.erasure import TrackErasure
from vtp.recording.manifest import MANIFEST_NAME, read_manifest

pytestmark = [pytest.mark.sqlite_alone, pytest.mark.over_store]


async def record(api: Api, teacher: Person, owners: list[str], slug: str = "physics") -> tuple[str, Path]:
    """A recording whose camera each of the owners has sent, too: tracks p1, p2 and so on."""
    recording_id = await add_finished(api, await make_room(api, teacher, slug), teacher)
    folder = await add_tracks(api, recording_id, owners)
    told(api, recording_id)
    return recording_id, folder


async def owners_of(api: Api, recording_id: str, by: Person) -> dict[str, str]:
    answer = await api.call("GET", f"{BASE}/{recording_id}/info", by=by)
    assert answer.status == 200, answer
    return {one["track"]: one["person"]["user_id"] for one in answer.body["tracks"] if one["person"]}


async def first_segment(api: Api, recording_id: str, by: Person, track: str) -> Fetched:
    cookie = await grant_of(api, recording_id, by)
    return await fetch(api, f"{BASE}/{recording_id}/stream/{track}/seg-00000.m4s", Cookie=cookie)


async def test_tracks_go_to_the_store_and_are_erased_from_there_with_who_sent_them(
    tmp_path: Path, store: FolderClients
) -> None:
    only_there = SETTINGS.model_copy(update={"keep_local_hours": 0})
    async with storing(tmp_path / "data", only_there) as api:
        admin, teacher, ann = (
            await api.person("admin"),
            await api.person("teacher"),
            await api.person("student"),
        )
        owners = [ann.user_id, *[teacher.user_id] * 9]  # p1 is a beginning of p10
        recording_id, _ = await record(api, teacher, owners)
        await gone_from_here(api, recording_id)
        assert await owners_of(api, recording_id, teacher) == {f"p{n}": o for n, o in enumerate(owners, 1)}
        media = await first_segment(api, recording_id, teacher, "p1")
        assert media.status == 200 and media.body == store.objects(recording_id)["video/seg-00000.m4s"]
        before = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body["file_size_bytes"]

        store.away = True  # the account is gone at once, what is in the store as soon as it is back
        assert (await api.call("DELETE", f"/api/v1/users/{ann.user_id}", by=admin)).status == 204
        store.away = False
        assert ann.user_id in store.objects(recording_id)[MANIFEST_NAME].decode()
        assert await api.server.services.personal.erasure.sweep() == 1
        objects = store.objects(recording_id)
        assert ann.user_id not in objects[MANIFEST_NAME].decode()
        assert {name.split("/")[0] for name in objects if name.startswith("p")} == {
            f"p{number}" for number in range(2, 11)
        }
        assert "p1" not in await owners_of(api, recording_id, teacher)
        assert (await first_segment(api, recording_id, teacher, "p1")).status == 404
        assert (await first_segment(api, recording_id, teacher, "p10")).status == 200
        after = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body["file_size_bytes"]
        assert after != before

        store.asked.clear()
        await api.server.services.personal.erasure.sweep()
        assert store.asked == [], "whose tracks there are is known by now"


async def test_who_is_erased_while_it_is_uploaded_is_not_in_the_store_afterwards(
    api: Api, store: FolderClients
) -> None:
    admin, teacher, ann = await api.person("admin"), await api.person("teacher"), await api.person("student")
    recording_id, folder = await record(api, teacher, [ann.user_id, teacher.user_id])
    store.puts_left = 12
    async with working_on(api):
        await job_is(api, recording_id, teacher, lambda job: job["attempts"] > 1)
        (store.folder / recording_id / "p1").mkdir(exist_ok=True)
        shutil.copy(folder / "p1" / "seg-00000.m4s", store.folder / recording_id / "p1")
        assert (await api.call("DELETE", f"/api/v1/users/{ann.user_id}", by=admin)).status == 204
        store.puts_left = 1 << 30
        await uploaded(api, recording_id, teacher)
    assert store.objects(recording_id).keys() == files_of(folder).keys()
    assert "p2/seg-00000.m4s" in store.objects(recording_id)
    assert ann.user_id not in store.objects(recording_id)[MANIFEST_NAME].decode()


async def test_what_cannot_be_erased_now_is_erased_later_and_the_rest_at_once(
    api: Api, tmp_path: Path
) -> None:
    admin, teacher, ann = await api.person("admin"), await api.person("teacher"), await api.person("student")
    owners = [ann.user_id, teacher.user_id]
    (_, torn), (linked, moved), (damaged, whole) = [
        await record(api, teacher, owners, slug) for slug in ("torn", "linked", "whole")
    ]
    manifest = (torn / MANIFEST_NAME).read_bytes()
    (torn / MANIFEST_NAME).write_bytes(manifest[:100])
    (moved / "p1").rename(tmp_path / "elsewhere")
    (moved / "p1").symlink_to(tmp_path / "elsewhere")
    assert (await api.call("DELETE", f"/api/v1/users/{ann.user_id}", by=admin)).status == 204
    assert not (whole / "p1").exists() and (whole / "p2").exists()
    assert [one.track for one in read_manifest(moved).people] == ["p2"], "nobody is shown it any more"
    erasure = api.server.services.personal.erasure
    (tracks,) = [one for one in erasure._parts.files if isinstance(one, TrackErasure)]
    (torn / MANIFEST_NAME).write_bytes(manifest)
    with pytest.raises(Unavailable, match=linked):
        await tracks.erase(ann.user_id)
    assert ann.user_id not in (torn / MANIFEST_NAME).read_text() and not (torn / "p1").exists()
    (moved / "p1").unlink()
    (tmp_path / "elsewhere").rename(moved / "p1")
    await tracks.erase(ann.user_id)
    assert not (moved / "p1").exists() and (moved / "p2").exists()
    (whole / MANIFEST_NAME).write_bytes(manifest[:100])
    with pytest.raises(Unavailable, match=damaged):
        await tracks.erase(ann.user_id)


async def test_tracks_of_participants_are_for_who_has_an_account(api: Api) -> None:
    teacher = await api.person("teacher")
    recording_id, _ = await record(api, teacher, [teacher.user_id])
    shown = await api.call("PATCH", f"{BASE}/{recording_id}", {"visibility": "public"}, by=teacher)
    assert shown.status == 200, shown
    folder = f"{BASE}/{recording_id}/stream"
    for headers, tracks in ((teacher.headers, {"p1", "video"}), ({}, {"video"})):
        found = {
            track: await fetch(api, f"{folder}/{track}/playlist.m3u8", **headers) for track in ("p1", "video")
        }
        assert {track for track, answer in found.items() if answer.status == 200} == tracks
        assert {answer.status for answer in found.values()} <= {200, 404}
    assert set(await owners_of(api, recording_id, teacher)) == {"p1"}
    named = await fetch(api, f"{BASE}/{recording_id}/info")
    assert named.status in (200, 401) and teacher.user_id not in named.text
