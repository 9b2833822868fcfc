"""Calls between two over Socket.IO: who relays what to whom, and when both are sent back to the server."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import aiohttp
import pytest

from tests.api.socket_clients import Client, School
from tests.serving import Person
from tests.unit.sdp_material import offer_text
from vtp.rooms import direct_call
from vtp.signalling import members
from vtp.signalling.parts import direct_call_messages

SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"
LINE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
SFU = {"mode": "sfu", "peerId": None, "offers": False}


@pytest.fixture(autouse=True)
def short_quiet_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_call, "SETTLE_S", 0.2)


class Pair:
    """A teacher and a student in a room that allows direct calls."""

    def __init__(self, school: School, teacher: Person, student: Person) -> None:
        self.school = school
        self.teacher, self.student = teacher, student
        self.one: Client
        self.two: Client

    async def enter(self, **auth: Any) -> None:
        await self.school.room(self.teacher, p2p=True)
        self.one = await self.come(self.teacher, **auth)
        self.two = await self.come(self.student, **auth)

    async def come(self, who: Person, *, ready: bool = True, **auth: Any) -> Client:
        client = await self.school.connect(who, **auth)
        await client.join("algebra")
        if ready:
            await client.ok("ready-for-p2p", {"ready": True})
        return client

    async def both_hear(self, **mode: Any) -> None:
        for client in (self.one, self.two):
            told = await client.pushes("mode-changed")
            assert mode.items() <= told.items(), told

    async def go_direct(self) -> None:
        for client, other, offers in ((self.one, self.two, True), (self.two, self.one, False)):
            told = await client.pushes("mode-changed")
            expected = {"mode": "p2p", "peerId": id_of(other), "offers": offers, "reason": None}
            assert expected.items() <= told.items() and told["roomId"] == "algebra"


def id_of(client: Client) -> str:
    return str(client.joined["participant_id"])


@pytest.fixture
async def pair(school: School) -> Pair:
    made = Pair(school, await school.api.person("teacher"), await school.api.person("student"))
    await made.enter()
    await made.go_direct()
    return made


@pytest.mark.both_databases
async def test_offer_answer_and_candidates_reach_the_other_in_their_order(pair: Pair) -> None:
    one, two = pair.one, pair.two
    assert (await one.ok("webrtc-offer", {"to": id_of(two), "sdp": SDP})) == {"ok": True}
    for number in range(20):
        await one.io.emit("ice-candidate", {"to": id_of(two), "candidate": {**LINE, "sdpMLineIndex": number}})
    await one.ok("ice-candidate", {"to": id_of(two), "candidate": None})
    assert (await two.pushes("webrtc-offer")) == {
        "roomId": "algebra",
        "seq": two.joined["seq"] + 2,
        "from": id_of(one),
        "sdp": SDP,
    }
    got = [await two.pushes("ice-candidate") for _ in range(21)]
    assert [one["candidate"]["sdpMLineIndex"] for one in got[:20]] == list(range(20))
    assert got[20]["candidate"] is None and {one["from"] for one in got} == {id_of(one)}
    await two.ok("webrtc-answer", {"to": id_of(one), "sdp": SDP + "a"})
    await two.ok("ice-candidate", {"to": id_of(one), "candidate": LINE["candidate"]})
    assert (await one.pushes("webrtc-answer"))["sdp"] == SDP + "a"
    assert (await one.pushes("ice-candidate"))["candidate"] == LINE["candidate"]
    assert not [name for name, _ in two.pushed if name == "webrtc-answer"], "nothing comes back to its sender"


async def test_older_clients_relay_by_strings_and_are_answered_by_no_event(school: School) -> None:
    pair = Pair(school, await school.api.person("teacher"), await school.api.person("student"))
    await pair.enter(answers="")
    await pair.go_direct()
    await pair.one.io.emit("webrtc-offer", json.dumps({"to": id_of(pair.two), "sdp": SDP}))
    assert (await pair.two.pushes("webrtc-offer"))["from"] == id_of(pair.one)
    await pair.two.io.emit("webrtc-answer", json.dumps({"to": id_of(pair.one), "sdp": SDP}))
    assert (await pair.one.pushes("webrtc-answer"))["from"] == id_of(pair.two)
    await pair.two.io.emit("ice-candidate", json.dumps({"to": id_of(pair.one), "candidate": LINE}))
    assert (await pair.one.pushes("ice-candidate"))["candidate"] == LINE
    await pair.one.io.emit("webrtc-offer", json.dumps({"to": "nobody", "sdp": SDP, "requestId": 4}))
    refused = await pair.one.pushes("error")
    assert refused["code"] == "no_such_participant" and refused["requestId"] == 4
    assert "webrtc-answer" not in [name for name, _ in pair.one.pushed]


async def test_clients_that_do_not_say_so_stay_with_the_server(school: School) -> None:
    pair = Pair(school, await school.api.person("teacher"), await school.api.person("student"))
    await school.room(pair.teacher, p2p=True)
    one = await pair.come(pair.teacher)
    two = await pair.come(pair.student, ready=False)
    assert two.joined["state"]["call"] == {**SFU, "reason": None}
    answer = await one.call("webrtc-offer", {"to": id_of(two), "sdp": SDP})
    assert answer["code"] == "not_in_p2p"
    told = [name for name, _ in one.pushed + two.pushed]
    assert "mode-changed" not in told and "webrtc-offer" not in told
    ready = await two.ok("ready-for-p2p", {"ready": True})
    assert ready == {"ok": True, "mode": "p2p", "peerId": id_of(one), "offers": False, "reason": None}


async def test_a_room_without_the_setting_has_no_direct_calls(school: School) -> None:
    pair = Pair(school, await school.api.person("teacher"), await school.api.person("student"))
    await school.room(pair.teacher)
    one, two = await pair.come(pair.teacher), await pair.come(pair.student)
    assert (await one.ok("ready-for-p2p", {"ready": True}))["mode"] == "sfu"
    assert (await two.call("webrtc-offer", {"to": id_of(one), "sdp": SDP}))["code"] == "not_in_p2p"


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("source", ["microphone", "camera", "screen"])
async def test_who_is_muted_is_told_so_and_the_other_too(pair: Pair, source: str) -> None:
    await pair.one.ok("mute", {"participantId": id_of(pair.two), "source": source})
    told = await pair.two.pushes("muted")
    assert (told["source"], told["producerId"], told["by"]) == (source, None, id_of(pair.one))
    told = await pair.one.pushes("peer-muted")
    assert (told["participantId"], told["source"], told["by"]) == (id_of(pair.two), source, id_of(pair.one))
    assert (await pair.two.call("mute", {"participantId": id_of(pair.one), "source": source}))["ok"] is False
    assert not {"muted", "peer-muted"} & {name for name, _ in pair.one.pushed + pair.two.pushed}


async def test_all_are_muted_in_a_direct_call_too(pair: Pair) -> None:
    assert (await pair.one.ok("mute-all"))["producerIds"] == []
    assert (await pair.two.pushes("muted"))["source"] == "microphone"
    assert (await pair.one.pushes("peer-muted"))["participantId"] == id_of(pair.two)
    third = await pair.come(await pair.school.api.person("student", "eve@school.example"))
    await pair.both_hear(**SFU, reason="others")
    await pair.one.ok("mute", {"participantId": id_of(pair.two), "source": "microphone"})
    await third.ok("get-participants")
    names = {name for one in (pair.one, pair.two, third) for name, _ in one.pushed}
    assert not {"muted", "peer-muted"} & names, "nothing is sent directly any more"


async def test_a_third_sends_both_to_the_server_and_nothing_is_relayed_any_more(pair: Pair) -> None:
    third = await pair.come(await pair.school.api.person("student", "eve@school.example"))
    assert third.joined["state"]["call"] == {**SFU, "reason": None}
    await pair.both_hear(**SFU, reason="others")
    for event, more in (
        ("webrtc-offer", {"sdp": SDP}),
        ("webrtc-answer", {"sdp": SDP}),
        ("ice-candidate", {"candidate": LINE}),
    ):
        for sender, to in ((pair.one, pair.two), (third, pair.one), (pair.one, third), (pair.one, pair.one)):
            answer = await sender.call(event, {"to": id_of(to), **more})
            assert answer["code"] == "not_in_p2p", (event, answer)
    for client in (pair.one, pair.two, third):
        await client.ok("get-room-info")
        assert not {"webrtc-offer", "webrtc-answer", "ice-candidate"} & {name for name, _ in client.pushed}
    await third.ok("leave-room")
    await pair.go_direct()


async def test_a_recording_sends_both_to_the_server_until_it_stops(pair: Pair) -> None:
    api = pair.school.api
    started = await api.call("POST", "/api/v1/recordings/start", {"room_id": "algebra"}, by=pair.teacher)
    assert started.status == 201, started
    await pair.both_hear(**SFU, reason="recording")
    path = f"/api/v1/recordings/{started.body['recording_id']}/stop"
    assert (await api.call("POST", path, by=pair.teacher)).status == 200
    await pair.go_direct()


async def test_settings_and_roles_changed_in_class_send_both_to_the_server(pair: Pair) -> None:
    async def change(**settings: Any) -> None:
        answer = await pair.school.api.call(
            "PATCH", "/api/v1/rooms/algebra", {"settings": settings}, by=pair.teacher
        )
        assert answer.status == 200, answer

    await change(camera="staff")
    await pair.both_hear(**SFU, reason="rights")
    assert (await pair.two.call("webrtc-offer", {"to": id_of(pair.one), "sdp": SDP}))["code"] == "not_in_p2p"
    await change(camera="everyone")
    await pair.go_direct()
    await change(p2p=False)
    await pair.both_hear(**SFU, reason="setting")


async def test_who_watches_by_whep_is_a_third(pair: Pair) -> None:
    offer = offer_text("chromium_watch")
    url = f"{pair.school.api.base_url}/whep/algebra"
    headers = {**pair.student.headers, "Content-Type": "application/sdp"}
    async with aiohttp.ClientSession() as http:
        async with http.post(url, data=offer, headers=headers) as answer:
            assert answer.status == 201
            place = answer.headers["Location"]
        await pair.both_hear(**SFU, reason="others")
        async with http.delete(f"{pair.school.api.base_url}{place}", headers=pair.student.headers) as ended:
            assert ended.status == 200
    await pair.go_direct()


async def test_who_cannot_any_more_sends_both_to_the_server(pair: Pair) -> None:
    answer = await pair.two.ok("ready-for-p2p", {"ready": False})
    assert answer["mode"] == "sfu"
    await pair.both_hear(**SFU, reason="not_ready")


async def test_who_is_left_alone_is_told(pair: Pair) -> None:
    await pair.two.ok("leave-room")
    told = await pair.one.pushes("mode-changed")
    assert told["mode"] == "sfu" and told["reason"] == "left"
    answer = await pair.one.call("webrtc-offer", {"to": id_of(pair.two), "sdp": SDP})
    assert answer["code"] == "no_such_participant"
    assert (await pair.two.call("ready-for-p2p", {"ready": True}))["code"] == "not_in_a_room"


@pytest.mark.parametrize(("role", "mode"), [("teacher", "p2p"), ("assistant", "p2p"), ("student", "sfu")])
async def test_where_only_staff_show_a_camera_only_staff_call_directly(
    school: School, role: str, mode: str
) -> None:
    teacher = await school.api.person("teacher")
    other = await school.api.person(role, "other@school.example")
    await school.room(teacher, p2p=True, camera="staff")
    one, two = await school.connect(teacher), await school.connect(other)
    for client in (one, two):
        await client.join("algebra")
    await one.ok("ready-for-p2p", {"ready": True})
    assert (await two.ok("ready-for-p2p", {"ready": True}))["mode"] == mode
    answer = await two.call("webrtc-offer", {"to": id_of(one), "sdp": SDP})
    assert answer["ok"] is (mode == "p2p")


async def test_a_link_of_a_guest_calls_as_others_do(school: School) -> None:
    teacher = await school.api.person("teacher")
    await school.room(teacher, p2p=True)
    made = await school.api.call("POST", "/api/v1/rooms/algebra/links", {}, by=teacher)
    assert made.status == 201, made
    pair = Pair(school, teacher, teacher)
    pair.one = await pair.come(teacher)
    pair.two = await school.connect(made.body["token"])
    await pair.two.join("algebra")
    await pair.two.ok("ready-for-p2p", {"ready": True})
    await pair.go_direct()
    await pair.two.ok("webrtc-offer", {"to": id_of(pair.one), "sdp": SDP})
    assert (await pair.one.pushes("webrtc-offer"))["from"] == id_of(pair.two)


BAD_CALLS: list[tuple[str, Any]] = [
    ("ready-for-p2p", {}),
    ("ready-for-p2p", {"ready": "yes"}),
    ("ready-for-p2p", {"ready": 1}),
    ("webrtc-offer", {"sdp": 7}),
    ("webrtc-offer", {}),
    ("webrtc-offer", {"sdp": ""}),
    ("webrtc-offer", {"sdp": "v" * 65_537}),
    ("webrtc-offer", {"sdp": "é" * 40_000}),
    ("webrtc-offer", {"sdp": {"type": "offer", "sdp": SDP}}),
    ("webrtc-answer", {"sdp": ["v=0"]}),
    ("webrtc-answer", {"sdp": None}),
    ("ice-candidate", {"candidate": 7}),
    ("ice-candidate", {"candidate": [LINE]}),
    ("ice-candidate", {"candidate": "c" * 1025}),
    ("ice-candidate", {"candidate": {**LINE, "candidate": "c" * 1025}}),
    ("ice-candidate", {"candidate": {**LINE, "sdpMid": "m" * 65}}),
    ("ice-candidate", {"candidate": {**LINE, "sdpMLineIndex": -1}}),
    ("ice-candidate", {"candidate": {**LINE, "sdpMLineIndex": "0"}}),
    ("ice-candidate", {"candidate": {**LINE, "usernameFragment": "u" * 257}}),
]


async def test_what_is_malformed_reaches_nobody(pair: Pair) -> None:
    for event, payload in BAD_CALLS:
        answer = await pair.one.call(event, {"to": id_of(pair.two), **payload})
        assert answer["code"] in ("invalid", "validation_failed"), (event, payload, answer)
    for to in (7, "", "x" * 65, [id_of(pair.two)], {"id": 1}):
        answer = await pair.one.call("webrtc-offer", {"to": to, "sdp": SDP})
        assert answer["ok"] is False, to
    answer = await pair.one.call("webrtc-offer", {"to": id_of(pair.two), "sdp": "v" * 65_536})
    assert answer["ok"] is True, "the largest that may be"
    assert (await pair.two.pushes("webrtc-offer"))["sdp"] == "v" * 65_536
    assert [name for name, _ in pair.two.pushed] == []


async def test_unknown_members_of_a_candidate_are_not_relayed(pair: Pair) -> None:
    padded = {**LINE, "more": "x" * 10_000, "usernameFragment": None}
    await pair.one.ok("ice-candidate", {"to": id_of(pair.two), "candidate": padded})
    assert (await pair.two.pushes("ice-candidate"))["candidate"] == LINE


async def test_offers_are_limited_and_candidates_are_not(pair: Pair) -> None:
    to = id_of(pair.two)
    answers = [await pair.one.call("webrtc-offer", {"to": to, "sdp": SDP}) for _ in range(61)]
    assert all(one["ok"] for one in answers[:60]) and answers[60]["code"] == "rate_limited"
    assert (await pair.one.call("ice-candidate", {"to": to, "candidate": LINE}))["ok"]


async def cut(client: Client) -> None:
    client.io.eio.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    await client.gone.wait()


async def come_back(pair: Pair, before: Client, who: Person) -> tuple[Client, dict[str, Any]]:
    seq = max([before.joined["seq"], *(data.get("seq", 0) for _, data in before.pushed)])
    auth = {"resume": True, "resume_token": before.joined["resume_token"], "seq": seq}
    client = await pair.school.connect(who, **auth)
    client.joined = before.joined
    return client, await client.pushes("resumed")


async def test_a_lost_connection_leaves_the_call_direct_and_gets_what_was_relayed(school: School) -> None:
    pair = Pair(school, await school.api.person("teacher"), await school.api.person("student"))
    await pair.enter(resume=True)
    heard = [await client.pushes("mode-changed") for client in (pair.one, pair.two)]
    pair.two.joined["seq"] = heard[1]["seq"]
    await cut(pair.two)
    for number in range(3):
        await pair.one.ok("webrtc-offer", {"to": id_of(pair.two), "sdp": f"{SDP}{number}"})
    back, resumed = await come_back(pair, pair.two, pair.student)
    assert resumed["missed"] == 3
    assert [(await back.pushes("webrtc-offer"))["sdp"] for _ in range(3)] == [f"{SDP}{n}" for n in range(3)]
    await back.ok("webrtc-answer", {"to": id_of(pair.one), "sdp": SDP})
    assert (await pair.one.pushes("webrtc-answer"))["from"] == id_of(pair.two)
    assert "mode-changed" not in [name for name, _ in pair.one.pushed + back.pushed]


async def test_one_who_is_away_hears_of_both_switches_in_order(school: School) -> None:
    pair = Pair(school, await school.api.person("teacher"), await school.api.person("student"))
    await pair.enter(resume=True)
    pair.two.joined["seq"] = (await pair.two.pushes("mode-changed"))["seq"]
    await cut(pair.two)
    third = await pair.come(await school.api.person("student", "eve@school.example"), ready=False)
    await third.ok("leave-room")
    async with asyncio.timeout(20):
        while (await pair.one.pushes("mode-changed"))["mode"] != "sfu":
            pass
        await pair.one.pushes("mode-changed")
    back, _ = await come_back(pair, pair.two, pair.student)
    assert [(await back.pushes("mode-changed"))["mode"] for _ in range(2)] == ["sfu", "p2p"]


async def test_more_than_is_kept_of_offers_is_made_up_for_by_a_snapshot_with_the_mode(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MAX_KEPT_BULK", 3 * direct_call_messages.MAX_SDP_BYTES)
    pair = Pair(school, await school.api.person("teacher"), await school.api.person("student"))
    await pair.enter(resume=True)
    pair.two.joined["seq"] = (await pair.two.pushes("mode-changed"))["seq"]
    await cut(pair.two)
    for _ in range(4):
        await pair.one.ok("webrtc-offer", {"to": id_of(pair.two), "sdp": "v" * 65_536})
    _, resumed = await come_back(pair, pair.two, pair.student)
    call = resumed["snapshot"]["state"]["call"]
    assert call == {"mode": "p2p", "peerId": id_of(pair.one), "offers": False, "reason": None}
