"""The REST service for server-side programs: what every endpoint does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.sfu.material import SCTP, Service, state
from tests.api.socket_clients import DTLS, School


async def test_the_eleven_endpoints_in_the_older_services_shapes(service: Service) -> None:
    health = await service.api.call("GET", "/sfu/health")
    assert health.status == 200 and set(health.body) == {"status", "timestamp", "worker"}
    assert await service.ok("GET", "/rooms") == {"rooms": [], "totalRooms": 0, "totalPeers": 0}

    wish = {
        "peerId": "peer-1",
        "userId": "user-1",
        "email": "ada@school.example",
        "fullName": "Ada",
        "role": "instructor",
        "isProducer": True,
        "roomName": "Algebra I",
    }
    joined = await service.post("/peers", wish)
    assert set(joined) == {"roomId", "peerId", "rtpCapabilities", "peers"}
    assert (joined["roomId"], joined["peerId"], joined["peers"]) == ("algebra", "peer-1", [])
    second = await service.join("peer-2")
    assert [one["peerId"] for one in second["peers"]] == ["peer-1"]

    room = await service.get()
    assert (room["roomId"], room["name"], room["peerCount"]) == ("algebra", "Algebra I", 2)
    first = room["peers"][0]
    assert first | {"joinedAt": ""} == {
        "peerId": "peer-1",
        "userId": "user-1",
        "email": "ada@school.example",
        "fullName": "Ada",
        "role": "teacher",
        "isProducer": True,
        "joinedAt": "",
        "producerCount": 0,
        "consumerCount": 0,
        "producers": [],
        "dataProducers": [],
    }
    listed = await service.ok("GET", "/rooms")
    assert (listed["totalRooms"], listed["totalPeers"]) == (1, 2)
    assert set(listed["rooms"][0]) == {"roomId", "name", "peerCount", "createdAt"}

    send = await service.transport("peer-1", "send", enableSctp=True)
    assert {"transportId", "iceParameters", "iceCandidates", "dtlsParameters", "sctpParameters"} <= set(send)
    assert send["id"] == send["transportId"]
    receive = await service.transport("peer-2", "recv")
    assert "sctpParameters" not in receive
    await service.post(f"/transports/{send['transportId']}/connect", {"dtlsParameters": DTLS})

    produced = await service.produce("peer-1")
    assert produced["kind"] == "video" and produced["rtpParameters"]["encodings"] == [{"ssrc": 1111}]
    consumed = await service.post(
        "/consumers",
        {
            "peerId": "peer-2",
            "transportId": receive["transportId"],
            "producerId": produced["id"],
            "rtpCapabilities": joined["rtpCapabilities"],
        },
    )
    assert consumed["producerId"] == produced["id"] and consumed["kind"] == "video"
    assert consumed["rtpParameters"]["encodings"][0]["ssrc"]
    assert consumed["paused"] is False, "the older service's clients never resume"
    counts = {
        one["peerId"]: (one["producerCount"], one["consumerCount"]) for one in (await service.get())["peers"]
    }
    assert counts == {"peer-1": (1, 0), "peer-2": (0, 1)}

    await service.post(f"/consumers/{consumed['id']}/close")
    await service.post(f"/producers/{produced['id']}/close")
    assert state(service.api)[0][3:5] == ([], [])
    await service.post("/peers/peer-1/leave")
    assert [one["peerId"] for one in (await service.get())["peers"]] == ["peer-2"]
    assert [one.id for one in service.api.server.services.live_rooms.rooms[0].router.transports.values()] == [
        receive["id"]
    ]


async def test_pause_resume_layers_key_frame_and_ice_restart(service: Service) -> None:
    joined = await service.join("sender")
    await service.join("viewer")
    send, receive = await service.transport("sender", "send"), await service.transport("viewer", "recv")
    picture, sound = await service.produce("sender"), await service.produce("sender", "audio", paused=True)
    wish = {"peerId": "viewer", "rtpCapabilities": joined["rtpCapabilities"], "paused": True}
    seen = await service.post("/consumers", {**wish, "producerId": picture["id"]})
    heard = await service.post("/consumers", {**wish, "producerId": sound["id"]})
    assert seen["paused"] and not seen["producerPaused"] and heard["producerPaused"]
    router = service.api.server.services.live_rooms.rooms[0].router
    for kind, id_, found in (
        ("producers", picture["id"], router.producers),
        ("consumers", seen["id"], router.consumers),
    ):
        await service.post(f"/{kind}/{id_}/pause")
        assert found[id_].paused is True
        await service.post(f"/{kind}/{id_}/resume")
        assert found[id_].paused is False
    await service.post(f"/consumers/{seen['id']}/layers", {"spatialLayer": 1, "temporalLayer": 0})
    refused = await service.call(
        "POST", f"/rooms/algebra/consumers/{heard['id']}/layers", {"spatialLayer": 1}
    )
    assert (refused.status, refused.body["code"]) == (422, "no_layers")
    await service.post(f"/consumers/{seen['id']}/keyframe")
    restarted = await service.post(f"/transports/{send['id']}/restart-ice")
    assert restarted["iceParameters"]["password"] != send["iceParameters"]["password"]
    assert restarted["transportId"] == send["id"]
    await service.post(f"/transports/{receive['id']}/close")
    assert router.consumers == {}
    assert (await service.call("POST", f"/rooms/algebra/consumers/{seen['id']}/close")).status == 404


async def test_data_producers_and_consumers(service: Service) -> None:
    await service.join("sender")
    await service.join("viewer")
    await service.transport("sender", "send", enableSctp=True)
    await service.transport("viewer", "recv", enableSctp=True)
    wish = {"peerId": "sender", "sctpStreamParameters": SCTP, "label": "chalk"}
    made = await service.post("/data-producers", wish)
    got = await service.post(
        "/data-consumers", {"peerId": "viewer", "dataProducerId": made["id"], "paused": True}
    )
    assert got["label"] == "chalk" and got["paused"] and got["sctpStreamParameters"]["streamId"] >= 0
    await service.post(f"/data-consumers/{got['id']}/resume")
    await service.post(f"/data-consumers/{got['id']}/close")
    await service.post(f"/data-producers/{made['id']}/close")
    assert state(service.api)[0][5] == []


async def test_stats_are_lists_of_what_was_counted(service: Service) -> None:
    joined = await service.join("sender")
    await service.join("viewer")
    send = await service.transport("sender", "send")
    await service.transport("viewer", "recv")
    made = await service.produce("sender")
    wish = {"peerId": "viewer", "producerId": made["id"], "rtpCapabilities": joined["rtpCapabilities"]}
    seen = await service.post("/consumers", wish)
    (transport,) = await service.get(f"/transports/{send['id']}/stats")
    assert (transport["type"], transport["iceState"], transport["bytesSent"]) == (
        "webrtc-transport",
        "new",
        0,
    )
    assert "iceSelectedTuple" not in transport and "availableOutgoingBitrate" not in transport
    (stream,) = await service.get(f"/producers/{made['id']}/stats")
    assert (stream["type"], stream["ssrc"], stream["packetCount"]) == ("inbound-rtp", 1111, 0)
    assert "width" not in stream, "no picture has come, so nobody knows its size"
    sent, received = await service.get(f"/consumers/{seen['id']}/stats")
    assert (sent["type"], sent["packetCount"]) == ("outbound-rtp", 0)
    assert sent["ssrc"] == seen["rtpParameters"]["encodings"][0]["ssrc"]
    assert received["ssrc"] == 1111
    assert (sent["packetsSent"], received["packetsReceived"]) == (0, 0)
    assert "frameWidth" not in sent and "frameWidth" not in received


async def test_a_peer_of_a_service_is_somebody_to_people_on_socket_io(
    service: Service, school: School
) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    person = await school.connect(teacher)
    await person.join(room)
    theirs = await service.join("bot", userId="robot-7", role="student", email="bot@school.example")
    told = await person.pushes("participant-joined")
    assert told["participant"]["participant_id"] == told["participant"]["peerId"] == "bot"
    assert told["participant"]["user_id"] is None, "not an account here"
    assert [one["fullName"] for one in theirs["peers"]] == ["Teacher"]
    peers = (await person.ok("get-room-info"))["peers"]
    (bot,) = [one for one in peers if one["peerId"] == "bot"]
    assert (bot["userId"], bot["email"]) == ("robot-7", ""), "people are not told mail addresses"

    await service.transport("bot", "send")
    made = await service.produce("bot", appData={"source": "camera"})
    announced = await person.pushes("new-producer")
    assert (announced["producerId"], announced["peerId"]) == (made["id"], "bot")
    await person.ok("create-transport", {"direction": "recv"})
    capabilities = theirs["rtpCapabilities"]
    got = await person.ok("consume", {"producerId": made["id"], "rtpCapabilities": capabilities})
    await service.post(f"/producers/{made['id']}/pause")
    assert (await person.pushes("producer-paused"))["consumerId"] == got["id"]
    await service.post("/peers/bot/leave")
    assert (await person.pushes("consumer-closed"))["consumerId"] == got["id"]
    assert (await person.pushes("participant-left"))["participant_id"] == "bot"


async def test_staff_on_socket_io_hand_the_program_to_a_peer_of_a_service_and_pin_it(
    service: Service, school: School
) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    person = await school.connect(teacher)
    await person.join(room)
    await service.join("bot", role="student")
    answer = await person.ok("set-presenter", {"participantId": "bot"})
    assert (answer["participantId"], answer["waiting"]) == ("bot", True)
    await service.transport("bot", "send")
    made = await service.produce("bot")
    program = (await service.api.open_room(room)).program
    assert program.producers["video"].id == made["id"]
    assert (await person.ok("pin", {"producerId": made["id"]}))["peerId"] == "bot"
    await service.post("/peers/bot/leave")
    told = [await person.pushes("presenter-changed") for _ in range(3)]
    assert [(one["participantId"], one["waiting"]) for one in told] == [
        ("bot", True),
        ("bot", False),
        (None, False),
    ]
    assert [(await person.pushes("pinned"))["peerId"] for _ in range(2)] == ["bot", None]


async def test_an_existing_accounts_id_makes_the_participant_that_account(
    service: Service, school: School
) -> None:
    student = await school.api.person("student")
    await service.join("hers", userId=student.user_id, role="admin")
    (participant,) = school.api.server.services.live_rooms.rooms[0].people.participants
    assert participant.user_id == student.user_id
    assert participant.role == "teacher", "no word gives more than that"
    admin = await school.api.person("admin")
    done = await school.api.call("PATCH", f"/api/v1/users/{student.user_id}", {"disabled": True}, by=admin)
    assert done.status == 200
    assert state(school.api)[0][1] == [], "gone with the account's rights"
    refused = await service.call(
        "POST", "/rooms/algebra/peers", {"peerId": "again", "userId": student.user_id}
    )
    assert (refused.status, refused.body["code"]) == (403, "account_disabled")


@pytest.mark.parametrize(
    ("word", "role", "producer"),
    [
        ("instructor", "teacher", True),
        ("ta", "assistant", True),
        ("viewer", "student", False),
        ("guest", "guest", True),
        ("", "student", True),
        (None, "student", True),
    ],
)
async def test_roles_in_old_and_new_words(service: Service, word: Any, role: str, producer: bool) -> None:
    await service.join("one", role=word)
    (peer,) = (await service.get())["peers"]
    assert (peer["role"], peer["isProducer"]) == (role, producer)
    answer = await service.call("POST", "/rooms/algebra/transports", {"peerId": "one", "direction": "send"})
    assert answer.status == (200 if producer else 403)


async def test_a_room_where_staff_publish_binds_peers_of_services_too(
    service: Service, school: School
) -> None:
    await school.room(await school.api.person("teacher"), publish="staff")
    for role, status in (("student", 403), ("guest", 403), ("assistant", 200)):
        await service.join(role, role=role)
        answer = await service.call(
            "POST", "/rooms/algebra/transports", {"peerId": role, "direction": "send"}
        )
        assert answer.status == status, role


async def test_the_same_peer_again_is_the_peer_that_is_there(service: Service) -> None:
    joins = [service.join("one", roomName="Algebra") for _ in range(5)]
    assert {one["peerId"] for one in await asyncio.gather(*joins)} == {"one"}
    await service.transport("one", "send")
    await service.join("one")
    assert len(state(service.api)[0][2]) == 1 and state(service.api)[0][1] == ["one"]


async def test_a_peer_id_of_somebody_else_in_the_room_is_refused(service: Service, school: School) -> None:
    room = await school.room(await school.api.person("teacher"))
    person = await school.connect(await school.api.person("student"))
    id_ = (await person.join(room))["participant_id"]
    answer = await service.call("POST", "/rooms/algebra/peers", {"peerId": id_})
    assert (answer.status, answer.body["code"]) == (409, "peer_exists")
    call = await service.call("POST", "/rooms/algebra/transports", {"peerId": id_, "direction": "send"})
    assert call.status == 404


async def test_peers_of_services_are_in_groups_like_everybody(service: Service, school: School) -> None:
    person = await school.api.person("teacher")
    await school.room(person)
    teacher = await school.connect(person)
    joined = await teacher.join("algebra")
    for peer in ("ada", "ben"):
        await service.join(peer, userId=peer)
    await service.transport("ada", "send")
    await service.transport("ben", "recv")
    sent = (await service.produce("ada"))["id"]
    capabilities = joined["mediasoup"]["rtpCapabilities"]
    wish = {"peerId": "ben", "producerId": sent, "rtpCapabilities": capabilities}
    consumer = (await service.post("/consumers", wish))["id"]

    opened = await teacher.ok("open-breakouts", {"groups": [{"name": "Ada's", "participantIds": ["ada"]}]})
    assert opened["groups"][0]["participantIds"] == ["ada"]
    assert (await service.call("POST", f"/rooms/algebra/consumers/{consumer}/close")).status == 404
    assert (await service.call("POST", "/rooms/algebra/consumers", wish)).status == 404
    late = await service.join("cem")
    assert {one["peerId"]: one["producerCount"] for one in late["peers"] if one["peerId"] == "ada"} == {
        "ada": 0
    }
    (ada,) = [one for one in (await service.get())["peers"] if one["peerId"] == "ada"]
    assert ada["producerCount"] == 1, "the service speaks for all of them, and is told of all"
    await service.post("/peers/ada/leave")
    again = await service.join("ada", userId="ada")
    assert sent not in str(again)
    assert not (await school.api.open_room("algebra")).groups.is_in_main("ada"), "back in her group"
    await teacher.ok("close-breakouts")
    assert (await school.api.open_room("algebra")).groups.is_in_main("ada")
