"""The server as the peer of an offer without `to`: published as by WHIP, watched as by WHEP, or refused."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from tests.api.socket_clients import Client, School
from tests.unit.sdp_material import offer_text
from vtp.media.sdp import Direction, SessionDescription
from vtp.media.sdp_parse import parse_session
from vtp.rooms.live import LiveRoom
from vtp.signalling.peers import MAX_PRODUCERS, MAX_TRANSPORTS

PUBLISH = offer_text("chromium_publish_h264")
WATCH = offer_text("chromium_watch")


_numbers = itertools.count(1)


def anew(text: str) -> str:
    """The offer of another connection of the same browser."""
    return re.sub(r"o=- \d+ ", f"o=- {next(_numbers)} ", text)


class Lesson:
    """A room with a teacher and a student in it."""

    def __init__(self, live: LiveRoom, teacher: Client, student: Client) -> None:
        self.live = live
        self.teacher = teacher
        self.student = student


async def enter(school: School, **settings: Any) -> Lesson:
    teacher = await school.api.person("teacher")
    await school.room(teacher, **settings)
    clients = [await school.connect(one) for one in (teacher, await school.api.person("student"))]
    for client in clients:
        await client.join("algebra")
    return Lesson(await school.api.open_room("algebra"), *clients)


@pytest.fixture
async def lesson(school: School) -> Lesson:
    return await enter(school)


def read(answer: dict[str, Any]) -> SessionDescription:
    return parse_session(answer["sdp"])


async def test_an_offer_that_sends_publishes_as_the_callers_own(lesson: Lesson) -> None:
    answer = await lesson.teacher.ok("webrtc-offer", {"sdp": PUBLISH})
    assert [media.direction for media in read(answer).media] == [Direction.RECVONLY] * 2
    assert {one["kind"] for one in answer["producers"]} == {"audio", "video"}
    told = [await lesson.student.pushes("new-producer") for _ in range(2)]
    me = lesson.teacher.joined["participant_id"]
    assert {one["peerId"] for one in told} == {me}
    assert {one["source"] for one in told} == {"microphone", "camera"}
    assert len(lesson.live.people) == 2, "nobody else has come"
    presenter = lesson.live.program.presenter
    assert presenter is not None and presenter.participant_id == me
    assert set(lesson.live.program.producers) == {"audio", "video"}
    camera = next(one["producerId"] for one in answer["producers"] if one["kind"] == "video")
    await lesson.teacher.ok("pause-producer", {"producerId": camera})
    await lesson.teacher.ok("ice-candidate", {"candidate": {"candidate": "candidate:1", "sdpMid": "0"}})
    await lesson.teacher.ok("ice-candidate", {"candidate": None})
    await lesson.teacher.ok("leave-room")
    gone = [await lesson.student.pushes("producer-closed") for _ in range(2)]
    assert {one["producerId"] for one in gone} == {one["producerId"] for one in answer["producers"]}
    assert not lesson.live.router.transports


async def test_an_offer_that_only_receives_shows_the_program(lesson: Lesson) -> None:
    answer = await lesson.student.ok("webrtc-offer", {"sdp": WATCH})
    assert [media.direction for media in read(answer).media] == [Direction.SENDONLY] * 2
    assert answer["producers"] == []
    transport = lesson.live.router.transports[answer["transportId"]]
    assert {one.producer for one in transport.consumers.values()} == {None}
    await lesson.teacher.ok("webrtc-offer", {"sdp": PUBLISH})
    shown = {one.kind: one.producer for one in transport.consumers.values()}
    assert shown == lesson.live.program.producers and len(shown) == 2
    restarted = await lesson.student.ok("restart-ice", {"transportId": answer["transportId"]})
    assert restarted["iceParameters"]["usernameFragment"] not in answer["sdp"]


async def test_older_clients_are_answered_by_webrtc_answer(school: School) -> None:
    teacher = await school.api.person("teacher")
    await school.room(teacher)
    old = await school.connect(teacher, answers="")
    await old.io.emit("join-room", json.dumps({"room_id": "algebra"}))
    await old.pushes("joined-room")
    await old.io.emit("webrtc-offer", json.dumps({"roomId": "algebra", "sdp": PUBLISH}))
    answer = await old.pushes("webrtc-answer")
    assert answer["from"] is None and "a=recvonly" in answer["sdp"]
    await old.io.emit("restart-ice", json.dumps({"transportId": answer["transportId"]}))
    assert (await old.pushes("ice-restarted"))["transportId"] == answer["transportId"]
    await old.io.emit("webrtc-offer", json.dumps({"sdp": "no offer", "requestId": 9}))
    refused = await old.pushes("error")
    assert refused["code"] == "faulty_offer" and refused["requestId"] == 9
    assert "webrtc-answer" not in [name for name, _ in old.pushed]


async def test_clients_of_acknowledgements_get_no_event(lesson: Lesson) -> None:
    await lesson.teacher.ok("webrtc-offer", {"sdp": PUBLISH})
    await lesson.teacher.ok("get-room-info")
    assert "webrtc-answer" not in [name for name, _ in lesson.teacher.pushed]


WITHOUT_FINGERPRINT = re.sub(r"a=fingerprint:.*\r\n", "", PUBLISH)
FAULTY = {
    "no offer": "faulty_offer",
    "v=0\r\n": "media_not_acceptable",
    WITHOUT_FINGERPRINT: "faulty_offer",
    re.sub(r"a=ice-ufrag:.*\r\n", "", WATCH): "faulty_offer",
    PUBLISH.replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"): "media_not_acceptable",
    WATCH.replace("a=recvonly", "a=inactive"): "media_not_acceptable",
    WATCH.replace("a=group:BUNDLE 0 1\r\n", ""): "media_not_acceptable",
}


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize("number", range(len(FAULTY)))
async def test_a_refused_offer_leaves_nothing(lesson: Lesson, number: int) -> None:
    text, code = list(FAULTY.items())[number]
    answer = await lesson.teacher.call("webrtc-offer", {"sdp": text})
    assert answer["code"] == code and answer["error"].endswith("."), answer
    assert not lesson.live.router.transports and not lesson.live.router.producers
    assert len(lesson.live.people) == 2
    await lesson.student.ok("get-room-info")
    assert "new-producer" not in [name for name, _ in lesson.student.pushed]


@pytest.mark.parametrize("setting", ["publish", "speak", "camera"])
async def test_who_may_not_send_all_of_an_offer_sends_nothing_of_it(school: School, setting: str) -> None:
    lesson = await enter(school, **{setting: "staff"})
    refused = await lesson.student.call("webrtc-offer", {"sdp": PUBLISH})
    assert refused["code"] == "forbidden" and not lesson.live.router.transports
    await lesson.student.ok("webrtc-offer", {"sdp": WATCH})
    await lesson.teacher.ok("webrtc-offer", {"sdp": PUBLISH})
    assert "new-producer" not in [name for name, _ in lesson.teacher.pushed], "not even for a moment"


async def test_a_watchers_link_watches_and_publishes_nothing(school: School) -> None:
    teacher = await school.api.person("teacher")
    await school.room(teacher)
    wish = {"publish": False, "watch": True}
    link = await school.api.call("POST", "/api/v1/rooms/algebra/links", wish, by=teacher)
    guest = await school.connect(link.body["token"])
    await guest.join("algebra")
    assert (await guest.call("webrtc-offer", {"sdp": PUBLISH}))["code"] == "forbidden"
    assert (await guest.ok("webrtc-offer", {"sdp": WATCH}))["producers"] == []


async def test_a_connection_that_has_its_answer_gets_no_second_one(lesson: Lesson) -> None:
    first = await lesson.teacher.ok("webrtc-offer", {"sdp": PUBLISH})
    later = re.sub(r"a=ice-ufrag:.*\r\n", "a=ice-ufrag:newOne\r\n", PUBLISH)
    assert later != PUBLISH
    assert (await lesson.teacher.call("webrtc-offer", {"sdp": later}))["code"] == "already_answered"
    assert list(lesson.live.router.transports) == [first["transportId"]]
    await lesson.student.ok("webrtc-offer", {"sdp": PUBLISH})  # somebody else's is another
    lesson.live.router.transports[first["transportId"]].close()
    await lesson.teacher.ok("webrtc-offer", {"sdp": PUBLISH})


async def test_offers_count_among_the_peers_transports_and_producers(lesson: Lesson) -> None:
    for _ in range(MAX_TRANSPORTS):
        await lesson.student.ok("webrtc-offer", {"sdp": anew(WATCH)})
    answer = await lesson.student.call("webrtc-offer", {"sdp": anew(WATCH)})
    assert answer["code"] == "too_many_objects"
    for _ in range(MAX_TRANSPORTS):
        await lesson.teacher.ok("webrtc-offer", {"sdp": anew(PUBLISH)})
    assert len(lesson.live.router.producers) == MAX_PRODUCERS == 2 * MAX_TRANSPORTS
    assert (await lesson.teacher.call("webrtc-offer", {"sdp": anew(PUBLISH)}))["code"] == "too_many_objects"


async def test_a_second_picture_counts_as_a_screen(school: School) -> None:
    lesson = await enter(school, share="staff")
    await lesson.student.ok("webrtc-offer", {"sdp": PUBLISH})
    assert (await lesson.student.call("webrtc-offer", {"sdp": anew(PUBLISH)}))["code"] == "forbidden"
    assert len(lesson.live.router.transports) == 1


async def test_an_answer_to_no_offer_and_calls_without_a_room_are_refused(school: School) -> None:
    lesson = await enter(school)
    answer = await lesson.teacher.call("webrtc-answer", {"sdp": PUBLISH})
    assert answer["code"] == "no_offer"
    await lesson.teacher.ok("leave-room")
    for event, payload in (
        ("webrtc-offer", {"sdp": PUBLISH}),
        ("webrtc-answer", {"sdp": PUBLISH}),
        ("ice-candidate", {"candidate": None}),
    ):
        assert (await lesson.teacher.call(event, payload))["code"] == "not_in_a_room"
