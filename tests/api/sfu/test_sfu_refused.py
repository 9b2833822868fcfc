"""What the REST service refuses: ids of others, calls out of order, bodies that are none."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.api.sfu.material import AUDIO, SCTP, UNKNOWN, Service, room_names, state
from tests.api.socket_clients import DTLS, VIDEO, School


async def test_ids_of_others_and_of_other_rooms_do_not_exist(service: Service, school: School) -> None:
    room = await school.room(await school.api.person("teacher"))
    person = await school.connect(await school.api.person("student"))
    await person.join(room)
    transport = await person.ok("create-transport", {"direction": "send"})
    producer = await person.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    await service.join("one")
    mine = await service.transport("one", "send")
    other = Service(service.api, service.token, "geometry")
    await other.join("two")
    before = state(service.api)
    for path, body in [
        (f"/rooms/algebra/transports/{transport['id']}/connect", {"dtlsParameters": DTLS}),
        (f"/rooms/algebra/transports/{transport['id']}/close", None),
        (f"/rooms/algebra/producers/{producer['id']}/pause", None),
        (f"/rooms/algebra/producers/{producer['id']}/close", {}),
        (f"/rooms/geometry/transports/{mine['id']}/close", None),
        (f"/rooms/algebra/transports/{mine['id']}/close", {"peerId": "two"}),
        ("/rooms/algebra/peers/two/leave", None),
        ("/rooms/algebra/transports", {"peerId": "two", "direction": "send"}),
        (
            "/rooms/geometry/producers",
            {"peerId": "two", "transportId": mine["id"], "kind": "video", "rtpParameters": VIDEO},
        ),
    ]:
        answer = await service.call("POST", path, body)
        assert answer.status == 404, (path, answer)
        assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert state(service.api) == before


async def test_calls_out_of_order_too_often_or_too_late_are_refused(service: Service) -> None:
    joined = await service.join("one")
    made = {"peerId": "one", "kind": "video", "rtpParameters": VIDEO}
    early = await service.call("POST", "/rooms/algebra/producers", made)
    assert (early.status, early.body["code"]) == (409, "transport_not_named")
    send, receive = await service.transport("one", "send"), await service.transport("one", "recv")
    wrong = await service.call("POST", "/rooms/algebra/producers", {**made, "transportId": receive["id"]})
    assert (wrong.status, wrong.body["code"]) == (409, "wrong_direction")
    connect = {"dtlsParameters": DTLS}
    await service.post(f"/transports/{send['id']}/connect", connect)
    twice = await service.call("POST", f"/rooms/algebra/transports/{send['id']}/connect", connect)
    assert (twice.status, twice.body["code"]) == (409, "transport_connected")
    producer = await service.produce("one", transportId=send["id"])
    wish = {"peerId": "one", "producerId": producer["id"], "rtpCapabilities": joined["rtpCapabilities"]}
    none = await service.call(
        "POST",
        "/rooms/algebra/consumers",
        {**wish, "rtpCapabilities": {"codecs": [], "headerExtensions": []}},
    )
    assert none.status == 422
    await service.post(f"/producers/{producer['id']}/close")
    for verb in ("pause", "resume", "close"):
        assert (await service.call("POST", f"/rooms/algebra/producers/{producer['id']}/{verb}")).status == 404
    late = await service.call("POST", "/rooms/algebra/consumers", wish)
    assert (late.status, late.body["code"]) == (404, "no_such_producer")
    for _ in range(6):
        await service.transport("one", "recv")
    full = await service.call("POST", "/rooms/algebra/transports", {"peerId": "one", "direction": "recv"})
    assert (full.status, full.body["code"]) == (409, "too_many_objects")


LONG = "x" * 1_000_000
DEEP: Any = json.loads("[" * 400 + "]" * 400)
ODD: list[Any] = [None, True, -1, 1.5, 10**30, "", "\x00", "null", LONG[:300], [], [[]], {}, {"a": DEEP}]


def bodies(good: dict[str, Any], draw: random.Random) -> list[Any]:
    """Right but for one thing: a member missing, of another type, or with something odd deep within."""
    found: list[Any] = []
    for name in good:
        found.append({key: value for key, value in good.items() if key != name})
        found.extend({**good, name: odd} for odd in draw.sample(ODD, 5))
    for _ in range(10):
        copied = json.loads(json.dumps(good))
        place: Any = copied
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw.choice(keys)
            if not isinstance(place[key], dict | list) or not place[key] or draw.random() < 0.3:
                place[key] = draw.choice(ODD)
                break
            place = place[key]
        found.append(copied)
    return found


async def test_malformed_bodies_get_a_problem_or_are_harmless(service: Service) -> None:
    """Whatever is refused has changed nothing, and nothing is a fault of the server."""
    seed = random.randrange(1 << 30)
    draw = random.Random(seed)
    joined = await service.join("one")
    send, receive = await service.transport("one", "send"), await service.transport("one", "recv")
    producer = await service.produce("one")
    wish = {"peerId": "one", "producerId": producer["id"], "rtpCapabilities": joined["rtpCapabilities"]}
    consumer = await service.post("/consumers", wish)
    good: dict[str, dict[str, Any]] = {
        "/peers": {"peerId": "one", "userId": "u", "role": "student", "isProducer": True, "roomName": "A"},
        "/transports": {"peerId": "one", "direction": "recv"},
        f"/transports/{receive['id']}/connect": {"dtlsParameters": DTLS, "peerId": "one"},
        "/producers": {
            "peerId": "one",
            "transportId": send["id"],
            "kind": "audio",
            "rtpParameters": AUDIO,
            "appData": {"a": 1},
        },
        "/consumers": wish,
        f"/consumers/{consumer['id']}/layers": {"spatialLayer": 1, "temporalLayer": 1},
        "/data-producers": {"peerId": "one", "sctpStreamParameters": SCTP, "label": "l"},
        "/data-consumers": {"peerId": "one", "dataProducerId": UNKNOWN},
    }
    for path, body in good.items():
        for sent in [*bodies(body, draw), None, [], "text", 7, DEEP, {"peerId": LONG}]:
            before = state(service.api)
            answer = await service.call("POST", f"/rooms/algebra{path}", sent)
            if answer.status != 200:
                said = f"seed {seed}: {path} {str(sent)[:300]} {answer}"
                assert 400 <= answer.status < 500, said
                assert answer.headers["Content-Type"].startswith("application/problem+json"), said
                assert state(service.api) == before, said
            elif path in ("/transports", "/producers", "/consumers"):
                await service.post(f"{path}/{answer.body['id']}/close")
            elif path.endswith("/connect"):
                break  # a body that was odd and harmless has connected it


async def test_null_counts_as_left_out_at_any_depth(service: Service) -> None:
    await service.post("/peers", {"peerId": "one", "role": "student", "isProducer": True, "email": None})
    send = await service.transport("one", "send", enableSctp=None)
    await service.post(
        f"/transports/{send['id']}/connect", {"dtlsParameters": {**DTLS, "role": None}, "peerId": None}
    )
    audio = {
        **AUDIO,
        "mid": None,
        "rtcp": {"cname": None},
        "encodings": [{"ssrc": 2222, "rid": None}],
    }
    wish = {"peerId": "one", "transportId": send["id"], "kind": "audio", "rtpParameters": audio}
    made = await service.post("/producers", {**wish, "appData": {"kept": None}})
    assert [one["producerId"] for one in (await service.get())["peers"][0]["producers"]] == [made["id"]]


@pytest.mark.drawn(3)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b"[" * 100_000, 413),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b'{"peerId":"' + b"x" * 1_000_000 + b'"}', 413),
        (b'{"peerId":"one","direction":"send","peerId":"\\u0000"}', 422),
    ],
)
async def test_what_is_no_json_or_too_large_is_refused(service: Service, data: bytes, status: int) -> None:
    await service.join("one")
    before = state(service.api)
    answer = await service.call("POST", "/rooms/algebra/transports", data=data)
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert state(service.api) == before


@pytest.mark.drawn(3)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize("peer", ["", "a b", "a/b", "x" * 65, "é", "\n", "<script>", "..%2F"])
async def test_peer_ids_that_no_path_can_hold_are_refused(service: Service, peer: str) -> None:
    answer = await service.call("POST", "/rooms/algebra/peers", {"peerId": peer})
    assert answer.status == 422 and answer.pointers == ["/peerId"]
    assert await room_names(service.api, service) == []
    assert (await service.call("GET", "/rooms/algebra")).status == 404, "no room was made for nobody"


@pytest.mark.sqlite_alone
@pytest.mark.parametrize("room", ["a b", "x" * 65, "é"])
async def test_names_that_no_room_can_have_are_refused(service: Service, room: str) -> None:
    assert (await service.call("POST", f"/rooms/{room}/peers", {"peerId": "one"})).status == 422
    assert (await service.call("POST", f"/rooms/{UNKNOWN}/peers", {"peerId": "one"})).status == 404
