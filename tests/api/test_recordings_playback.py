"""Playback over HTTP: grants, playlists, segments, download, and recovery at start."""

from __future__ import annotations

import asyncio
import errno
import gzip
import re
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.recording_material import add_finished, fetch, grant_of, make_room, open_media
from tests.serving import Api, Person, raw_status, serving
from tests.unit.coded_pictures import coded_units, pictures_of
from tests.unit.recording_material import h264_units, placed
from vtp.accounts.tokens import room_claims
from vtp.errors import Unavailable
from vtp.recording import ends, playback, recovery
from vtp.recording.changes import RecordingChanged
from vtp.recording.grants import Grants, Scope
from vtp.recording.index import INDEX_NAME
from vtp.recording.loading import load_whole
from vtp.recording.manifest import MANIFEST_NAME, Manifest, read_manifest, write_manifest
from vtp.recording.recovery import recover
from vtp.recording.store import Status, remove_recording
from vtp.recording.stretches import DOWNLOAD_PARTS
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView

pytestmark = pytest.mark.sqlite_alone

BASE = "/api/v1/recordings"


async def test_cookie_of_the_recording_opens_its_media_and_no_other(
    api: Api, teacher: Person, recording_id: str
) -> None:
    answer = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    cookie = answer.headers["Set-Cookie"]
    assert f"Path={BASE}/{recording_id};" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    other = await add_finished(api, await make_room(api, teacher, "maths"), teacher)
    pair = cookie.partition(";")[0]
    assert (await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=pair)).status == 200
    assert (await fetch(api, f"{BASE}/{other}/stream/master.m3u8", Cookie=pair)).status == 401
    assert (await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=pair + "x")).status == 401


async def test_player_with_a_token_gets_everything_that_the_playlists_name(
    api: Api, teacher: Person, recording_id: str
) -> None:
    token = teacher.headers["Authorization"]
    root = f"{BASE}/{recording_id}/stream"
    master = await fetch(api, f"{root}/master.m3u8", Authorization=token)
    assert master.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    playlists = set(re.findall(r'URI="(\S+)"|^([^#\n]\S+)$', master.text, re.M))
    playlists = {one or other for one, other in playlists}
    assert playlists == {"video/playlist.m3u8", "opus/playlist.m3u8", "aac/playlist.m3u8"}
    for playlist in playlists:
        text = (await fetch(api, f"{root}/{playlist}", Authorization=token)).text
        assert text.endswith("#EXT-X-ENDLIST\n")
        folder = f"{root}/{playlist.partition('/')[0]}"
        names = re.findall(r'MAP:URI="(\S+)"', text) + re.findall(r"^[^#\n]\S+$", text, re.M)
        files = [await fetch(api, f"{folder}/{name}", Authorization=token) for name in names]
        assert [file.status for file in files] == [200] * len(files)
        with open_media(b"".join(file.body for file in files)) as media:
            frames = sum(1 for _ in media.decode(media.streams[0]))
        assert frames == 120 if playlist.startswith("video") else frames > 180


async def test_stream_address_answers_players_with_a_playlist_and_people_with_a_page(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    player = await fetch(api, f"{BASE}/{recording_id}/stream", Cookie=cookie)
    assert "stream/video/playlist.m3u8" in player.text
    person = await fetch(api, f"{BASE}/{recording_id}/stream", Cookie=cookie, Accept="text/html")
    assert person.status == 303 and person.headers["Location"] == f"/recordings/{recording_id}"
    short = await fetch(api, f"{BASE}/{recording_id}/stream/playlist.m3u8", Cookie=cookie)
    assert "video/seg-00000.m4s" in short.text


async def test_playlists_are_zipped_and_revalidated(api: Api, teacher: Person, recording_id: str) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/stream/video/playlist.m3u8"
    zipped = await fetch(api, path, Cookie=cookie, Accept_Encoding="gzip")
    plain = await fetch(api, path, Cookie=cookie, Accept_Encoding="identity")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    again = await fetch(api, path, Cookie=cookie, If_None_Match=plain.headers["ETag"])
    assert again.status == 304


async def test_a_whole_class_that_comes_at_once_has_a_recording_read_once(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its viewers do at its end; who goes away meanwhile keeps it from nobody."""
    cookie = await grant_of(api, recording_id, teacher)
    read: list[Path] = []
    loop, is_read, goes_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def load(directory: Path) -> RecordingView:
        read.append(directory)
        loop.call_soon_threadsafe(is_read.set)
        assert goes_on.wait(60)
        return load_whole(directory)

    monkeypatch.setattr(playback, "load_whole", load)
    api.server.services.recordings.playback.refresh(recording_id)
    path = f"{BASE}/{recording_id}/stream/video/playlist.m3u8"
    first, *others = (asyncio.create_task(fetch(api, path, Cookie=cookie)) for _ in range(20))
    await is_read.wait()
    first.cancel()
    goes_on.set()
    assert {answer.status for answer in await asyncio.gather(*others)} == {200}
    assert (await fetch(api, path, Cookie=cookie)).status == 200
    assert len(read) == 1


async def test_segments_have_types_tags_and_ranges(api: Api, teacher: Person, recording_id: str) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/stream/video/seg-00001.m4s"
    whole = await fetch(api, path, Cookie=cookie)
    assert whole.headers["Content-Type"] == "video/iso.segment"
    assert whole.headers["Cache-Control"] == "no-store"
    part = await fetch(api, path, Cookie=cookie, Range="bytes=10-19")
    assert part.status == 206 and part.body == whole.body[10:20]
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.body)}"
    assert (await fetch(api, path, Cookie=cookie, If_None_Match=whole.headers["ETag"])).status == 304
    assert (await fetch(api, path, Cookie=cookie, Range=f"bytes={len(whole.body)}-")).status == 416
    section = await fetch(api, f"{BASE}/{recording_id}/stream/video/init-0.mp4", Cookie=cookie)
    assert section.headers["Content-Type"] == "video/mp4"


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    "name",
    [
        "video/index.jsonl",
        "video/seg-00009.m4s",
        "video/seg-1.m4s",
        "video/..%2frecording.json",
        "video/..%2f..%2f..%2fvtp.sqlite3",
        "x/init-0.mp4",
        "recording.json",
    ],
)
async def test_only_what_the_index_names_is_served(
    api: Api, teacher: Person, recording_id: str, name: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    assert (await fetch(api, f"{BASE}/{recording_id}/stream/{name}", Cookie=cookie)).status == 404


async def test_download_is_an_mp4_with_picture_and_sound_and_ranges(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    path = f"{BASE}/{recording_id}/download"
    whole = await fetch(api, path, Cookie=cookie)
    assert whole.status == 200 and whole.headers["Content-Type"] == "video/mp4"
    assert "Optics.mp4" in whole.headers["Content-Disposition"]
    assert whole.body.index(b"moov") < whole.body.index(b"mdat")
    with open_media(whole.body) as media:
        assert media.streams.video[0].frames == 120
        assert media.streams.audio[0].codec_context.name == "aac"
        assert abs(media.duration / 1e6 - 4) < 0.1
    part = await fetch(api, path, Cookie=cookie, Range="bytes=0-99")
    assert part.status == 206 and part.body == whole.body[:100]


@pytest.mark.both_databases
async def test_recording_of_two_picture_codecs_is_downloaded_in_parts(api: Api, teacher: Person) -> None:
    video = placed(h264_units(60)) + [
        one._replace(time_ns=one.time_ns + 2 * NS) for one in pictures_of("vp9", coded_units("vp9", 60))
    ]
    recording_id = await add_finished(
        api, await make_room(api, teacher), teacher, video=video, metadata={DOWNLOAD_PARTS: 2}
    )
    base = f"{BASE}/{recording_id}/download"
    seen = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert seen.body["download_urls"] == [f"{base}?part=1", f"{base}?part=2"]
    assert seen.body["download_url"] == f"{base}?part=1"
    cookie = await grant_of(api, recording_id, teacher)
    refused = await fetch(api, base, cookie=cookie)
    assert (refused.status, b"part=1 to part=2" in refused.body) == (409, True)
    for part, codec in ((1, "h264"), (2, "vp9")):
        answer = await fetch(api, f"{base}?part={part}", cookie=cookie)
        assert answer.status == 200 and f" {part}.mp4" in answer.headers["Content-Disposition"]
        with open_media(answer.body) as container:
            assert container.streams.video[0].codec_context.name == codec
            times = [frame.time for frame in container.decode(video=0)]
        assert (len(times), times[0] < 0.05, 1.9 < times[-1] < 2.1) == (60, True, True)
        with open_media(answer.body) as container:
            assert abs(container.streams.audio[0].duration / 48_000 - 2) < 0.1
    assert (await fetch(api, f"{base}?part=3", cookie=cookie)).status == 404
    link = await api.call("GET", f"{base}-url?part=2", by=teacher)
    assert (await fetch(api, link.body["url"])).status == 200
    info = await api.call("GET", f"{BASE}/{recording_id}/info", by=teacher)
    codecs = {track["track"]: track["codecs"] for track in info.body["tracks"]}
    assert codecs["video"] == "avc1.42c00d,vp09.00.11.08"


async def test_signed_link_downloads_without_signing_in(api: Api, teacher: Person, recording_id: str) -> None:
    answer = await api.call("GET", f"{BASE}/{recording_id}/download-url", by=teacher)
    assert answer.status == 200 and answer.body["expires_at"]
    assert (await fetch(api, answer.body["url"])).status == 200
    assert (await fetch(api, answer.body["url"][:-2] + "AA")).status == 401


async def test_info_names_the_tracks(api: Api, teacher: Person, recording_id: str) -> None:
    answer = await api.call("GET", f"{BASE}/{recording_id}/info", by=teacher)
    assert {track["track"] for track in answer.body["tracks"]} == {"video", "opus", "aac"}
    assert answer.body["target_duration_seconds"] == 4


def test_grant_ends_and_does_not_stretch() -> None:
    now = [1000.0]
    grants = Grants(b"k" * 32, lambda: now[0])
    play = grants.make("r", Scope.PLAY, "ann", 60)
    download = grants.make("r", Scope.DOWNLOAD, "ann", 60)
    assert grants.check(play, "r", Scope.PLAY) and not grants.check(play, "r", Scope.DOWNLOAD)
    assert grants.check(download, "r", Scope.PLAY) and grants.check(download, "r", Scope.DOWNLOAD)
    assert not grants.check(play, "s", Scope.PLAY)
    assert not Grants(b"x" * 32, lambda: now[0]).check(play, "r", Scope.PLAY)
    assert grants.check(play, "r", Scope.PLAY) == "ann"
    for forged in (play.replace("1060", "9060"), play.replace("ann", "bob")):
        assert grants.check(forged, "r", Scope.PLAY) is None
    for garbage in ("", "..", "é.p.x", "1060.p"):
        assert not grants.check(garbage, "r", Scope.PLAY)
    now[0] = 1060
    assert not grants.check(play, "r", Scope.PLAY)


@pytest.mark.parametrize("by_others", [False, True], ids=["at the start", "by a job before"])
async def test_recording_of_a_killed_server_is_interrupted_and_plays(tmp_path: Path, by_others: bool) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        killed = await add_finished(api, room, teacher, status=Status.RECORDING, closed=False)
        closed = await add_finished(api, room, teacher, status=Status.FINALIZING)
        folder = api.server.services.recordings.file(killed, "x").parent
    if by_others:
        await asyncio.to_thread(recover, folder)
    async with serving(tmp_path / "data") as api:
        teacher = await api.sign_in("teacher@school.example")
        answer = await api.call("GET", f"{BASE}/{killed}", by=teacher)
        assert answer.body["status"] == "interrupted" and "server ended" in answer.body["error_message"]
        assert 3 < answer.body["duration_seconds"] <= 4 and answer.body["resolution"] == "320x180"
        cookie = await grant_of(api, killed, teacher)
        text = (await fetch(api, f"{BASE}/{killed}/stream/video/playlist.m3u8", Cookie=cookie)).text
        assert text.count("#EXTINF") == 2 and text.endswith("#EXT-X-ENDLIST\n")
        other = await api.call("GET", f"{BASE}/{closed}", by=teacher)
        assert other.body["status"] == "ready" and other.body["duration_seconds"] == 4


@pytest.mark.parametrize("refused", ["write", "mount"])
async def test_recording_that_the_disk_keeps_from_being_recovered_is_whole_once_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        killed = await add_finished(
            api, await make_room(api, teacher), teacher, status=Status.RECORDING, closed=False
        )
        folder = api.server.services.recordings.file(killed, "x").parent
    away = tmp_path / "away"
    if refused == "write":
        monkeypatch.setattr(recovery, "write_manifest", _refuse)
    else:
        folder.rename(away)
    monkeypatch.setattr(ends, "RECOVER_AGAIN_S", 0.05)
    async with serving(tmp_path / "data") as api:
        teacher = await api.sign_in("teacher@school.example")
        answer = await api.call("GET", f"{BASE}/{killed}", by=teacher)
        assert answer.body["status"] == "recording", "it is not given up"
        if refused == "write":
            assert (await api.call("GET", f"{BASE}/{killed}/info", by=teacher)).status == 200
            monkeypatch.setattr(recovery, "write_manifest", write_manifest)
        else:
            await asyncio.to_thread(away.rename, folder)
        async with asyncio.timeout(40):
            await api.server.services.recordings.settle()
        answer = await api.call("GET", f"{BASE}/{killed}", by=teacher)
        assert answer.body["status"] == "interrupted" and 3 < answer.body["duration_seconds"] <= 4


async def test_what_is_left_to_be_recovered_is_tried_again_after_the_database_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        lost, killed = [
            await add_finished(api, room, teacher, status=Status.RECORDING, closed=False) for _ in range(2)
        ]
        root = api.server.services.recordings.file(killed, "x").parents[1]
    away = root.rename(tmp_path / "away")
    for wait in ("RECOVER_AGAIN_S", "SAVE_AGAIN_S"):
        monkeypatch.setattr(ends, wait, 0.05)
    async with serving(tmp_path / "data") as api:
        tried = asyncio.Event()

        def refuse() -> None:
            tried.set()
            raise Unavailable("The database does not answer.")

        with monkeypatch.context() as patch:
            patch.setattr(api.server.services.database, "transaction", refuse)
            shutil.rmtree(away / lost / "video")
            (away / lost / MANIFEST_NAME).unlink()
            for folder in (killed, lost):  # a disk that is mounted
                await asyncio.to_thread((away / folder).rename, root / folder)
            async with asyncio.timeout(40):
                await tried.wait()
        teacher = await api.sign_in("teacher@school.example")
        async with asyncio.timeout(40):
            await api.server.services.recordings.settle()
        for recording_id, status in ((lost, "failed"), (killed, "interrupted")):
            assert (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body["status"] == status


async def test_what_is_deleted_for_good_before_it_is_recovered_is_told_of_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        killed = await add_finished(api, room, teacher, status=Status.RECORDING, closed=False)
        folder = api.server.services.recordings.file(killed, "x").parent
    away = folder.rename(tmp_path / "away")
    monkeypatch.setattr(ends, "RECOVER_AGAIN_S", 0.05)
    async with serving(tmp_path / "data") as api:
        told: list[RecordingChanged] = []
        api.server.services.recordings.add_listener(told.append)
        async with api.server.services.database.transaction() as tx:
            await remove_recording(tx, killed)
        await asyncio.to_thread(away.rename, folder.with_name("another"))  # a disk that is mounted
        async with asyncio.timeout(40):
            await api.server.services.recordings.settle()
        assert told == []


def _refuse(directory: Path, manifest: Manifest) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(directory))


async def test_recording_without_a_manifest_has_failed_at_the_start(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        killed, empty, begun, unread = [
            await add_finished(api, room, teacher, status=Status.RECORDING, closed=False) for _ in range(4)
        ]
        await add_finished(api, room, teacher)
        file = api.server.services.recordings.file
        for recording_id in (killed, empty):
            file(recording_id, MANIFEST_NAME).unlink()
        for recording_id in (empty, begun):
            for track in ("video", "opus", "aac"):
                shutil.rmtree(file(recording_id, track))
        for track in ("video", "opus", "aac"):
            file(unread, f"{track}/{INDEX_NAME}").unlink()
    async with serving(tmp_path / "data") as api:
        teacher = await api.sign_in("teacher@school.example")
        for recording_id, why in (
            (killed, "The server ended while this was being recorded, and the file that names what"),
            (empty, "The server ended before anything was recorded."),
            (begun, "The server ended before anything was recorded."),
            (unread, "The server ended while this was being recorded, and nothing of what was recorded"),
        ):
            answer = await api.call("GET", f"{BASE}/{recording_id}", by=teacher)
            assert answer.body["status"] == "failed" and answer.body["error_message"].startswith(why)


async def test_bytes_in_place_of_a_grant_open_nothing(api: Api, recording_id: str) -> None:
    line = f"GET {BASE}/{recording_id}/stream/master.m3u8"
    for grant in (b"1.p.\xff", b"\xff.p.\xff", b"\xff"):
        assert await raw_status(api, line, b"Cookie: vtp_media=" + grant) == 401


async def test_recording_that_a_full_disk_kept_open_is_whole_when_looked_at(
    api: Api, teacher: Person
) -> None:
    room = await make_room(api, teacher)
    recording_id = await add_finished(api, room, teacher, status=Status.INTERRUPTED, closed=False)
    assert (await api.call("GET", f"{BASE}/{recording_id}/info", by=teacher)).status == 200
    manifest = read_manifest(api.server.services.recordings.file(recording_id, "x").parent)
    assert manifest.closed and manifest.duration_ns > 2_000_000_000


async def test_grant_of_a_room_token_ends_with_the_token(api: Api, teacher: Person) -> None:
    room = await make_room(api, teacher)
    recording_id = await add_finished(api, room, teacher)
    now = datetime.now(UTC)
    claims = room_claims(
        room, publish=False, watch=True, full_name="Guest", now=now, ttl=timedelta(seconds=60)
    )
    token = api.server.services.accounts.tokens.sign_room(claims, now)
    for path in ("", "/stream/master.m3u8"):
        answer = await fetch(api, f"{BASE}/{recording_id}{path}", Authorization=f"Bearer {token}")
        expiry = int(answer.headers["Set-Cookie"].partition("=")[2].partition(".")[0])
        assert answer.status == 200 and expiry <= now.timestamp() + 60
