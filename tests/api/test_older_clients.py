"""The older contract, whole: each of its calls as a JSON string, answered by its event alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.api.socket_clients import DTLS, VIDEO, Client, School

ROOM = "algebra"


async def ask(old: Client, event: str, answer: str, payload: Mapping[str, Any]) -> Any:
    """Emits without a callback, with the room named as older clients do."""
    await old.io.emit(event, json.dumps({"roomId": ROOM, **payload}))
    told = await old.pushes(answer)
    assert "seq" not in told, f"{answer} is a push here, not the answer"
    assert told["roomId"] == ROOM
    return told


async def enter(school: School, role: str) -> tuple[Client, Any]:
    person = await school.api.person(role)
    if role == "teacher":
        await school.room(person)
    old = await school.connect(person, answers="")
    about = {"user_id": "u-1", "email": "a@b.example", "full_name": "Ada", "role": role, "is_producer": True}
    await old.io.emit("join-room", json.dumps({"room_id": ROOM, "room_name": "Algebra", **about}))
    return old, await old.pushes("joined-room")


async def test_who_knows_the_older_contract_alone_sends_and_receives(school: School) -> None:
    sender, joined = await enter(school, "teacher")
    assert joined["success"] is True and joined["room_id"] == ROOM
    viewer, seen = await enter(school, "student")
    (peer,) = seen["mediasoup"]["peers"]
    assert {"peerId", "userId", "email", "fullName", "role", "isProducer"} <= set(peer)
    assert (await ask(viewer, "get-participants", "participants-list", {}))["count"] == 2
    assert (await ask(viewer, "get-room-info", "room-info", {}))["peerCount"] == 2
    sends = await ask(sender, "create-transport", "transport-created", {"direction": "send"})
    gets = await ask(viewer, "create-transport", "transport-created", {"direction": "recv"})
    named = {"transportId": sends["transportId"]}
    await ask(sender, "connect-transport", "transport-connected", {**named, "dtlsParameters": DTLS})
    assert (await ask(sender, "restart-ice", "ice-restarted", named))["iceParameters"]

    made = await ask(
        sender, "produce", "producer-created", {**named, "kind": "video", "rtpParameters": VIDEO}
    )
    assert (await viewer.pushes("new-producer"))["producerId"] == made["producerId"]
    wish = {"producerId": made["producerId"], "rtpCapabilities": seen["mediasoup"]["rtpCapabilities"]}
    shown = await ask(viewer, "consume", "consumer-created", {**wish, "transportId": gets["transportId"]})
    assert shown["paused"] is False, "who has no callback for it cannot know when to resume"
    consumer, producer = {"consumerId": shown["consumerId"]}, {"producerId": made["producerId"]}
    await viewer.io.emit("set-preferred-layers", json.dumps({**consumer, "spatialLayer": 0}))
    await viewer.io.emit("request-keyframe", json.dumps(consumer))
    await ask(viewer, "pause-consumer", "consumer-paused", consumer)
    await ask(viewer, "resume-consumer", "consumer-resumed", consumer)
    await ask(sender, "pause-producer", "producer-paused", producer)
    await viewer.pushes("producer-paused")
    await ask(sender, "resume-producer", "producer-resumed", producer)
    await ask(viewer, "close-consumer", "consumer-closed", consumer)
    await ask(sender, "close-producer", "producer-closed", producer)
    assert (await viewer.pushes("producer-closed"))["producerId"] == made["producerId"]
    await ask(sender, "leave-room", "left-room", {"user_id": "u-1"})
    assert (await viewer.pushes("participant-left"))["participant_id"] == joined["participant_id"]
    assert "error" not in [event for event, _ in sender.pushed + viewer.pushed]


async def test_who_knows_the_older_contract_alone_exchanges_data(school: School) -> None:
    sender, _ = await enter(school, "teacher")
    viewer, _ = await enter(school, "student")
    for client, direction in ((sender, "send"), (viewer, "recv")):
        wish = {"direction": direction, "enableSctp": True}
        assert (await ask(client, "create-transport", "transport-created", wish))["sctpParameters"]["port"]
    stream = {"sctpStreamParameters": {"streamId": 0}, "label": "chalk"}
    made = await ask(sender, "produce-data", "data-producer-created", stream)
    named = {"dataProducerId": made["dataProducerId"]}
    got = await ask(viewer, "consume-data", "data-consumer-created", named)
    assert got["label"] == "chalk"
    await ask(
        viewer, "close-data-consumer", "data-consumer-closed", {"dataConsumerId": got["dataConsumerId"]}
    )
    await ask(sender, "close-data-producer", "data-producer-closed", named)
    assert (await viewer.pushes("data-producer-closed"))["dataProducerId"] == made["dataProducerId"]
