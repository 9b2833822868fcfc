"""Clients that do not run here, by what they send; and whether they would take what they are answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.client_shapes import SHAPES, Shape
from tests.api.client_validators import (
    check_consumer,
    check_data_consumer,
    check_restart,
    check_router,
    check_transport,
)
from tests.api.socket_clients import Client, School

Json = dict[str, Any]
ANSWERS = {
    "join-room": "joined-room",
    "create-transport": "transport-created",
    "connect-transport": "transport-connected",
    "restart-ice": "ice-restarted",
    "produce": "producer-created",
    "consume": "consumer-created",
    "resume-consumer": "consumer-resumed",
    "close-producer": "producer-closed",
}


async def say(client: Client, shape: Shape, event: str, payload: Json) -> Json:
    """One call as this family makes it, and its answer."""
    if not shape.as_text:
        return await client.ok(event, payload)
    await client.io.emit(event, json.dumps(payload))
    answer: Json = await client.pushes(ANSWERS[event])
    return answer


async def enter(school: School, shape: Shape, direction: str) -> tuple[Client, Json, Json]:
    """Somebody who has a connected transport: the client, the router's capabilities, the transport."""
    who = await school.api.person("teacher", f"{direction}@school.example")
    client = await school.connect(who, answers="" if shape.as_text else "ack")
    joined = await say(client, shape, "join-room", {"room_id": "algebra"})
    router = joined["mediasoup"]["rtpCapabilities"]
    check_router(router)
    wish = {"roomId": "algebra", "direction": direction, **dict(shape.create)}
    transport = await say(client, shape, "create-transport", wish)
    check_transport(transport, sctp=shape.data is not None)
    at = {"roomId": "algebra", "transportId": transport["id"]}
    await say(client, shape, "connect-transport", at | {"dtlsParameters": shape.dtls})
    return client, router, transport


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("shape", SHAPES, ids=str)
async def test_clients_that_do_not_run_here_produce_and_consume(school: School, shape: Shape) -> None:
    await school.room(await school.api.person("teacher"))
    sender, _, sending = await enter(school, shape, "send")
    viewer, router, receiving = await enter(school, shape, "recv")
    for kind, parameters in (("audio", shape.audio), ("video", shape.video)):
        wish = {"transportId": sending["id"], "kind": kind, "rtpParameters": parameters}
        produced = await say(sender, shape, "produce", wish)
        assert produced["id"] and produced["kind"] == kind
        announced = await viewer.pushes("new-producer")
        assert announced["producerId"] == produced["id"] and announced["kind"] == kind

        wish = {"transportId": receiving["id"], "producerId": produced["id"]}
        wish |= {"rtpCapabilities": shape.capabilities(router), "paused": True}
        consumed = await say(viewer, shape, "consume", wish)
        check_consumer(consumed, router)
        assert consumed["type"] == (shape.video_type if kind == "video" else "simple")
        sent = [codec["mimeType"].lower() for codec in parameters["codecs"]]
        assert consumed["rtpParameters"]["codecs"][0]["mimeType"].lower() == sent[0]
        resumed = await say(viewer, shape, "resume-consumer", {"consumerId": consumed["id"]})
        assert resumed["consumerId"] == consumed["id"]

        closed = await say(sender, shape, "close-producer", {"producerId": produced["id"]})
        assert closed["producerId"] == produced["id"]
        assert (await viewer.pushes("consumer-closed"))["consumerId"] == consumed["id"]
    restarted = await say(viewer, shape, "restart-ice", {"transportId": receiving["id"]})
    check_restart(restarted)


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("shape", [one for one in SHAPES if one.data is not None], ids=str)
async def test_their_data_channels_are_announced_and_consumed(school: School, shape: Shape) -> None:
    await school.room(await school.api.person("teacher"))
    sender, _, sending = await enter(school, shape, "send")
    viewer, _, receiving = await enter(school, shape, "recv")
    wish = {"transportId": sending["id"], "sctpStreamParameters": shape.data, "label": None, "protocol": None}
    produced = await sender.ok("produce-data", wish | {"appData": None})
    announced = await viewer.pushes("new-data-producer")
    assert announced["dataProducerId"] == produced["id"] and announced["label"] == ""
    wish = {"transportId": receiving["id"], "dataProducerId": produced["id"], "paused": None}
    check_data_consumer(await viewer.ok("consume-data", wish))


async def test_null_in_app_data_is_the_clients_own(school: School) -> None:
    await school.room(await school.api.person("teacher"))
    shape = SHAPES[0]
    sender, _, _ = await enter(school, shape, "send")
    viewer, _, _ = await enter(school, shape, "recv")
    wish = {"kind": "audio", "rtpParameters": shape.audio, "appData": {"share": None}, "paused": None}
    await sender.ok("produce", wish)
    assert (await viewer.pushes("new-producer"))["appData"] == {"share": None}


async def test_transport_has_data_when_it_is_asked_for_and_not_when_it_is_refused(school: School) -> None:
    await school.room(await school.api.person("teacher"))
    client = await school.connect(await school.api.person("student"))
    await client.join("algebra")
    capable = {"direction": "recv", "sctpCapabilities": {"numStreams": {"OS": 1024, "MIS": 1024}}}
    assert "sctpParameters" in await client.ok("create-transport", capable)
    assert "sctpParameters" not in await client.ok("create-transport", capable | {"enableSctp": False})
    assert "sctpParameters" not in await client.ok("create-transport", {"direction": "recv"})
