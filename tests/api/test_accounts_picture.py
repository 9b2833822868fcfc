"""Profile pictures over HTTP."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from pathlib import Path

import pytest

from tests.serving import Answer, Api, Person, serving
from tests.unit.picture_material import BLUE, RED, halves, is_near, jpeg, pixels_of, png, with_exif
from vtp.accounts.portraits import make_portrait

PICTURE = "/api/v1/auth/profile/picture"


async def put(api: Api, by: Person, data: bytes, kind: str = "image/png") -> Answer:
    return await api.call("PUT", PICTURE, by=by, data=data, headers={"Content-Type": kind})


def files(api: Api) -> list[Path]:
    return [path for path in (api.server.services.pictures.files.store.root).rglob("*.jpg") if path.is_file()]


async def test_a_picture_is_put_seen_by_others_replaced_and_removed(api: Api) -> None:
    ada, bob = await api.person("teacher"), await api.person("student")
    assert (await api.call("GET", "/api/v1/auth/profile", by=ada)).body["picture_url"] is None
    secret = b"a place"
    first = await put(api, ada, with_exif(jpeg(halves(300, 300, RED, RED)), 1, secret), "image/jpeg")
    assert first.status == 200
    url = first.body["picture_url"]
    assert url.startswith(f"/api/v1/users/{ada.user_id}/picture?v=")
    seen = await api.call("GET", url, by=bob)
    assert (seen.status, seen.headers["Content-Type"]) == (200, "image/jpeg")
    assert is_near(pixels_of(seen.body)[128, 128], RED)
    assert secret not in seen.body
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert seen.headers["Content-Disposition"].startswith("inline")
    assert seen.headers["Cache-Control"].startswith("private")
    again = await api.call("GET", url, by=bob, headers={"If-None-Match": seen.headers["ETag"]})
    assert (again.status, again.headers["ETag"]) == (304, seen.headers["ETag"])
    second = await put(api, ada, png(halves(300, 300, BLUE, BLUE)))
    assert second.body["picture_url"] != url
    newer = await api.call("GET", url, by=bob, headers={"If-None-Match": seen.headers["ETag"]})
    assert (newer.status, is_near(pixels_of(newer.body)[128, 128], BLUE)) == (200, True)
    assert len(files(api)) == 1
    assert (await api.call("DELETE", PICTURE, by=ada)).status == 204
    assert (await api.call("DELETE", PICTURE, by=ada)).status == 204
    assert (await api.call("GET", url, by=bob)).status == 404
    assert files(api) == []


async def test_what_is_no_picture_by_its_content_is_refused_whatever_it_is_called(api: Api) -> None:
    ada = await api.person("teacher")
    refused = await put(api, ada, b"<svg onload='alert(1)'/>")
    assert (refused.status, refused.body["code"]) == (422, "picture_refused")
    assert (await put(api, ada, b"<svg/>", "image/svg+xml")).status == 415
    assert (await put(api, ada, bytes(2_000_001))).status == 413
    assert (await api.call("GET", "/api/v1/auth/profile", by=ada)).body["picture_url"] is None
    assert files(api) == []


@pytest.mark.parametrize("length", ["Content-Length: 900000", "Transfer-Encoding: chunked"])
async def test_a_connection_that_is_cut_within_a_picture_leaves_nothing_and_no_traceback(
    api: Api, length: str, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await api.person("teacher")
    caplog.set_level(logging.INFO)
    _, writer = await asyncio.open_connection("127.0.0.1", api.server.listening.http_port)
    head = f"PUT {PICTURE} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {ada.access_token}\r\n"
    writer.write(f"{head}Content-Type: image/png\r\n{length}\r\n\r\n".encode())
    writer.write(b"%x\r\n%s" % (900_000, png(halves(300, 300, RED, RED))))
    await writer.drain()
    assert (await api.call("GET", "/api/v1/auth/profile", by=ada)).status == 200, "the other is being read"
    writer.transport.abort()
    async with asyncio.timeout(30):
        while not any(f"PUT {PICTURE}" in one.getMessage() for one in caplog.records):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert [one.getMessage() for one in caplog.records if one.exc_info] == []
    assert (files(api), (await api.call("GET", "/api/v1/auth/profile", by=ada)).body["picture_url"]) == (
        [],
        None,
    )


async def test_of_one_account_one_picture_is_in_hand_and_none_is_made_for_who_has_gone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await api.person("teacher"), await api.newcomer()
    loop, begun, goes_on, made = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), list[bytes]()

    def make(data: bytes) -> bytes:
        made.append(data)
        loop.call_soon_threadsafe(begun.set)
        assert goes_on.wait(30)
        return make_portrait(data)

    monkeypatch.setattr("vtp.accounts.pictures.make_portrait", make)
    red, blue = png(halves(300, 300, RED, RED)), png(halves(300, 300, BLUE, BLUE))
    turns = api.server.services.pictures._turns
    first = asyncio.create_task(put(api, ada, red))
    try:
        await begun.wait()
        second = await put(api, ada, blue)
        assert (second.status, second.body["code"]) == (429, "rate_limited"), second
        assert int(second.headers["Retry-After"]) >= 1
        for _ in range(3):  # one after the other goes away, and keeps nobody's place
            leaving = asyncio.create_task(put(api, bob, blue))
            async with asyncio.timeout(30):
                while not any(not one.is_gone() for one in turns._waiting):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                leaving.cancel()
                while not turns._waiting[0].is_gone():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
    finally:
        goes_on.set()
    assert (await first).status == 200
    assert made == [red]
    assert (await put(api, bob, blue)).status == 200


async def test_a_disk_without_room_for_a_picture_is_told_and_the_one_before_stays(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await api.person("teacher")
    before = await put(api, ada, png(halves(300, 300, RED, RED)))

    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("vtp.storage.store.Store.put", full)
        refused = await put(api, ada, png(halves(300, 300, BLUE, BLUE)))
    assert (refused.status, refused.body["code"]) == (503, "disk_full"), refused
    seen = await api.call("GET", before.body["picture_url"], by=ada)
    assert is_near(pixels_of(seen.body)[128, 128], RED)
    assert len(files(api)) == 1


async def test_newcomers_see_their_own_picture_alone(api: Api) -> None:
    ada, new = await api.person("teacher"), await api.newcomer()
    others = (await put(api, ada, png(halves(300, 300, RED, RED)))).body["picture_url"]
    own = (await put(api, new, png(halves(300, 300, RED, RED)))).body["picture_url"]
    assert (await api.call("GET", own, by=new)).status == 200
    refused = await api.call("GET", others, by=new)
    assert (refused.status, refused.body["code"]) == (403, "account_not_verified")
    assert (await api.call("GET", others)).status == 401


async def test_half_a_picture_that_a_killed_server_left_is_gone_after_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    drafts = [
        data / "recordings" / "pictures" / "ada" / "face.jpg#1",
        data / "secrets" / ".signing.json-a1b2c3d4",
    ]
    for draft in drafts:
        draft.parent.mkdir(parents=True)
        draft.write_bytes(b"half")
        os.utime(draft, (0, 0))
    async with serving(data):
        assert not any(draft.exists() for draft in drafts)
