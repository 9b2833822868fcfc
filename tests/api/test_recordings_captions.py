"""Captions: uploaded for a language, offered by HLS and DASH, read by who may see the recording."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.api.recording_material import fetch, grant_of, make_room
from tests.api.socket_clients import School
from tests.serving import Answer, Api, Person
from tests.strict_dash import needs_mpd_parser, parse_mpd
from tests.strict_hls import needs_strict_parser, parse
from vtp.recording import caption_store
from vtp.recording.tables import recording_captions

BASE = "/api/v1/recordings"
TEXT = """WEBVTT

STYLE
::cue { background: url(https://elsewhere.example/) }

00:00.500 --> 00:02.000 align:start
<v Ada>Guten Tag & willkommen

00:02.500 --> 00:03.500
Los geht's
"""


async def put(
    api: Api, recording_id: str, by: Person | None, language: str = "de", text: str = TEXT
) -> Answer:
    path = f"{BASE}/{recording_id}/captions/{language}"
    return await api.call("PUT", path, by=by, data=text.encode(), headers={"Content-Type": "text/vtt"})


async def test_captions_are_kept_by_language_as_we_write_them(
    api: Api, teacher: Person, recording_id: str
) -> None:
    answer = await put(api, recording_id, teacher, "DE?label=Deutsch")
    assert answer.status == 200, answer
    assert (answer.body["language"], answer.body["label"], answer.body["cues"]) == ("de", "Deutsch", 2)
    await put(api, recording_id, teacher, "en-gb")
    student = await api.person("student")
    listed = (await api.call("GET", f"{BASE}/{recording_id}/captions", by=student)).body["items"]
    assert [(one["language"], one["typed"]) for one in listed] == [("de", False), ("en-GB", False)]
    cookie = await grant_of(api, recording_id, student)
    read = await fetch(api, answer.body["url"], Cookie=cookie)
    assert (read.status, read.headers["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    assert read.text == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.000 align:start\n<v Ada>Guten Tag &amp; willkommen\n\n"
        "00:00:02.500 --> 00:00:03.500\nLos geht's\n"
    )
    assert (await put(api, recording_id, teacher, "de", TEXT.replace("Los", "Auf"))).body[
        "label"
    ] == "Deutsch"
    again = await fetch(api, answer.body["url"], Cookie=cookie, If_None_Match=read.headers["ETag"])
    assert (again.status, "Auf geht's" in again.text) == (200, True)
    removed = await api.call("DELETE", f"{BASE}/{recording_id}/captions/de", by=teacher)
    assert removed.status == 204
    assert (await fetch(api, answer.body["url"], Cookie=cookie)).status == 404
    assert (await api.call("DELETE", f"{BASE}/{recording_id}/captions/de", by=teacher)).status == 404


async def test_deleted_captions_are_brought_back_as_they_were(
    api: Api, teacher: Person, recording_id: str
) -> None:
    await put(api, recording_id, teacher, "de?label=Deutsch")
    at = f"{BASE}/{recording_id}/captions"

    async def listed() -> list[dict[str, object]]:
        items = (await api.call("GET", at, by=teacher)).body["items"]
        return [{name: one[name] for name in one if name != "updated_at"} for one in items]

    async def restore(language: str = "de") -> Answer:
        return await api.call("POST", f"{at}/{language}/restore", {}, by=teacher)

    before, text = await listed(), (await api.call("GET", f"{at}/de", by=teacher)).body
    assert (await restore()).status == 404
    assert (await api.call("DELETE", f"{at}/de", by=teacher)).status == 204
    assert await listed() == []
    assert (await api.call("GET", f"{at}/~de", by=teacher)).status == 422
    back = await restore("DE")
    assert (back.status, back.body["label"]) == (200, "Deutsch"), back
    assert await listed() == before
    assert (await api.call("GET", f"{at}/de", by=teacher)).body == text
    assert (await restore()).status == 404
    await api.call("DELETE", f"{at}/de", by=teacher)
    await put(api, recording_id, teacher, "de", TEXT.replace("Los", "Auf"))
    other = await restore()
    assert (other.status, other.body["code"]) == (409, "captions_there")
    await api.call("DELETE", f"{at}/de", by=teacher)
    assert (await restore()).status == 200
    assert "Auf geht" in (await api.call("GET", f"{at}/de", by=teacher)).body


async def test_of_many_languages_that_are_deleted_the_last_can_be_brought_back(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caption_store, "MAX_AWAY", 2)
    at = f"{BASE}/{recording_id}/captions"
    for language in ("sv", "de", "en"):
        await put(api, recording_id, teacher, language)
        assert (await api.call("DELETE", f"{at}/{language}", by=teacher)).status == 204
    answers = [await api.call("POST", f"{at}/{one}/restore", {}, by=teacher) for one in ("sv", "de", "en")]
    assert [answer.status for answer in answers] == [404, 200, 200]


async def test_deleted_captions_are_gone_for_good_after_an_hour(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language in ("de", "en"):
        await put(api, recording_id, teacher, language)
    await api.call("DELETE", f"{BASE}/{recording_id}/captions/de", by=teacher)
    retention = api.server.services.retention
    await retention.sweep()
    assert set(await languages_kept(api)) == {"~de", "en"}
    monkeypatch.setattr(retention, "_clock", lambda: datetime.now(UTC) + timedelta(hours=1, seconds=5))
    await retention.sweep()
    assert await languages_kept(api) == ["en"]


async def languages_kept(api: Api) -> list[str]:
    async with api.server.services.database.read() as tx:
        return list(await tx.scalars(select(recording_captions.c.language)))


async def test_what_is_no_webvtt_is_refused_by_line(api: Api, teacher: Person, recording_id: str) -> None:
    wrong = "WEBVTT\n\n00:01.000 --> 00:02.000\n<script>alert(1)</script>"
    answer = await put(api, recording_id, teacher, text=wrong)
    assert (answer.status, answer.body["code"], answer.pointers) == (422, "captions_invalid", ["/line/4"])
    why = "line 4: `<script>alert(1)</sc` is no tag of WebVTT: write &lt; for a <."
    assert answer.body["detail"] == f"The captions are not valid WebVTT: {why}"
    assert (await put(api, recording_id, teacher, "klingon")).status == 422
    large = "WEBVTT\n\n" + "NOTE\n\n" * 400_000
    assert (await put(api, recording_id, teacher, text=large)).status == 413
    path = f"{BASE}/{recording_id}/captions/de"
    assert (await api.call("PUT", path, by=teacher, data=b"{}")).status == 415
    assert (await api.call("GET", f"{BASE}/{recording_id}/captions", by=teacher)).body["items"] == []


async def test_staff_add_captions_and_nobody_else(api: Api, teacher: Person, recording_id: str) -> None:
    for role, status in (("assistant", 200), ("admin", 200), ("student", 403)):
        assert (role, (await put(api, recording_id, await api.person(role))).status) == (role, status)
    assert (await put(api, recording_id, None)).status == 401


async def test_reading_captions_parses_nothing(
    api: Api, teacher: Person, recording_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(api, recording_id, teacher)
    cookie = await grant_of(api, recording_id, teacher)

    def parse_again(*_: object) -> None:
        raise AssertionError("The captions are parsed again.")

    monkeypatch.setattr("vtp.recording.captions.read_vtt", parse_again)
    for path in ("captions/de", "stream/captions/de/captions.vtt", "stream/captions/de/text.vtt"):
        read = await fetch(api, f"{BASE}/{recording_id}/{path}", Cookie=cookie)
        assert (path, read.status, "Guten Tag &amp;" in read.text) == (path, 200, True)
        with monkeypatch.context() as known:
            known.setattr("vtp.recording.captions.text_of", parse_again)
            seen = {"Cookie": cookie, "If_None_Match": read.headers["ETag"]}
            assert (await fetch(api, f"{BASE}/{recording_id}/{path}", **seen)).status == 304


async def test_of_what_captions_were_no_playlist_is_kept(
    api: Api, teacher: Person, recording_id: str
) -> None:
    cookie = await grant_of(api, recording_id, teacher)
    view = await api.server.services.recordings.view(recording_id)
    await api.server.services.recordings.settle()  # until its key frames are known: they make all of it anew
    kept = set()
    for label in ("One", "Two", "Three"):
        await put(api, recording_id, teacher, f"de?label={label}")
        for name in ("master.m3u8", "manifest.mpd"):
            read = await fetch(api, f"{BASE}/{recording_id}/stream/{name}", Cookie=cookie)
            assert name == "manifest.mpd" or f'NAME="{label}"' in read.text
        kept.add(len(view._cache))
    assert kept == {2}


async def test_languages_with_one_label_have_names_of_their_own(
    api: Api, teacher: Person, recording_id: str
) -> None:
    for wish in ("de-AT?label=Deutsch", "de-CH?label=Deutsch", "en?label=English"):
        await put(api, recording_id, teacher, wish)
    cookie = await grant_of(api, recording_id, teacher)
    master = await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)
    for name in ("Deutsch (de-AT)", "Deutsch (de-CH)", "English"):
        assert f'NAME="{name}"' in master.text
    assert (await put(api, recording_id, teacher, "es-%D9%A4%D9%A1%D9%A9")).status == 422


@needs_strict_parser
async def test_hls_offers_captions_with_one_segment_over_the_whole(
    api: Api, teacher: Person, recording_id: str
) -> None:
    await put(api, recording_id, teacher, 'de?label=Deutsch "leicht"')
    cookie = await grant_of(api, recording_id, teacher)
    base = f"{BASE}/{recording_id}/stream"
    master = await fetch(api, f"{base}/master.m3u8", Cookie=cookie)
    assert await asyncio.to_thread(parse, master.body) == 2
    media = [line for line in master.text.splitlines() if "TYPE=SUBTITLES" in line]
    assert media == [
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="Deutsch ”leicht”",LANGUAGE="de",'
        'DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="captions/de/playlist.m3u8"'
    ]
    variants = [line for line in master.text.splitlines() if line.startswith("#EXT-X-STREAM-INF")]
    assert variants and all('SUBTITLES="captions"' in line for line in variants)
    playlist = await fetch(api, f"{base}/captions/de/playlist.m3u8", Cookie=cookie)
    assert await asyncio.to_thread(parse, playlist.body) == 1
    assert "#EXTINF:4.01067," in playlist.text and "#EXT-X-TARGETDURATION:5" in playlist.text
    segment = await fetch(api, f"{base}/captions/de/captions.vtt", Cookie=cookie)
    assert segment.text.startswith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n00:00:00.500")
    for name in ("other.vtt", "captions.txt", "index.m3u8"):
        assert (await fetch(api, f"{base}/captions/de/{name}", Cookie=cookie)).status == 404
    assert (await fetch(api, f"{base}/captions/fr/playlist.m3u8", Cookie=cookie)).status == 404
    await api.call("DELETE", f"{BASE}/{recording_id}/captions/de", by=teacher)
    assert "SUBTITLES" not in (await fetch(api, f"{base}/master.m3u8", Cookie=cookie)).text


@needs_mpd_parser
async def test_dash_offers_captions_in_each_period(api: Api, teacher: Person, recording_id: str) -> None:
    await put(api, recording_id, teacher)
    cookie = await grant_of(api, recording_id, teacher)
    base = f"{BASE}/{recording_id}/stream"
    mpd = await fetch(api, f"{base}/manifest.mpd", Cookie=cookie)
    await asyncio.to_thread(parse_mpd, mpd.body)
    assert 'mimeType="text/vtt" lang="de"' in mpd.text
    assert 'presentationTimeOffset="0" media="captions/de/text.vtt"' in mpd.text
    text = await fetch(api, f"{base}/captions/de/text.vtt", Cookie=cookie)
    assert text.text.startswith("WEBVTT\n\n00:00:00.500 --> 00:00:02.000 align:start\n")


async def test_who_may_not_see_the_recording_reads_no_captions(
    api: Api, teacher: Person, recording_id: str
) -> None:
    await put(api, recording_id, teacher)
    await api.call("PATCH", f"{BASE}/{recording_id}", {"visibility": "staff"}, by=teacher)
    student = await api.person("student")
    for path in ("captions", "captions/de", "stream/captions/de/captions.vtt"):
        assert (await api.call("GET", f"{BASE}/{recording_id}/{path}", by=student)).status == 403
        assert (await api.call("GET", f"{BASE}/{recording_id}/{path}")).status == 401


async def test_lines_typed_while_it_is_recorded_are_told_to_the_class_and_kept(
    api: Api, teacher: Person, school: School
) -> None:
    await make_room(api, teacher)
    student = await school.connect(await api.person("student"))
    await student.join("physics")
    started = await api.call("POST", f"{BASE}/start", {"room_id": "physics"}, by=teacher)
    recording_id = started.body["recording_id"]
    path = f"{BASE}/{recording_id}/captions/de/lines"
    for text in ("Guten Tag <alle>", "Los geht's"):
        answer = await api.call("POST", path, {"text": text}, by=teacher)
        assert (answer.status, answer.body["text"], answer.body["at"]) == (201, text, 0), answer
        told = await student.pushes("caption")
        assert (told["recordingId"], told["language"], told["text"]) == (recording_id, "de", text)
    for wrong in ({"text": ""}, {"text": "a\nb"}, {"text": "x" * 501}, {"text": "a", "at": -1}):
        assert (await api.call("POST", path, wrong, by=teacher)).status == 422
    listed = (await api.call("GET", f"{BASE}/{recording_id}/captions", by=teacher)).body["items"]
    assert [(one["language"], one["cues"], one["typed"]) for one in listed] == [("de", 2, True)]
    read = await api.call("GET", f"{BASE}/{recording_id}/captions/de", by=teacher)
    assert "00:00:00.000 --> 00:00:01.500\nGuten Tag &lt;alle&gt;\n" in read.body and read.body.endswith(
        "Los geht's\n"
    )
    at = f"{BASE}/{recording_id}/captions/de"
    assert (await api.call("DELETE", at, by=teacher)).status == 204
    assert (await api.call("POST", f"{at}/restore", {}, by=teacher)).body["typed"] is True
    assert (await api.call("GET", at, by=teacher)).body == read.body
    assert (await api.call("POST", path, {"text": "Weiter"}, by=teacher)).status == 201
    await put(api, recording_id, teacher)
    assert (await api.call("POST", path, {"text": "more"}, by=teacher)).body["code"] == "uploaded"
    await api.call("POST", f"{BASE}/{recording_id}/stop", by=teacher)
    assert (await api.call("POST", path, {"text": "late"}, by=teacher)).body["code"] == "not_recording"
