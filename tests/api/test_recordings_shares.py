"""Links to one recording, publishing, and who opened it."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from typing import Any

import pytest
import socketio
from sqlalchemy import select

from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.api.socket_clients import Client
from tests.serving import Api, Person
from vtp.accounts.tables import audit_log
from vtp.errors import Unavailable
from vtp.recording.tables import recording_shares

BASE = "/api/v1/recordings"


async def share(api: Api, recording_id: str, by: Person, **wish: Any) -> dict[str, Any]:
    answer = await api.call("POST", f"{BASE}/{recording_id}/share", wish, by=by)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


async def cookie_by(api: Api, recording_id: str, token: str = "") -> str:
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await fetch(api, f"{BASE}/{recording_id}", **sent)
    assert answer.status == 200, answer
    return answer.headers["Set-Cookie"].partition(";")[0]


async def plays(api: Api, recording_id: str, cookie: str) -> int:
    return (await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)).status


async def show(api: Api, recording_id: str, by: Person, visibility: str) -> None:
    answer = await api.call("PATCH", f"{BASE}/{recording_id}", {"visibility": visibility}, by=by)
    assert (answer.status, answer.body.get("visibility")) == (200, visibility), answer


async def test_a_link_opens_its_recording_without_an_account_and_nothing_else(
    api: Api, teacher: Person, recording_id: str
) -> None:
    other = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
    link = await share(api, recording_id, teacher, title="Parents")
    token = link["token"]
    assert link["url"] == f"{api.base_url}/recordings/{recording_id}#share={token}"
    read = await api.call("GET", f"{BASE}/{recording_id}", by=token)
    assert (read.status, read.body["title"], read.body["started_by"]) == (200, "Optics", None)
    assert not any(read.body["may"].values()) and read.body["download_url"] is None
    cookie = await cookie_by(api, recording_id, token)
    assert await plays(api, recording_id, cookie) == 200
    segment = f"{BASE}/{recording_id}/stream/video/seg-00000.m4s"
    assert (await fetch(api, segment, Cookie=cookie)).status == 200
    assert (await fetch(api, f"{BASE}/{recording_id}/thumbnail", Cookie=cookie)).status == 200
    assert (await fetch(api, f"{BASE}/{recording_id}/download", Cookie=cookie)).status in (401, 403)
    assert (await api.call("GET", f"{BASE}/{other}", by=token)).status == 403
    for method, path in (
        ("GET", BASE),
        ("GET", "/api/v1/rooms"),
        ("GET", "/api/v1/auth/profile"),
        ("GET", f"{BASE}/{recording_id}/progress"),
        ("GET", f"{BASE}/{recording_id}/shares"),
        ("GET", "/api/v1/ice-servers"),
    ):
        assert (path, (await api.call(method, path, by=token)).status) in [(path, 403), (path, 404)]
    stranger = Client()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await stranger.io.connect(api.base_url, auth={"token": token, "answers": "ack"})


async def test_a_link_to_take_home_lets_people_download(api: Api, teacher: Person, recording_id: str) -> None:
    link = await share(api, recording_id, teacher, download=True)
    assert link["access_level"] == "download"
    read = await api.call("GET", f"{BASE}/{recording_id}", by=link["token"])
    assert read.body["may"]["download"] and read.body["download_url"]
    cookie = await cookie_by(api, recording_id, link["token"])
    assert (await fetch(api, read.body["download_url"], Cookie=cookie)).status == 200


async def test_ending_a_link_ends_what_goes_on_by_it_and_nothing_else(
    api: Api, teacher: Person, recording_id: str
) -> None:
    link, other = await share(api, recording_id, teacher), await share(api, recording_id, teacher)
    cookie = await cookie_by(api, recording_id, link["token"])
    stays = await cookie_by(api, recording_id, other["token"])
    assert [await plays(api, recording_id, one) for one in (cookie, stays)] == [200, 200]
    ended = await api.call("DELETE", f"{BASE}/{recording_id}/shares/{link['id']}", by=teacher)
    assert (ended.status, ended.body["status"], ended.body["is_revoked"]) == (200, "revoked", True)
    assert [await plays(api, recording_id, one) for one in (cookie, stays)] == [401, 200]
    refused = await api.call("GET", f"{BASE}/{recording_id}", by=link["token"])
    assert (refused.status, refused.body["code"]) == (401, "token_revoked")
    assert (await api.call("DELETE", f"{BASE}/{recording_id}/shares/{link['id']}", by=teacher)).status == 200
    async with api.server.services.database.read() as tx:
        events = set((await tx.execute(select(audit_log.c.event))).scalars())
        kept = str((await tx.execute(select(recording_shares))).all())
    assert {"recording_shared", "recording_share_ended"} <= events
    assert link["token"] not in kept


async def test_a_download_that_goes_on_ends_with_its_link(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.recording.download_routes.READ_BYTES", 1024)
    link = await share(api, recording_id, teacher, download=True)
    cookie = await cookie_by(api, recording_id, link["token"])
    grants = api.server.services.recording_parts
    whole = (await fetch(api, f"{BASE}/{recording_id}/download", Cookie=cookie)).body
    asked, require = 0, grants.holders.require

    async def revoke_meanwhile(*wanted: Any) -> None:
        nonlocal asked
        asked += 1
        if asked == 5:
            ended = await api.call("DELETE", f"{BASE}/{recording_id}/shares/{link['id']}", by=teacher)
            assert ended.status == 200
        await require(*wanted)

    monkeypatch.setattr(grants.holders, "require", revoke_meanwhile)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.listening.http_port)
    request = f"GET {BASE}/{recording_id}/download HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n"
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert 0 < len(body) < len(whole)


async def test_a_download_that_goes_on_ends_when_its_link_expires(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.recording.download_routes.READ_BYTES", 1024)
    link = await share(api, recording_id, teacher, download=True, expires_in_s=3600)
    cookie = await cookie_by(api, recording_id, link["token"])
    parts = api.server.services.recording_parts
    whole = (await fetch(api, f"{BASE}/{recording_id}/download", Cookie=cookie)).body
    for sent in (f"Cookie: {cookie}", f"Authorization: Bearer {link['token']}"):
        asked, require = 0, parts.holders.require

        async def wait_meanwhile(*wanted: Any, require: Any = require) -> None:
            nonlocal asked
            asked += 1
            if asked == 5:
                monkeypatch.setattr(parts.grants, "_now_s", lambda: time.time() + 3601)
            await require(*wanted)

        with monkeypatch.context() as passing:
            passing.setattr(parts.holders, "require", wait_meanwhile)
            reader, writer = await asyncio.open_connection("127.0.0.1", api.server.listening.http_port)
            request = f"GET {BASE}/{recording_id}/download HTTP/1.1\r\nHost: x\r\n{sent}\r\n\r\n"
            writer.write(request.encode())
            body = (await reader.read()).partition(b"\r\n\r\n")[2]
            writer.close()
        monkeypatch.setattr(parts.grants, "_now_s", time.time)
        assert 0 < len(body) < len(whole)


async def test_a_link_rests_while_its_maker_is_shut_out(api: Api, teacher: Person, recording_id: str) -> None:
    link = await share(api, recording_id, teacher)
    cookie = await cookie_by(api, recording_id, link["token"])
    assert await plays(api, recording_id, cookie) == 200
    admin = await api.person("admin")
    user = f"/api/v1/users/{teacher.user_id}"
    for change, status in (
        ({"disabled": True}, 401),
        ({"disabled": False}, 200),
        ({"role": "student"}, 401),
        ({"role": "teacher"}, 200),
    ):
        assert (await api.call("PATCH", user, change, by=admin)).status == 200
        read = await api.call("GET", f"{BASE}/{recording_id}", by=link["token"])
        assert (change, read.status, await plays(api, recording_id, cookie)) == (change, status, status)


async def test_who_may_share_and_what_does_not_fit(api: Api, teacher: Person, recording_id: str) -> None:
    path = f"{BASE}/{recording_id}/share"
    for role, status in (("admin", 201), ("assistant", 403), ("student", 403)):
        person = await api.person(role)
        assert (role, (await api.call("POST", path, {}, by=person)).status) == (role, status)
    somebody_else = await api.person("teacher", "other@school.example")
    assert (await api.call("POST", path, {}, by=somebody_else)).status == 403
    assert (await api.call("POST", path, {})).status == 401
    for wish, pointer in (
        ({"expires_in_s": 59}, "/expires_in_s"),
        ({"expires_in_s": 90 * 86_400 + 1}, "/expires_in_s"),
        ({"download": 1}, "/download"),
        ({"title": "a\nb"}, "/title"),
        ({"max_uses": 3}, "/max_uses"),
    ):
        answer = await api.call("POST", path, wish, by=teacher)
        assert (wish, answer.status, answer.pointers) == (wish, 422, [pointer])
    await api.call("DELETE", f"{BASE}/{recording_id}", by=teacher)
    assert (await api.call("POST", path, {}, by=teacher)).status == 410


async def test_links_are_listed_newest_first_without_their_tokens(
    api: Api, teacher: Person, recording_id: str
) -> None:
    made = [await share(api, recording_id, teacher, title=f"Link {number}") for number in range(3)]
    await api.call("DELETE", f"{BASE}/{recording_id}/shares/{made[1]['id']}", by=teacher)
    path = f"{BASE}/{recording_id}/shares"
    first = (await api.call("GET", f"{path}?limit=2", by=teacher)).body
    second = (await api.call("GET", f"{path}?cursor={first['next_cursor']}", by=teacher)).body
    listed = first["items"] + second["items"]
    assert [(one["title"], one["status"]) for one in listed] == [
        ("Link 2", "good"),
        ("Link 1", "revoked"),
        ("Link 0", "good"),
    ]
    assert not any("token" in one or "url" in one for one in listed)


async def test_what_is_not_published_is_for_staff_alone_and_links_rest(
    api: Api, teacher: Person, recording_id: str
) -> None:
    student, assistant = await api.person("student"), await api.person("assistant")
    link = await share(api, recording_id, teacher)
    theirs, linked = (
        await grant_of(api, recording_id, student),
        await cookie_by(api, recording_id, link["token"]),
    )
    own = await grant_of(api, recording_id, assistant)
    assert [await plays(api, recording_id, one) for one in (theirs, linked, own)] == [200, 200, 200]
    await show(api, recording_id, teacher, "staff")
    assert [await plays(api, recording_id, one) for one in (theirs, linked, own)] == [403, 403, 200]
    assert (await api.call("GET", f"{BASE}/{recording_id}", by=student)).status == 403
    listed = [(await api.call("GET", BASE, by=one)).body for one in (student, assistant)]
    assert [(len(one["items"]), one["total"]) for one in listed] == [(0, 0), (1, 1)]
    links = (await api.call("GET", f"{BASE}/{recording_id}/shares", by=teacher)).body["items"]
    assert [(one["status"], one["resting"]) for one in links] == [("good", True)]
    await show(api, recording_id, teacher, "members")
    assert [await plays(api, recording_id, one) for one in (theirs, linked, own)] == [200, 200, 200]


async def test_what_is_public_is_open_to_anybody_until_it_is_not(
    api: Api, teacher: Person, recording_id: str
) -> None:
    path = f"{BASE}/{recording_id}"
    assert (await api.call("GET", path)).status == 401
    await show(api, recording_id, teacher, "public")
    read = await api.call("GET", path)
    assert (read.status, any(read.body["may"].values())) == (200, False)
    cookie = await cookie_by(api, recording_id)
    assert await plays(api, recording_id, cookie) == 200
    assert (await api.call("GET", path, by=await api.newcomer())).status == 200
    assert (await api.call("GET", BASE)).status == 401
    await show(api, recording_id, teacher, "members")
    assert await plays(api, recording_id, cookie) == 403
    await show(api, recording_id, teacher, "public")
    await api.call("DELETE", path, by=teacher)
    assert (await api.call("GET", path)).status == 401
    assert await plays(api, recording_id, cookie) in (403, 410)


async def test_a_bad_token_is_told_so_where_none_is_needed(
    api: Api, teacher: Person, recording_id: str
) -> None:
    await show(api, recording_id, teacher, "public")
    assert (await api.call("GET", f"{BASE}/{recording_id}", by="nonsense")).body["code"] == "token_invalid"


async def test_a_new_recording_is_for_whom_its_start_says(api: Api, teacher: Person) -> None:
    await make_room(api, teacher)
    wish = {"room_id": "physics", "visibility": "staff"}
    started = (await api.call("POST", f"{BASE}/start", wish, by=teacher)).body["recording_id"]
    student = await api.person("student")
    assert (await api.call("GET", f"{BASE}/{started}", by=student)).status == 403
    assert (await api.call("GET", f"{BASE}/{started}", by=teacher)).body["visibility"] == "staff"


async def test_staff_see_who_opened_downloaded_and_shared_it(
    api: Api, teacher: Person, recording_id: str
) -> None:
    student = await api.person("student")
    link = await share(api, recording_id, teacher, title="Parents", download=True)
    theirs = await grant_of(api, recording_id, student)
    linked = await cookie_by(api, recording_id, link["token"])
    for cookie in (theirs, theirs, linked):
        assert await plays(api, recording_id, cookie) == 200
    download = f"{BASE}/{recording_id}/download"
    for sent in ({}, {"Range": "bytes=0-9"}):
        assert (await fetch(api, download, Cookie=linked, **sent)).status in (200, 206)
    path = f"{BASE}/{recording_id}/access-log"
    found = (await api.call("GET", path, by=teacher)).body["items"]
    assert [(one["action"], one["user_name"], one["link_title"]) for one in found] == [
        ("downloaded", None, "Parents"),
        ("opened", None, "Parents"),
        ("opened", "Student", None),
        ("shared", "Teacher", "Parents"),
    ]
    assert {one["ip_address"] for one in found} == {"127.0.0.1"}
    first = (await api.call("GET", f"{path}?limit=3", by=teacher)).body
    rest = (await api.call("GET", f"{path}?limit=3&cursor={first['next_cursor']}", by=teacher)).body
    assert first["items"] + rest["items"] == found
    middle = found[2]["at"].replace("+00:00", "Z")
    for query, left in (
        ("action=downloaded", [0]),
        ("q=PARENTS", [0, 1, 3]),
        ("q=stud&action=opened", [2]),
        ("q=%25", []),
        (f"until={middle}", [3]),
        (f"since={middle}&limit=1", [0]),
    ):
        kept = (await api.call("GET", f"{path}?{query}", by=teacher)).body["items"]
        assert kept == [found[at] for at in left], query
    table = await fetch(
        api, f"{path}/export?action=opened&limit=1", Authorization=f"Bearer {teacher.access_token}"
    )
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.body.decode("utf-8-sig"))))
    assert [(row["user_name"], row["link_title"]) for row in rows] == [("", "Parents"), ("Student", "")]
    assert [row["id"] for row in rows] == [found[1]["id"], found[2]["id"]]
    for who in (student, await api.person("assistant")):
        assert (await api.call("GET", path, by=who)).status == 403


async def test_who_plays_one_track_by_its_playlist_is_in_the_log(
    api: Api, teacher: Person, recording_id: str
) -> None:
    for name, role in (("playlist.m3u8", "student"), ("video/playlist.m3u8", "assistant")):
        cookie = await grant_of(api, recording_id, await api.person(role))
        assert (await fetch(api, f"{BASE}/{recording_id}/stream/{name}", Cookie=cookie)).status == 200
    found = (await api.call("GET", f"{BASE}/{recording_id}/access-log", by=teacher)).body["items"]
    assert {one["user_name"] for one in found} == {"Assistant", "Student"}


async def test_what_cannot_be_written_of_access_is_written_later(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = api.server.services.recording_parts.access_log
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/access-log"
    with monkeypatch.context() as away:

        async def write(entries: object) -> None:
            raise Unavailable("The database is away.")

        away.setattr(log, "_write", write)
        assert await plays(api, recording_id, cookie) == 200
        assert (await api.call("GET", path, by=teacher)).status == 503
    found = (await api.call("GET", path, by=teacher)).body["items"]
    assert [one["action"] for one in found] == ["opened"]


@pytest.mark.both_databases
async def test_entries_whose_commit_was_not_answered_are_written_once(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = api.server.services.recording_parts.access_log
    cookie = await grant_of(api, recording_id, teacher)
    write = log._write
    with monkeypatch.context() as unsure:

        async def write_unanswered(entries: list[dict[str, Any]]) -> None:
            await write(entries)
            raise Unavailable("The answer to COMMIT is lost.")

        unsure.setattr(log, "_write", write_unanswered)
        assert await plays(api, recording_id, cookie) == 200
        with pytest.raises(Unavailable):
            await log.flush()
    theirs = await grant_of(api, recording_id, await api.person("student"))
    assert await plays(api, recording_id, theirs) == 200
    found = await api.call("GET", f"{BASE}/{recording_id}/access-log", by=teacher)
    assert (found.status, len(found.body["items"])) == (200, 2), found


async def test_the_log_says_how_much_downloads_have_sent_all_ranges_together(
    api: Api, teacher: Person, recording_id: str
) -> None:
    path, sent = f"{BASE}/{recording_id}/download", {"Authorization": f"Bearer {teacher.access_token}"}
    whole = await fetch(api, path, **sent)
    part = await fetch(api, path, Range="bytes=100-1099", **sent)
    assert (whole.status, part.status) == (200, 206)
    cookie = await grant_of(api, recording_id, teacher)
    assert await plays(api, recording_id, cookie) == 200
    async with asyncio.timeout(20):
        while True:
            found = (await api.call("GET", f"{BASE}/{recording_id}/access-log", by=teacher)).body["items"]
            told = {one["action"]: one for one in found}
            if told["downloaded"]["bytes_transferred"] == len(whole.body) + 1000:
                break
            await asyncio.sleep(0.05)  # the answer has come, and is noted a moment later
    assert len(found) == 2 and {one["status"] for one in found} == {"success"}
    assert told["downloaded"]["duration_seconds"] >= 0
    assert told["opened"]["bytes_transferred"] is None is told["opened"]["duration_seconds"]
    webm = await api.call("GET", f"{path}?format=webm", by=teacher)
    assert (
        webm.status == 422
        and webm.pointers == ["/query/format"]
        and "MP4" in webm.body["errors"][0]["detail"]
    )


async def test_the_log_of_access_goes_when_it_is_old(api: Api, teacher: Person, recording_id: str) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    await plays(api, recording_id, cookie)
    log = api.server.services.recording_parts.access_log
    path = f"{BASE}/{recording_id}/access-log"
    assert len((await api.call("GET", path, by=teacher)).body["items"]) == 1
    assert await log.trim() == 0
    log._keep_days = -1
    assert await log.trim() == 1
    assert (await api.call("GET", path, by=teacher)).body["items"] == []
