"""Socket.IO with a foreign client: both answering styles, rights, ids of others, malformed calls."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp
import pytest
import socketio

from tests.api.socket_clients import DTLS, VIDEO, School
from vtp.rooms.participants import participant_of
from vtp.signalling import descriptions


@pytest.mark.drawn(2)
@pytest.mark.parametrize("auth", [None, {}, {"token": "no token"}, "text", {"token": 7}])
async def test_connection_without_a_good_token_is_refused_with_a_sentence(school: School, auth: Any) -> None:
    client = socketio.AsyncClient(reconnection=False)
    refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    client.on("connect_error", refused.set_result)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(school.api.base_url, auth=auth)
    reason = await asyncio.wait_for(refused, 20)
    assert reason["message"].endswith(".") and reason["data"]["code"]
    await client.disconnect()


async def test_two_people_in_a_room_see_each_other_come_and_go(school: School) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    first = await school.connect(teacher)
    joined = await first.join(room)
    assert joined["success"] and joined["room_id"] == room
    assert [one["participant_id"] for one in joined["participants"]] == [joined["participant_id"]]
    assert joined["mediasoup"]["peers"] == []
    assert {c["mimeType"].lower() for c in joined["mediasoup"]["rtpCapabilities"]["codecs"]} > {
        "audio/opus",
        "video/vp8",
        "video/h264",
        "video/rtx",
    }
    second = await school.connect(await school.api.person("student"))
    theirs = await second.join(room)
    told = await first.pushes("participant-joined")
    assert told["participant"]["participant_id"] == theirs["participant_id"]
    assert told["participant"]["role"] == "student"
    assert [p["peerId"] for p in theirs["mediasoup"]["peers"]] == [joined["participant_id"]]
    assert (await first.ok("get-participants", {"room_id": room}))["count"] == 2
    assert (await first.ok("get-room-info", {"roomId": room}))["peerCount"] == 2

    await second.io.disconnect()
    assert (await first.pushes("participant-left"))["participant_id"] == theirs["participant_id"]
    await first.ok("leave-room", {"room_id": room})
    assert (await first.call("get-participants", {"room_id": room}))["code"] == "not_in_a_room"


async def test_older_clients_send_strings_and_are_answered_by_events(school: School) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    old = await school.connect(teacher, answers="")
    await old.io.emit("join-room", json.dumps({"room_id": room, "role": "instructor", "requestId": 7}))
    joined = await old.pushes("joined-room")
    assert joined["success"] and joined["requestId"] == 7
    await old.io.emit("create-transport", json.dumps({"roomId": room, "direction": "send"}))
    transport = await old.pushes("transport-created")
    assert transport["direction"] == "send" and transport["id"] == transport["transportId"]
    await old.io.emit("produce", json.dumps({"roomId": room, "kind": "video", "rtpParameters": VIDEO}))
    assert (await old.pushes("producer-created"))["kind"] == "video"
    await old.io.emit("pause-producer", json.dumps({"producerId": "nobody's", "requestId": "x"}))
    error = await old.pushes("error")
    assert error["code"] == "no_such_producer" and error["event"] == "pause-producer"
    assert error["requestId"] == "x"
    await old.io.emit("pause-producer", "{no JSON")
    error = await old.pushes("error")
    assert error["code"] == "malformed" and "requestId" not in error


async def test_media_objects_from_making_to_closing(school: School) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    sender, viewer = await school.connect(teacher), await school.connect(await school.api.person("student"))
    joined = await sender.join(room)
    await viewer.join(room)

    transport = await sender.ok("create-transport", {"roomId": room, "direction": "send"})
    assert transport["iceParameters"]["iceLite"] is True and transport["iceCandidates"]
    assert transport["iceCandidates"][0]["ip"] == transport["iceCandidates"][0]["address"]
    connect = {"roomId": room, "transportId": transport["id"], "dtlsParameters": DTLS}
    await sender.ok("connect-transport", connect)
    assert (await sender.call("connect-transport", connect))["code"] == "transport_connected"
    restarted = await sender.ok("restart-ice", {"roomId": room, "transportId": transport["id"]})
    assert restarted["iceParameters"]["password"] != transport["iceParameters"]["password"]

    made = await sender.ok(
        "produce", {"roomId": room, "kind": "video", "rtpParameters": VIDEO, "appData": {"source": "camera"}}
    )
    told = await viewer.pushes("new-producer")
    assert told["producerId"] == made["id"] and told["peerId"] == joined["participant_id"]
    assert told["appData"] == {"source": "camera"}

    await viewer.ok("create-transport", {"roomId": room, "direction": "recv"})
    wish = {"producerId": made["id"], "rtpCapabilities": joined["mediasoup"]["rtpCapabilities"]}
    consumer = await viewer.ok("consume", wish)
    assert consumer["kind"] == "video" and consumer["type"] == "simple"
    assert consumer["paused"] is True, "who waits for an acknowledgement resumes when it is ready"
    assert consumer["rtpParameters"]["encodings"][0]["ssrc"]
    of_mine = {"consumerId": consumer["id"]}
    await viewer.ok("resume-consumer", of_mine)
    await viewer.ok("request-keyframe", of_mine)
    await viewer.ok("set-preferred-layers", {**of_mine, "spatialLayer": 1, "temporalLayer": 0})

    await sender.ok("pause-producer", {"producerId": made["id"]})
    assert (await viewer.pushes("producer-paused"))["consumerId"] == consumer["id"]
    await sender.ok("resume-producer", {"producerId": made["id"]})
    assert (await viewer.pushes("producer-resumed"))["producerId"] == made["id"]
    await sender.ok("close-producer", {"producerId": made["id"]})
    assert (await viewer.pushes("consumer-closed"))["consumerId"] == consumer["id"]
    assert (await viewer.pushes("producer-closed"))["producerId"] == made["id"]
    assert (await viewer.call("pause-consumer", of_mine))["code"] == "no_such_consumer"


async def test_who_receives_hears_what_their_link_carries(school: School) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    client = await school.connect(teacher)
    await client.join(room)
    made = [await client.ok("create-transport", {"direction": way}) for way in ("send", "recv")]
    router = school.api.server.services.live_rooms.rooms[0].router
    for transport in made:  # as the packet path tells it
        router.transports[transport["id"]].bandwidth_changed(1_234_567)
    told = await client.pushes("bandwidth")
    assert (told["transportId"], told["availableOutgoingBitrate"]) == (made[1]["id"], 1_234_567)
    assert "bandwidth" not in [name for name, _ in client.pushed]


async def test_describing_a_full_room_looks_at_each_transport_once(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    clients = [await school.connect(teacher) for _ in range(3)]
    for client in clients:
        await client.join(room)
        await client.ok("create-transport", {"direction": "send"})
        await client.ok("create-transport", {"direction": "recv"})
    await clients[1].ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    looked_at: list[Any] = []

    def look(transport: Any) -> Any:
        looked_at.append(transport)
        return participant_of(transport)

    monkeypatch.setattr(descriptions, "participant_of", look)
    info = await clients[0].ok("get-room-info")
    assert [peer["producerCount"] for peer in info["peers"]] == [0, 1, 0]
    assert len(looked_at) == 6


async def test_ids_of_others_do_not_exist_for_a_peer(school: School) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    owner, other = await school.connect(teacher), await school.connect(await school.api.person("student"))
    await owner.join(room)
    await other.join(room)
    transport = await owner.ok("create-transport", {"direction": "send"})
    producer = await owner.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    for event, payload, code in [
        ("connect-transport", {"transportId": transport["id"], "dtlsParameters": DTLS}, "no_such_transport"),
        ("restart-ice", {"transportId": transport["id"]}, "no_such_transport"),
        (
            "produce",
            {"transportId": transport["id"], "kind": "video", "rtpParameters": VIDEO},
            "no_such_transport",
        ),
        ("pause-producer", {"producerId": producer["id"]}, "no_such_producer"),
        ("close-producer", {"producerId": producer["id"]}, "no_such_producer"),
    ]:
        assert (await other.call(event, payload))["code"] == code, event
    assert len(school.api.server.services.live_rooms.rooms[0].router.producers) == 1


async def test_student_cannot_send_where_only_staff_may(school: School) -> None:
    room = await school.room(await school.api.person("teacher"), publish="staff")
    student = await school.connect(await school.api.person("student"))
    joined = await student.join(room, is_producer=True)
    assert joined["participants"][0]["is_producer"] is False
    refused = await student.call("create-transport", {"roomId": room, "direction": "send"})
    assert refused["code"] == "forbidden" and refused["problem"]["status"] == 403
    await student.ok("create-transport", {"roomId": room, "direction": "recv"})


async def test_role_can_be_lowered_and_not_raised(school: School) -> None:
    room = await school.room(await school.api.person("teacher"), publish="staff")
    student = await school.connect(await school.api.person("student"))
    refused = await student.call("join-room", {"room_id": room, "role": "teacher"})
    assert refused["code"] == "forbidden"
    teacher = await school.connect(await school.api.person("teacher", "second@school.example"))
    joined = await teacher.join(room, role="viewer")
    assert joined["participants"][0]["role"] == "student"
    assert (await teacher.call("create-transport", {"direction": "send"}))["code"] == "forbidden"


async def test_end_of_a_session_ends_its_connections(school: School) -> None:
    teacher = await school.api.person("teacher")
    client = await school.connect(teacher)
    await client.join(await school.room(teacher))
    answer = await school.api.call("POST", "/api/v1/auth/logout", {}, by=teacher)
    assert answer.status in (200, 204), answer
    await asyncio.wait_for(client.gone.wait(), 20)
    assert not school.api.server.services.live_rooms.rooms[0].people.participants


async def test_whose_session_ends_while_they_join_leaves_nobody_behind(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, colleague = (
        await school.api.person("teacher"),
        await school.api.person("teacher", "b@school.example"),
    )
    stays, goes = await school.connect(teacher), await school.connect(colleague)
    room = await school.room(teacher)
    await stays.join(room)
    rooms, looked, go_on = school.api.server.services.rooms, asyncio.Event(), asyncio.Event()
    found, find = asyncio.Event(), rooms.find

    async def slowly(reference: str) -> Any:
        looked.set()
        await go_on.wait()
        room = await find(reference)
        asyncio.get_running_loop().call_soon(found.set)
        return room

    monkeypatch.setattr(rooms, "find", slowly)
    await goes.io.emit("join-room", {"room_id": room})
    await looked.wait()
    await school.api.call("POST", "/api/v1/auth/logout", {}, by=colleague)
    await asyncio.wait_for(goes.gone.wait(), 20)
    assert "vtp_signalling_connections 1.0" in (await school.api.call("GET", "/metrics")).body
    go_on.set()
    await found.wait()
    for _ in range(5):  # each answer is a turn in which the other's join would have gone on
        assert (await stays.ok("get-participants"))["count"] == 1


async def test_deleted_room_is_told_and_its_peers_are_in_none(school: School) -> None:
    teacher = await school.api.person("teacher")
    client = await school.connect(teacher)
    room = await school.room(teacher)
    await client.join(room)
    await school.api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={room}", by=teacher)
    assert (await client.pushes("room-closed"))["room_id"] == room
    assert (await client.call("create-transport", {"direction": "send"}))["code"] == "not_in_a_room"


async def test_room_that_has_closed_is_heard_of_no_more(school: School) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    back, waiting = await school.connect(teacher), await school.connect(teacher)
    await back.join(room)
    await waiting.join(room)
    school.api.server.services.live_rooms.rooms[0].close("It had to end.")
    await back.join(room)
    await waiting.pushes("room-closed")
    for _ in range(2):  # the second because what was pushed before the first answer may still be noted
        await waiting.call("get-participants")
    assert not waiting.pushed, "whoever comes back leaves the old room, which is over"
    await waiting.join(room)
    await back.pushes("participant-joined")


async def test_everybody_is_told_of_the_servers_end_and_it_does_not_wait_for_them(school: School) -> None:
    teacher = await school.api.person("teacher")
    clients = [await school.connect(teacher) for _ in range(2)]
    room = await school.room(teacher)
    for client in clients:
        await client.join(room)
    async with aiohttp.ClientSession() as session:
        url = f"{school.api.base_url}/socket.io/?EIO=4&transport=polling"
        opened = await (await session.get(url)).text()
        poll = asyncio.create_task(session.get(f"{url}&sid={json.loads(opened[1:])['sid']}"))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            await school.api.server.close()
        for client in clients:
            await asyncio.wait_for(client.gone.wait(), 20)
            closed = await client.pushes("room-closed")
            assert (closed["room_id"], closed["server_ends"]) == (room, True)
            assert "participant-left" not in dict(client.pushed)
        assert (await asyncio.wait_for(poll, 20)).status == 200


@pytest.mark.sqlite_alone
async def test_a_page_that_is_left_while_it_connects_is_no_error(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    api = school.api
    port = api.server.listening.http_port
    asked = (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked.encode())
        await writer.drain()
        writer.transport.abort()
    answer = await api.call("GET", "/health")  # behind all of them
    assert answer.status == 200
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


@pytest.mark.drawn(4)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    ("event", "payload", "code"),
    [
        ("join-room", {}, "invalid"),
        ("join-room", {"room_id": 7}, "invalid"),
        ("join-room", {"room_id": "x" * 1_000_000}, "invalid"),
        ("join-room", "{", "malformed"),
        ("join-room", "x" * 1_000_000, "too_large"),
        ("join-room", "ç" * 200_000, "too_large"),
        ("join-room", [1, 2], "malformed"),
        ("join-room", {"room_id": [{} for _ in range(60_000)]}, "malformed"),
        ("join-room", json.dumps([{} for _ in range(60_000)]), "malformed"),
        ("join-room", 7, "malformed"),
        ("join-room", {"room_id": "nowhere"}, "no_such_room"),
        ("join-room", {"room_id": "a b"}, "invalid"),
        ("create-transport", {"direction": "sideways"}, "invalid"),
        ("create-transport", {"direction": "send"}, "not_in_a_room"),
        ("produce", {"kind": "smell", "rtpParameters": VIDEO}, "invalid"),
        ("produce", {"kind": "video", "rtpParameters": {"codecs": []}}, "invalid"),
        ("produce", {"kind": "video", "rtpParameters": VIDEO, "appData": {"a": "b" * 9000}}, "invalid"),
        ("set-preferred-layers", {"consumerId": "x"}, "invalid"),
        ("set-preferred-layers", {"consumerId": "x", "temporalLayer": 2}, "invalid"),
        ("set-preferred-layers", {"consumerId": "x", "spatialLayer": "2"}, "invalid"),
        ("produce-data", {"label": "chalk"}, "invalid"),
        ("produce-data", {"sctpStreamParameters": {"foo": "foo"}}, "invalid"),
        ("dance", {}, "unknown_event"),
        ("connect", {"token": "x"}, "malformed"),
        ("disconnect", {}, "malformed"),
        ("*", {}, "malformed"),
    ],
)
async def test_malformed_call_gets_a_problem_and_changes_nothing(
    school: School, event: str, payload: Any, code: str
) -> None:
    client = await school.connect(await school.api.person("teacher"))
    answer: dict[str, Any] = await client.io.call(event, payload, timeout=30)
    assert answer["ok"] is False and answer["code"] == code, answer
    assert answer["error"].endswith(".") and answer["problem"]["detail"] == answer["error"]
    assert not school.api.server.services.live_rooms.rooms
    assert (await client.call("get-participants"))["code"] == "not_in_a_room", "the connection goes on"


async def test_what_media_objects_refuse_is_a_sentence_in_the_words_of_the_wire(school: School) -> None:
    teacher = await school.api.person("teacher")
    client = await school.connect(teacher)
    await client.join(await school.room(teacher))
    for direction in ("send", "recv"):
        await client.ok("create-transport", {"direction": direction})
    made = await client.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    nothing: dict[str, Any] = {"codecs": [], "headerExtensions": []}
    unknown = await client.call("consume", {"producerId": made["producerId"], "rtpCapabilities": nothing})
    assert unknown["code"] == "unsupported_codec" and unknown["error"].endswith(".")
    without = await client.call("produce-data", {"sctpStreamParameters": {"streamId": 0}})
    assert without["code"] == "cannot_produce_data" and without["error"].endswith("with enableSctp.")


async def test_server_that_drains_says_so_to_who_would_open_a_room(school: School) -> None:
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    client = await school.connect(teacher)
    school.api.server.services.doors.close()
    refused = await client.call("join-room", {"roomId": room})
    assert (refused["code"], refused["problem"]["retry_after"]) == ("draining", 30)


async def test_who_has_no_transport_is_told_to_make_one_and_who_has_two_to_name_one(school: School) -> None:
    teacher = await school.api.person("teacher")
    client = await school.connect(teacher)
    await client.join(await school.room(teacher))
    call = {"kind": "video", "rtpParameters": VIDEO}
    none = await client.call("produce", call)
    assert (none["code"], none["error"]) == (
        "transport_not_named",
        "You have no transports for this; make one first.",
    )
    for _ in range(2):
        await client.ok("create-transport", {"direction": "send"})
    two = await client.call("produce", call)
    assert two["error"] == "You have 2 transports for this; name one by transportId."


async def test_payload_that_is_nested_too_deeply_is_answered(school: School) -> None:
    client = await school.connect(await school.api.person("teacher"))
    deep = "[" * 50_000 + "]" * 50_000
    assert (await client.call("join-room", deep))["code"] == "malformed"
    # As text within the packet itself: the client's own encoder would refuse to nest so deeply.
    sent = socketio.packet.Packet(socketio.packet.EVENT, data=["join-room", "DEEP"], id=99, namespace="/")
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    client.io.callbacks.setdefault("/", {})[99] = future.set_result
    await client.io.eio.send(str(sent.encode()).replace('"DEEP"', deep))
    assert (await asyncio.wait_for(future, 20))["code"] == "malformed"


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    "value", ["NaN", "-Infinity", "1e999", "[" * 600 + "]" * 600, '{"a":' * 40 + "1" + "}" * 40]
)
async def test_app_data_that_browsers_cannot_read_gets_to_nobody(school: School, value: str) -> None:
    teacher = await school.api.person("teacher")
    client = await school.connect(teacher)
    await client.join(await school.room(teacher))
    await client.ok("create-transport", {"direction": "send"})
    wish = {"kind": "video", "rtpParameters": VIDEO, "appData": {"a": "VALUE"}}
    answer = await client.call("produce", json.dumps(wish).replace('"VALUE"', value))
    assert answer["code"] == "invalid" and answer["problem"]["errors"][0]["pointer"] == "/appData", answer
    assert (await client.ok("get-room-info"))["producerCount"] == 0


EVENTS = [
    "join-room",
    "leave-room",
    "get-participants",
    "get-room-info",
    "create-transport",
    "connect-transport",
    "restart-ice",
    "produce",
    "consume",
    "produce-data",
    "consume-data",
    "close-data-producer",
    "resume-data-consumer",
    "close-data-consumer",
    "pause-producer",
    "resume-producer",
    "close-producer",
    "pause-consumer",
    "resume-consumer",
    "close-consumer",
    "set-preferred-layers",
    "request-keyframe",
]
NAMES = [
    "roomId",
    "room_id",
    "transportId",
    "producerId",
    "consumerId",
    "dataProducerId",
    "dataConsumerId",
    "direction",
    "kind",
    "rtpParameters",
    "rtpCapabilities",
    "dtlsParameters",
    "sctpStreamParameters",
    "appData",
    "paused",
    "role",
    "requestId",
    "spatialLayer",
    "codecs",
    "encodings",
]


def any_json(chance: random.Random, depth: int = 0) -> Any:
    """Something of every sort, more often with names that mean something."""
    kinds = [
        None,
        True,
        0,
        -1,
        2**70,
        1.5,
        "",
        "send",
        "video",
        "x" * chance.choice((1, 65, 600)),
        "\x00\ud7ff",
    ]
    if depth < 4 and chance.random() < 0.6:
        if chance.random() < 0.3:
            return [any_json(chance, depth + 1) for _ in range(chance.randrange(4))]
        return {chance.choice(NAMES): any_json(chance, depth + 1) for _ in range(chance.randrange(6))}
    return chance.choice(kinds)


async def test_whatever_comes_is_answered_and_does_nothing_to_others(school: School) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    teacher = await school.api.person("teacher")
    room = await school.room(teacher)
    bystander = await school.connect(teacher)
    await bystander.join(room)
    await bystander.ok("create-transport", {"direction": "send", "enableSctp": True})
    producer = await bystander.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    walker = await school.connect(await school.api.person("student"))
    for _ in range(300):
        if chance.random() < 0.1:
            await walker.call("join-room", {"room_id": room})
        answer = await walker.call(chance.choice(EVENTS), any_json(chance))
        assert answer["ok"] is True or (answer["error"] and answer["code"] != "internal_server_error"), answer
    live = school.api.server.services.live_rooms.rooms[0]
    assert list(live.router.producers) == [producer["id"]]
    assert (await bystander.ok("get-participants"))["count"] <= 2
