"""A lost connection of Socket.IO: who comes back in time goes on, and misses, doubles or mixes up nothing."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from socketio import packet

from tests.api.socket_clients import DTLS, VIDEO, Client, School
from tests.serving import Api, Person
from vtp.signalling import members, resuming

SEED = 20261127


class Class(School):
    """A room and those in it, whose connections can be cut."""

    async def connect(self, who: Person | str, *, answers: str = "ack", **auth: Any) -> Client:
        return await super().connect(who, answers=answers, **{"resume": True, **auth})

    async def join(self, who: Person) -> Client:
        client = await self.connect(who)
        await client.join("algebra")
        return client

    async def back(self, who: Person, before: Client) -> tuple[Client, dict[str, Any]]:
        """Comes back with what the client knows."""
        client = await self.connect(who, resume_token=before.joined["resume_token"], seq=last_seq(before))
        resumed = await client.pushes("resumed")
        client.joined = {**before.joined, "resume_token": resumed["resume_token"], "seq": last_seq(before)}
        return client, resumed


def last_seq(client: Client) -> int:
    numbers = [data["seq"] for name, data in client.pushed if "seq" in data and name != "resumed"]
    newest: int = max([client.joined["seq"], *numbers])
    return newest


async def cut(client: Client) -> None:
    """Ends the TCP connection without a word of Socket.IO; the client has upgraded to it by then."""
    client.io.eio.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    await client.gone.wait()


@pytest.fixture
async def lesson(api: Api) -> AsyncIterator[tuple[Class, Person, Person]]:
    teacher, student = await api.person("teacher"), await api.person("student")
    async with AsyncExitStack() as stack:
        made = Class(api, stack)
        await made.room(teacher)
        yield made, teacher, student


async def test_who_comes_back_gets_what_was_missed_and_keeps_transports_and_producers(
    lesson: tuple[Class, Person, Person],
) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    await ada.pushes("participant-joined")
    made = await ben.ok("create-transport", {"direction": "send"})
    await ben.ok("connect-transport", {"transportId": made["id"], "dtlsParameters": DTLS})
    mine = await ben.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    await cut(ben)

    ours = await ada.ok("create-transport", {"direction": "send"})
    await ada.ok("connect-transport", {"transportId": ours["id"], "dtlsParameters": DTLS})
    first = await ada.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    await ada.ok("close-producer", {"producerId": first["id"]})

    again, resumed = await school.back(student, ben)
    assert resumed["participant_id"] == ben.joined["participant_id"]
    assert resumed["missed"] == 3
    assert "snapshot" not in resumed
    assert (await again.pushes("new-producer"))["seq"] == 1
    assert (await again.pushes("presenter-changed"))["seq"] == 2
    assert (await again.pushes("producer-closed"))["seq"] == 3
    await again.ok("pause-producer", {"producerId": mine["id"]})
    assert {name for name, _ in ada.pushed} == {"new-producer", "presenter-changed"}, (
        "nobody has seen anybody come or go"
    )


async def test_a_producer_whose_answer_was_lost_is_given_when_asked_again(
    lesson: tuple[Class, Person, Person],
) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    made = await ben.ok("create-transport", {"direction": "send"})
    await ben.ok("connect-transport", {"transportId": made["id"], "dtlsParameters": DTLS})
    wish = {"transportId": made["id"], "kind": "video", "rtpParameters": {**VIDEO, "mid": "3"}}
    mine = await ben.ok("produce", wish)
    await cut(ben)

    again, _ = await school.back(student, ben)
    assert (await again.ok("produce", {**wish, "again": True}))["id"] == mine["id"]
    assert (await again.call("produce", wish))["code"] == "faulty_parameters", "the section is taken"
    screen = {**VIDEO, "mid": "4", "encodings": [{"ssrc": 2222}]}
    other = await again.ok("produce", {**wish, "rtpParameters": screen, "again": True})
    assert other["id"] != mine["id"]
    await again.ok("close-producer", {"producerId": mine["id"]})
    anew = await again.ok("produce", {**wish, "again": True})
    assert anew["id"] != mine["id"], "what was closed since is made"
    heard = [data["producerId"] for name, data in ada.pushed if name == "new-producer"]
    assert heard == [mine["id"], other["id"], anew["id"]]


async def test_a_place_is_given_up_after_a_while(
    lesson: tuple[Class, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "RESUME_WITHIN_S", 0.05)
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    await cut(ben)
    left = await ada.pushes("participant-left")
    assert left["participant_id"] == ben.joined["participant_id"]
    again = await school.connect(student, resume_token=ben.joined["resume_token"], seq=0)
    assert (await again.pushes("resume-failed"))["code"] == "nothing_to_resume"
    await again.join("algebra")


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize("token", [7, True, [], {"a": 1}, "never given", "x" * 100_000])
async def test_a_token_of_no_place_is_told_so(lesson: tuple[Class, Person, Person], token: Any) -> None:
    school, teacher, _ = lesson
    client = await school.connect(teacher, resume_token=token, seq=0)
    assert (await client.pushes("resume-failed"))["code"] == "nothing_to_resume"
    await client.join("algebra")


async def test_a_place_is_not_given_to_somebody_else(lesson: tuple[Class, Person, Person]) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    await cut(ben)
    thief = await school.connect(teacher, resume_token=ben.joined["resume_token"], seq=0)
    assert (await thief.pushes("resume-failed"))["code"] == "nothing_to_resume"
    again, _ = await school.back(student, ben)
    assert (await again.ok("get-participants"))["count"] == 2
    assert not [name for name, _ in ada.pushed if name == "participant-left"]


async def test_a_token_is_good_once(lesson: tuple[Class, Person, Person]) -> None:
    school, _, student = lesson
    ben = await school.join(student)
    await cut(ben)
    again, resumed = await school.back(student, ben)
    assert resumed["resume_token"] != ben.joined["resume_token"]
    late = await school.connect(student, resume_token=ben.joined["resume_token"], seq=0)
    assert (await late.pushes("resume-failed"))["code"] == "nothing_to_resume"
    assert (await again.ok("get-participants"))["count"] == 1


async def test_a_newer_connection_takes_the_place_of_one_that_looks_alive(
    lesson: tuple[Class, Person, Person],
) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    await ada.pushes("participant-joined")
    again, _ = await school.back(student, ben)
    await ben.gone.wait()
    assert (await again.ok("get-participants"))["count"] == 2
    assert ada.pushed == []


async def test_who_missed_more_than_is_kept_gets_the_room_as_it_is(
    lesson: tuple[Class, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MAX_KEPT", 2)
    school, teacher, student = lesson
    ben = await school.join(student)
    await cut(ben)
    for _ in range(2):
        visitor = await school.join(teacher)
        await visitor.ok("leave-room")
    await school.join(teacher)
    again, resumed = await school.back(student, ben)
    assert resumed["missed"] == 0
    assert len(resumed["snapshot"]["participants"]) == 2
    assert resumed["snapshot"]["seq"] == resumed["seq"] == 5
    assert [name for name, _ in again.pushed if name.startswith("participant")] == []


async def test_a_snapshot_names_what_is_still_open(
    lesson: tuple[Class, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MAX_KEPT", 0)
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    kinds = ("transports", "producers", "consumers", "dataProducers", "dataConsumers")
    assert ben.joined["mediasoup"]["own"] == {kind: [] for kind in kinds}
    ours = await ada.ok("create-transport", {"direction": "send", "enableSctp": True})
    sent = [
        await ada.ok("produce", {"kind": "video", "rtpParameters": {**VIDEO, "mid": mid, "encodings": [one]}})
        for mid, one in (("0", {"ssrc": 1}), ("1", {"ssrc": 2}))
    ]
    out = await ben.ok("create-transport", {"direction": "send", "enableSctp": True})
    into = await ben.ok("create-transport", {"direction": "recv", "enableSctp": True})
    mine = await ben.ok("produce", {"kind": "video", "rtpParameters": VIDEO, "paused": True})
    stream = {"streamId": 0, "ordered": True}
    channel = await ben.ok("produce-data", {"sctpStreamParameters": stream, "label": "pen"})
    theirs = await ada.ok("produce-data", {"sctpStreamParameters": stream, "label": "board"})
    heard = await ben.ok("consume-data", {"dataProducerId": theirs["id"]})
    capabilities = ben.joined["mediasoup"]["rtpCapabilities"]
    made = [
        await ben.ok("consume", {"producerId": one["id"], "rtpCapabilities": capabilities}) for one in sent
    ]
    await cut(ben)
    await ada.ok("pause-producer", {"producerId": sent[1]["id"]})
    await ada.ok("close-producer", {"producerId": sent[0]["id"]})
    _, resumed = await school.back(student, ben)
    own = resumed["snapshot"]["mediasoup"]["own"]
    assert own["transports"] == [
        {"transportId": out["id"], "direction": "send"},
        {"transportId": into["id"], "direction": "recv"},
    ]
    assert own["producers"] == [
        {
            "producerId": mine["id"],
            "transportId": out["id"],
            "kind": "video",
            "source": "camera",
            "paused": True,
            "spatialLayers": [0],
        }
    ]
    assert own["consumers"] == [
        {
            "consumerId": made[1]["id"],
            "transportId": into["id"],
            "producerId": sent[1]["id"],
            "kind": "video",
            "paused": made[1]["paused"],
            "producerPaused": True,
        }
    ]
    assert own["dataProducers"] == [
        {"dataProducerId": channel["id"], "transportId": out["id"], "label": "pen"}
    ]
    assert own["dataConsumers"] == [
        {
            "dataConsumerId": heard["id"],
            "transportId": into["id"],
            "dataProducerId": theirs["id"],
            "paused": False,
        }
    ]
    await ada.ok("close-transport", {"transportId": ours["id"]})
    again = await ben_again(school, student, ben, resumed)
    own = again["snapshot"]["mediasoup"]["own"]
    assert (own["consumers"], own["dataConsumers"]) == ([], [])


async def ben_again(school: Class, who: Person, ben: Client, resumed: dict[str, Any]) -> dict[str, Any]:
    """Comes back once more, without having taken what came since the last time."""
    ben.joined["resume_token"] = resumed["resume_token"]
    return (await school.back(who, ben))[1]


async def test_who_disconnects_with_a_word_leaves_at_once(lesson: tuple[Class, Person, Person]) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    await ben.io._send_packet(packet.Packet(packet.DISCONNECT, namespace="/"))
    assert (await ada.pushes("participant-left"))["peerId"] == ben.joined["participant_id"]


async def test_who_did_not_say_that_they_come_back_leaves_with_the_connection(
    lesson: tuple[Class, Person, Person],
) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.connect(student, resume=False)
    await ben.join("algebra")
    await cut(ben)
    assert (await ada.pushes("participant-left"))["peerId"] == ben.joined["participant_id"]


async def test_who_joins_anew_leaves_no_ghost(lesson: tuple[Class, Person, Person]) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    await cut(ben)
    again = await school.join(student)
    assert (await ada.pushes("participant-left"))["peerId"] == ben.joined["participant_id"]
    assert (await again.ok("get-participants"))["count"] == 2


async def test_who_joins_anew_and_was_alone_still_hears_of_others(
    lesson: tuple[Class, Person, Person],
) -> None:
    school, teacher, student = lesson
    ben = await school.join(student)
    await cut(ben)
    again = await school.join(student)
    ada = await school.join(teacher)
    assert (await again.pushes("participant-joined"))["participant"]["peerId"] == ada.joined["participant_id"]


async def test_the_end_of_a_session_ends_a_place_without_a_connection(
    lesson: tuple[Class, Person, Person],
) -> None:
    school, teacher, student = lesson
    ada, ben = await school.join(teacher), await school.join(student)
    await cut(ben)
    answer = await school.api.call("POST", "/api/v1/auth/logout", {}, by=student)
    assert answer.status < 300
    assert (await ada.pushes("participant-left"))["peerId"] == ben.joined["participant_id"]


async def test_nothing_is_lost_doubled_or_out_of_order_while_connections_are_cut(
    lesson: tuple[Class, Person, Person],
) -> None:
    """Each client's log against the numbers that the server gave."""
    school, teacher, student = lesson
    chance = random.Random(SEED)
    ada = await school.join(teacher)
    made = await ada.ok("create-transport", {"direction": "send"})
    await ada.ok("connect-transport", {"transportId": made["id"], "dtlsParameters": DTLS})
    one = await ada.ok("produce", {"kind": "video", "rtpParameters": VIDEO})  # she presents from now on
    await ada.ok("close-producer", {"producerId": one["id"]})
    ben = await school.join(student)
    log: list[tuple[str, Any]] = []
    told: list[str] = []
    for _ in range(12):
        for _ in range(chance.randrange(4)):
            one = await ada.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
            await ada.ok("close-producer", {"producerId": one["id"]})
            told += [one["id"], one["id"]]
        if chance.random() < 0.7:
            if chance.random() < 0.5:
                await cut(ben)
            again, _ = await school.back(student, ben)
            log += ben.pushed
            ben.joined["seq"], ben = last_seq(ben), again
    last = await ada.ok("produce", {"kind": "video", "rtpParameters": VIDEO})
    while last["id"] not in [data.get("producerId") for _, data in ben.pushed]:
        ben._news.clear()
        await ben._news.wait()
    log += ben.pushed
    heard = [(data["seq"], data["producerId"]) for name, data in log if "producer" in name]
    assert heard == list(enumerate([*told, last["id"]], 1)), f"seed {SEED}"
