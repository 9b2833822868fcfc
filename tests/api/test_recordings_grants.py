"""A media grant ends with its holder's right to the recording, though its six hours are not over."""

from __future__ import annotations

import pytest

from tests.api.recording_material import add_tracks, fetch, grant_of, make_room
from tests.serving import Api, Person
from vtp.recording import holders as holders_module

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


async def plays(api: Api, recording_id: str, cookie: str) -> int:
    return (await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)).status


async def change(api: Api, who: Person, **changes: object) -> None:
    admin = await api.person("admin", "head@school.example")
    answer = await api.call("PATCH", f"/api/v1/users/{who.user_id}", changes, by=admin)
    assert answer.status == 200, answer


async def test_who_is_disabled_plays_nothing_from_then_on(api: Api, recording_id: str) -> None:
    student = await api.person("student", "sam@school.example")
    cookie = await grant_of(api, recording_id, student)
    assert await plays(api, recording_id, cookie) == 200
    await change(api, student, disabled=True)
    assert await plays(api, recording_id, cookie) == 401


async def test_signing_out_ends_the_grants_of_that_session_and_no_other(api: Api, recording_id: str) -> None:
    here = await api.person("assistant", "al@school.example")
    elsewhere = await api.sign_in("al@school.example")
    link = (await api.call("GET", f"{BASE}/{recording_id}/download-url", by=here)).body["url"]
    mine, other = await grant_of(api, recording_id, here), await grant_of(api, recording_id, elsewhere)
    assert [await plays(api, recording_id, cookie) for cookie in (mine, other)] == [200, 200]
    await api.call("POST", "/api/v1/auth/logout", by=here)
    assert [await plays(api, recording_id, cookie) for cookie in (mine, other)] == [401, 200]
    assert (await fetch(api, link)).status == 200


async def test_the_address_counts_before_the_cookie_of_who_sat_here_before(
    api: Api, recording_id: str
) -> None:
    before, now = await api.person("assistant"), await api.person("student")
    old, new = await grant_of(api, recording_id, before), await grant_of(api, recording_id, now)
    await api.call("POST", "/api/v1/auth/logout", by=before)
    grant = new.partition("=")[2]
    master = f"{BASE}/{recording_id}/stream/master.m3u8"
    assert (await fetch(api, master, Cookie=old)).status == 401
    assert (await fetch(api, f"{master}?grant={grant}", Cookie=old)).status == 200
    assert (await fetch(api, f"{master}?grant={old.partition('=')[2]}", Cookie=new)).status == 200


async def test_a_download_link_ends_with_the_right_to_download(api: Api, recording_id: str) -> None:
    assistant = await api.person("assistant", "al@school.example")
    link = (await api.call("GET", f"{BASE}/{recording_id}/download-url", by=assistant)).body["url"]
    cookie = await grant_of(api, recording_id, assistant)
    assert (await fetch(api, link)).status == 200
    await change(api, assistant, role="student")
    assert (await fetch(api, link)).status == 403
    assert (await fetch(api, f"{BASE}/{recording_id}/download", Cookie=cookie)).status == 403
    assert await plays(api, recording_id, cookie) == 200


@pytest.mark.parametrize(("asked", "also"), [("", "&from=0"), ("?from=1&to=2.5", "&to=2.50&from=1.0")])
async def test_a_download_link_opens_the_download_that_it_was_made_for_and_nothing_else(
    api: Api, teacher: Person, recording_id: str, asked: str, also: str
) -> None:
    await add_tracks(api, recording_id, [teacher.user_id])
    at = f"{BASE}/{recording_id}"
    link = (await api.call("GET", f"{at}/download-url{asked}", by=teacher)).body["url"]
    grant = f"?grant={link.partition('grant=')[2]}"
    whole = (await fetch(api, link)).body
    assert whole and (await fetch(api, f"{at}/download{grant}{also}")).body == whole
    others = ["&from=1&to=2.6", "&from=0.9&to=2.5", "&from=1", "&to=2.5", "&part=1", *([""] if asked else [])]
    for query in others:
        assert (await fetch(api, f"{at}/download{grant}{query}")).status == 401, query
    for name in ("stream/master.m3u8", "stream/video/playlist.m3u8", "stream/video/seg-00001.m4s"):
        assert (await fetch(api, f"{at}/{name}{grant}")).status == 401, name
    cookie = f"vtp_media={grant.partition('=')[2]}"
    for name in ("stream/master.m3u8", "stream/p1/playlist.m3u8", "chapters", "captions", "thumbnail"):
        assert (await fetch(api, f"{at}/{name}", Cookie=cookie)).status == 401, name
    in_path = f"/media/t/{grant.partition('=')[2]}/{recording_id}/master.m3u8"
    assert (await fetch(api, in_path)).status == 401


async def test_a_revoked_link_plays_nothing_from_then_on(
    api: Api, teacher: Person, recording_id: str
) -> None:
    path = "/api/v1/rooms/physics/links"
    made = (await api.call("POST", path, {}, by=teacher)).body
    answer = await fetch(api, f"{BASE}/{recording_id}", Authorization=f"Bearer {made['token']}")
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert await plays(api, recording_id, cookie) == 200
    revoked = await api.call("DELETE", f"{path}/{made['id']}", by=teacher)
    assert revoked.status in (200, 204), revoked
    assert await plays(api, recording_id, cookie) == 401


async def test_who_reads_a_recording_again_goes_on_as_the_same_viewer(
    api: Api, teacher: Person, recording_id: str
) -> None:
    token = (await api.call("POST", "/api/v1/rooms/physics/links", {}, by=teacher)).body["token"]

    async def visit(cookie: str) -> str:
        headers = {"Authorization": f"Bearer {token}", "Cookie": cookie}
        return (await fetch(api, f"{BASE}/{recording_id}", **headers)).headers["Set-Cookie"].partition(";")[0]

    first = await visit("")
    second, another = await visit(first), await visit("")
    theirs = await visit(await grant_of(api, recording_id, teacher))
    holders = [cookie.split(".")[2] for cookie in (first, second, another, theirs)]
    assert holders[0] == holders[1] and len(set(holders)) == 3, "one link, in three browsers"
    assert await plays(api, recording_id, second) == 200


async def test_a_class_that_is_locked_is_closed_to_who_played_it_before(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders_module, "RECHECK_S", 0.0)
    await make_room(api, teacher)
    student = await api.person("student", "sam@school.example")
    started = await api.call("POST", f"{BASE}/start", {"room_id": "physics"}, by=teacher)
    running = started.body["recording_id"]
    theirs, own = await grant_of(api, running, student), await grant_of(api, running, teacher)
    assert await plays(api, running, theirs) == 503  # it has just begun
    settings = {"settings": {"locked": True}}
    assert (await api.call("PATCH", "/api/v1/rooms/physics", settings, by=teacher)).status == 200
    assert await plays(api, running, theirs) == 403
    assert await plays(api, running, own) == 503


async def test_a_token_counts_where_a_grant_does_not_any_more(
    api: Api, teacher: Person, recording_id: str
) -> None:
    student = await api.person("student", "sam@school.example")
    cookie = await grant_of(api, recording_id, student)
    await change(api, student, disabled=True)
    token = f"Bearer {teacher.access_token}"
    path = f"{BASE}/{recording_id}/stream/master.m3u8"
    assert (await fetch(api, path, Cookie=cookie, Authorization=token)).status == 200
