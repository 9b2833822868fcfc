"""Breakout rooms over Socket.IO: groups hear and see only themselves, and all are back afterwards."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.api.breakout_class import Class, Pupil, divided_class, groups
from tests.api.socket_clients import VIDEO, School
from tests.api.test_server_peer import WATCH
from tests.api.test_signalling_resume import cut
from vtp.http.identity import Role
from vtp.rooms.participants import join as participant

SEED = 20261127
SOUND = {
    "mid": "1",
    "codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}],
    "encodings": [{"ssrc": 2222}],
    "rtcp": {"cname": "somebody"},
}


@pytest.fixture
async def lesson(school: School) -> Class:
    return await divided_class(school)


async def test_groups_are_apart_and_those_who_go_together_stay_together(lesson: Class) -> None:
    teacher, ada, ben, cem = [await lesson.enter(one) for one in ("teacher", "student", "student", "student")]
    for one in (teacher, ada, ben):
        await one.send()
    kept = await ada.watch(ben)
    lost = {await ada.watch(teacher), await teacher.watch(ada), await cem.watch(ada)}
    for one in (teacher, ada, ben, cem):
        await one.forget()

    opened = await teacher.client.ok("open-breakouts", {**groups([ada, ben], [cem]), "durationS": 600})
    first, second = opened["groups"]
    assert (first["name"], first["participantIds"]) == ("Group 1", [ada.id, ben.id])
    assert (second["name"], second["participantIds"]) == ("Group 2", [cem.id])
    for one in (teacher, ada, ben, cem):
        assert (await one.names())[0] == "breakouts-opened", "before what comes of it"
        told = await one.told("breakouts-opened")
        assert {key: told[key] for key in ("groups", "endsAt", "choose")} == {
            key: opened[key] for key in ("groups", "endsAt", "choose")
        }
    closed = [await one.told("consumer-closed") for one in (ada, teacher, cem)]
    assert {one["consumerId"] for one in closed} == lost
    assert {one["reason"] for one in closed} == {"moved"}
    await ada.client.ok("resume-consumer", {"consumerId": kept})
    assert lesson.across() == []
    assert [await one.names() for one in (teacher, ada, ben, cem)] == [[], [], [], []]
    assert await ada.seen() == await ben.seen() == {ada.camera, ben.camera}
    assert await cem.seen() == set() and await teacher.seen() == {teacher.camera}
    assert await cem.refused("consume", cem.wish(ada.camera)) == "no_such_producer"
    assert await teacher.refused("consume", teacher.wish(ben.camera)) == "no_such_producer"


async def test_what_is_sent_and_closed_in_a_group_is_told_there_alone(lesson: Class) -> None:
    teacher, ada, ben = [await lesson.enter(one) for one in ("teacher", "student", "student")]
    await teacher.client.ok("open-breakouts", groups([ada, ben]))
    for one in (teacher, ada, ben):
        await one.told("breakouts-opened")
        await one.forget()
    await ada.send()
    assert (await ben.told("new-producer"))["producerId"] == ada.camera
    await ada.client.ok("close-producer", {"producerId": ada.camera})
    assert (await ben.told("producer-closed"))["producerId"] == ada.camera
    data = (await ada.client.ok("produce-data", {"sctpStreamParameters": {"streamId": 1}}))["id"]
    assert (await ben.told("new-data-producer"))["dataProducerId"] == data
    assert await teacher.refused("consume-data", {"dataProducerId": data}) == "no_such_data_producer"
    await ada.client.ok("close-data-producer", {"dataProducerId": data})
    await ben.told("data-producer-closed")
    await ada.send()
    await ben.told("new-producer")
    await ada.client.ok("leave-room")
    assert (await ben.told("producer-closed"))["producerId"] == ada.camera
    assert await teacher.names() == ["participant-left"]


async def test_who_moves_gets_what_is_there_and_loses_what_is_not(lesson: Class) -> None:
    teacher, ada, ben = [await lesson.enter(one) for one in ("teacher", "student", "student")]
    for one in (teacher, ada, ben):
        await one.send()
    channels = {
        one.id: (await one.client.ok("produce-data", {"sctpStreamParameters": {"streamId": 1}}))["id"]
        for one in (ada, ben)
    }
    opened = await teacher.client.ok("open-breakouts", groups([ada], [ben]))
    _, second = (one["groupId"] for one in opened["groups"])
    for one in (teacher, ada, ben):
        await one.told("breakouts-opened")
        await one.forget()

    move = {"participantId": ada.id, "groupId": second}
    answer = await teacher.client.ok("assign-breakout", move)
    assert {key: answer[key] for key in move} == move
    for one in (teacher, ada, ben):
        told = await one.told("breakout-moved")
        assert {key: told[key] for key in move} == move
    assert (await ada.told("new-producer"))["producerId"] == ben.camera
    assert (await ben.told("new-producer"))["producerId"] == ada.camera
    assert (await ada.told("new-data-producer"))["dataProducerId"] == channels[ben.id]
    assert (await ben.told("new-data-producer"))["dataProducerId"] == channels[ada.id]
    assert await teacher.names() == []
    both = [await ada.watch(ben), await ben.watch(ada)]
    data = await ada.client.ok("consume-data", {"dataProducerId": channels[ben.id]})

    await teacher.client.ok("join-breakout", {"groupId": second})
    assert await ada.names() == ["breakout-moved", "new-producer"], "nothing of theirs ended"
    await ada.forget()
    cem = await lesson.enter()
    await cem.send()
    await ada.forget()
    await teacher.client.ok("assign-breakout", {"participantId": ada.id, "groupId": None})
    order = ["breakout-moved", "consumer-closed", "data-consumer-closed", "new-producer"]
    assert await ada.names() == order, "what was ends before what is begins"
    assert (await ada.told("breakout-moved"))["groupId"] is None
    closed = [await ada.told("consumer-closed"), await ben.told("consumer-closed")]
    assert [one["consumerId"] for one in closed] == both
    gone = await ada.told("data-consumer-closed")
    assert (gone["dataConsumerId"], gone["reason"]) == (data["id"], "moved")
    assert await ada.refused("resume-consumer", {"consumerId": both[0]}) == "no_such_consumer"
    assert (
        await ada.refused("resume-data-consumer", {"dataConsumerId": data["id"]}) == "no_such_data_consumer"
    )
    assert lesson.across() == []


async def test_all_are_back_with_their_connections(lesson: Class) -> None:
    teacher, ada, ben, cem = [await lesson.enter(one) for one in ("teacher", "student", "student", "student")]
    for one in (ada, ben, cem):
        await one.send()
    transports = set(lesson.live.router.transports)
    await teacher.client.ok("open-breakouts", groups([ada, ben], [cem]))
    kept = await ada.watch(ben)
    for one in (teacher, ada, ben, cem):
        await one.told("breakouts-opened")
        await one.forget()
    assert (await teacher.client.ok("close-breakouts"))["endsAt"] is None
    for one, others in ((teacher, {ada, ben, cem}), (ada, {cem}), (ben, {cem}), (cem, {ada, ben})):
        assert (await one.names())[0] == "breakouts-closed"
        await one.told("breakouts-closed")
        announced = {(await one.told("new-producer"))["producerId"] for _ in others}
        assert announced == {other.camera for other in others}
        assert await one.names() == []
        assert await one.seen() == {ada.camera, ben.camera, cem.camera}
    await ada.client.ok("resume-consumer", {"consumerId": kept})
    assert set(lesson.live.router.transports) == transports
    assert await teacher.refused("close-breakouts") == "no_breakouts"


async def test_the_time_ends_by_itself(lesson: Class) -> None:
    teacher, ada = await lesson.enter("assistant"), await lesson.enter()
    opened = await teacher.client.ok("open-breakouts", groups([ada]))
    assert opened["endsAt"] is None
    ending = await teacher.client.ok("close-breakouts", {"inS": 1})
    told = await ada.told("breakouts-ending")
    assert told["endsAt"] == ending["endsAt"] is not None
    assert (await lesson.enter()).client.joined["state"]["breakouts"]["endsAt"] == ending["endsAt"]
    assert not lesson.live.groups.is_in_main(ada.id)
    await ada.told("breakouts-closed")
    assert lesson.live.groups.is_in_main(ada.id)
    assert "breakouts" not in (await lesson.enter()).client.joined["state"]


async def test_who_comes_later_sees_the_groups_as_they_are(lesson: Class) -> None:
    teacher, ada, ben = [await lesson.enter(one) for one in ("teacher", "student", "student")]
    await ada.send()
    wish = {**groups([ada], [ben]), "choose": True}
    opened = await teacher.client.ok("open-breakouts", wish)
    late = await lesson.enter()
    assert late.client.joined["state"]["breakouts"] == {
        key: opened[key] for key in ("groups", "endsAt", "choose")
    }
    (sent,) = [one for one in late.client.joined["mediasoup"]["peers"] if one["peerId"] == ada.id]
    assert (sent["producers"], sent["producerCount"]) == ([], 0), "nothing that could be consumed"
    await late.forget()
    await late.client.ok("join-breakout", {"groupId": opened["groups"][0]["groupId"]})
    assert (await late.told("new-producer"))["producerId"] == ada.camera
    assert await late.seen() == {ada.camera}
    assert await late.refused("join-breakout", {"groupId": "no group"}) == "no_such_breakout"
    await late.client.ok("join-breakout")
    assert lesson.live.groups.is_in_main(late.id)


async def test_who_comes_again_is_back_in_their_group(lesson: Class) -> None:
    teacher = await lesson.enter("teacher")
    person = await lesson.school.api.person("student")
    ada, ben, zoe = await lesson.enter(who=person), await lesson.enter(), await lesson.guest("Zoe")
    await ben.send()
    opened = await teacher.client.ok("open-breakouts", groups([ada, ben, zoe]))
    (group,) = opened["groups"]
    await ada.client.ok("leave-room")
    await teacher.forget()
    again = await lesson.enter(who=person)
    peers = again.client.joined["mediasoup"]["peers"]
    assert [made["producerId"] for one in peers for made in one["producers"]] == [ben.camera]
    (now,) = again.client.joined["state"]["breakouts"]["groups"]
    assert now["participantIds"] == [ben.id, zoe.id, again.id]
    assert (await teacher.names())[:2] == ["participant-joined", "breakout-moved"]
    told = await teacher.told("breakout-moved")
    assert (told["participantId"], told["groupId"]) == (again.id, group["groupId"])
    assert again.client.pushed == []
    await again.watch(ben)


async def test_staff_who_left_find_the_groups_as_they_were(lesson: Class) -> None:
    person = await lesson.school.api.person("teacher")
    teacher, ada = await lesson.enter(who=person), await lesson.enter()
    await teacher.client.ok("open-breakouts", {**groups([ada]), "durationS": 600})
    await teacher.client.ok("leave-room")
    assert not lesson.live.groups.is_in_main(ada.id), "a class goes on without its teacher"
    again = await lesson.enter(who=person)
    (group,) = again.client.joined["state"]["breakouts"]["groups"]
    assert group["participantIds"] == [ada.id]
    await again.client.ok("close-breakouts")
    await ada.told("breakouts-closed")


async def test_a_lost_connection_comes_back_into_the_same_group(lesson: Class) -> None:
    teacher, ben = await lesson.enter("teacher"), await lesson.enter()
    person = await lesson.school.api.person("student")
    ada = await lesson.enter(who=person, resume=True)
    await ben.send()
    opened = await teacher.client.ok("open-breakouts", groups([ada], [ben]))
    await ada.forget()
    seq = ada.client.seq
    await cut(ada.client)
    group = opened["groups"][1]["groupId"]
    await teacher.client.ok("assign-breakout", {"participantId": ada.id, "groupId": group})
    token = ada.client.joined["resume_token"]
    again = await lesson.school.connect(person, resume=True, resume_token=token, seq=seq)
    await again.pushes("resumed")
    again.joined = ada.client.joined
    back = Pupil(again)
    assert (await back.told("breakout-moved"))["groupId"] == group
    assert (await back.told("new-producer"))["producerId"] == ben.camera
    assert lesson.live.groups.are_together(ada.id, ben.id)
    await back.watch(ben)


async def test_a_notice_reaches_every_group_and_the_main_room(lesson: Class) -> None:
    teacher, ada, ben, cem = [await lesson.enter(one) for one in ("teacher", "student", "student", "student")]
    assert await teacher.refused("broadcast-breakouts", {"text": "Too early"}) == "no_breakouts"
    await teacher.client.ok("open-breakouts", groups([ada], [ben]))
    await teacher.client.ok("broadcast-breakouts", {"text": "  Five minutes\nleft.  "})
    for one in (teacher, ada, ben, cem):
        told = await one.told("breakout-broadcast")
        assert told["text"] == "Five minutes\nleft."
        assert (told["from"]["participantId"], told["from"]["role"]) == (teacher.id, "teacher")
        assert told["sentAt"]


async def test_the_rooms_settings_hold_in_groups(lesson: Class) -> None:
    teacher, ada, ben = [await lesson.enter(one) for one in ("teacher", "student", "student")]
    await teacher.client.ok("open-breakouts", groups([ada, ben]))
    await ada.send()
    await ben.told("new-producer")
    await teacher.forget()
    await teacher.client.ok("change-settings", {"settings": {"camera": "staff"}})
    for one in (ada, ben):
        told = await one.told("producer-closed")
        assert (told["producerId"], told["reason"]) == (ada.camera, "not_allowed")
    assert await teacher.names() == ["settings-changed"]
    assert await ada.refused("produce", {"kind": "video", "rtpParameters": VIDEO}) == "forbidden"
    await ada.client.ok("produce", {"kind": "audio", "rtpParameters": SOUND})


async def test_a_presenter_in_a_group_is_not_the_program_meanwhile(lesson: Class) -> None:
    teacher, ada = await lesson.enter("teacher"), await lesson.enter()
    await teacher.send()
    assert lesson.live.program.is_live
    opened = await teacher.client.ok("open-breakouts", groups([ada]))
    await teacher.client.ok("join-breakout", {"groupId": opened["groups"][0]["groupId"]})
    assert not lesson.live.program.is_live
    assert (await ada.told("new-producer"))["producerId"] == teacher.camera
    await teacher.client.ok("join-breakout", {"groupId": None})
    assert lesson.live.program.producers["video"].id == teacher.camera


async def test_what_is_published_by_whip_stays_in_the_main_room(lesson: Class) -> None:
    teacher, ada = await lesson.enter("teacher"), await lesson.enter()
    camera = participant(teacher_of(lesson), is_producer=True, in_main_only=True)
    lesson.live.people.hold(camera)
    wish = {"groups": [{"name": "Group", "participantIds": [ada.id, camera.participant_id]}]}
    assert await teacher.refused("open-breakouts", wish) == "stays_in_main"
    opened = await teacher.client.ok("open-breakouts", groups([ada]))
    move = {"participantId": camera.participant_id, "groupId": opened["groups"][0]["groupId"]}
    assert await teacher.refused("assign-breakout", move) == "stays_in_main"
    lesson.live.people.let_go(camera)


def teacher_of(lesson: Class) -> Any:
    return next(one.principal for one in lesson.live.people.participants if one.role is Role.TEACHER)


# Everything at once


async def test_no_consumer_is_across_a_border_however_people_move_and_watch(lesson: Class) -> None:
    dice = random.Random(SEED)
    teacher, *pupils = [await lesson.enter(one) for one in ("teacher", *["student"] * 5)]
    for one in pupils:
        await one.send()
    opened = await teacher.client.ok("open-breakouts", {**groups([], [], []), "choose": True})
    places = [*(one["groupId"] for one in opened["groups"]), None]
    watched: dict[str, set[str]] = {one.id: set() for one in pupils}

    async def live(one: Pupil) -> None:
        for _ in range(25):
            if dice.random() < 0.4:
                await one.client.ok("join-breakout", {"groupId": dice.choice(places)})
            other = dice.choice([pupil for pupil in pupils if pupil is not one])
            answer = await one.client.call("consume", one.wish(other.camera))
            if answer["ok"]:
                watched[one.id].add(answer["id"])
            else:
                assert answer["code"] == "no_such_producer", answer
            assert lesson.across() == []

    async def rearrange() -> None:
        for _ in range(25):
            wish = {"participantId": dice.choice(pupils).id, "groupId": dice.choice(places)}
            await teacher.client.ok("assign-breakout", wish)
            assert lesson.across() == []

    await asyncio.gather(rearrange(), *(live(one) for one in pupils))
    left = set(lesson.live.router.consumers)
    assert left < set().union(*watched.values()), f"some have ended; seed {SEED}"
    for one in pupils:
        ended = watched[one.id] - left
        closed = [await one.told("consumer-closed") for _ in ended]
        assert {data["consumerId"] for data in closed} == ended
        assert all(data["reason"] == "moved" for data in closed)
        assert "consumer-closed" not in await one.names()
    await teacher.client.ok("close-breakouts")
    for one in pupils:
        assert await one.seen() == {pupil.camera for pupil in pupils}


async def test_who_follows_the_program_goes_on_in_a_group(lesson: Class) -> None:
    teacher, ada = await lesson.enter("teacher"), await lesson.enter()
    await teacher.send()
    made = (await ada.client.ok("webrtc-offer", {"sdp": WATCH}))["transportId"]
    await teacher.client.ok("open-breakouts", groups([ada]))
    shown = lesson.live.router.transports[made].consumers.values()
    assert teacher.camera in {one.producer.id for one in shown if one.producer is not None}
