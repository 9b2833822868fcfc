"""Staff mute, stop cameras, give roles and change what the room allows; nobody else does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.socket_clients import VIDEO, Client, School
from vtp.ids import new_id

SOUND = {
    "mid": "1",
    "codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}],
    "encodings": [{"ssrc": 2222}],
    "rtcp": {"cname": "somebody"},
}
SCREEN = {**VIDEO, "mid": "2", "encodings": [{"ssrc": 3333}]}


async def enter(school: School, role: str, room: str = "algebra") -> Client:
    """Somebody of a role in the room, with a transport to send on."""
    client = await school.connect(await school.api.person(role, f"{new_id()}@school.example"))
    await client.join(room)
    await client.ok("create-transport", {"direction": "send"})
    return client


async def send(client: Client, *, sound: bool = False, screen: bool = False) -> str:
    """Sends something; gives the producer's id."""
    parameters = SOUND if sound else SCREEN if screen else VIDEO
    wish = {"kind": "audio" if sound else "video", "rtpParameters": parameters}
    return str((await client.ok("produce", wish))["id"])


def id_of(client: Client) -> str:
    return str(client.joined["participant_id"])


async def refused(client: Client, event: str, payload: Any = None) -> str:
    answer = await client.call(event, payload)
    assert answer["ok"] is False, answer
    return str(answer["code"])


async def sources(client: Client) -> list[tuple[str, bool]]:
    """What everybody sends: source, and whether it is paused."""
    peers = (await client.ok("get-room-info"))["peers"]
    return [(one["source"], one["paused"]) for peer in peers for one in peer["producers"]]


async def test_a_microphone_is_paused_and_its_owner_may_resume_it(school: School) -> None:
    await school.room(await school.api.person("admin"))
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    sound = await send(student, sound=True)
    wish = {"participantId": id_of(student), "source": "microphone"}
    assert (await teacher.ok("mute", wish))["producerIds"] == [sound]
    told = await student.pushes("muted")
    assert (told["source"], told["producerId"], told["by"]) == ("microphone", sound, id_of(teacher))
    assert await sources(teacher) == [("microphone", True)]
    assert (await teacher.ok("mute", wish))["producerIds"] == []
    await student.ok("resume-producer", {"producerId": sound})
    assert await sources(teacher) == [("microphone", False)]


async def test_pictures_are_closed_camera_and_screen_apart(school: School) -> None:
    await school.room(await school.api.person("admin"))
    teacher, student = await enter(school, "assistant"), await enter(school, "student")
    camera, screen = await send(student), await send(student, screen=True)
    await teacher.ok("mute", {"participantId": id_of(student), "source": "camera"})
    assert (await student.pushes("muted"))["producerId"] == camera
    assert (await teacher.pushes("producer-closed"))["producerId"] == camera
    assert await sources(teacher) == [("screen", False)]
    await teacher.ok("mute", {"participantId": id_of(student), "source": "screen"})
    assert (await student.pushes("muted"))["producerId"] == screen
    assert await sources(teacher) == []


async def test_mute_all_silences_who_is_not_staff(school: School) -> None:
    await school.room(await school.api.person("admin"))
    teacher, assistant = await enter(school, "teacher"), await enter(school, "assistant")
    students = [await enter(school, "student") for _ in range(2)]
    await send(assistant, sound=True)
    muted = [await send(one, sound=True) for one in students]
    await send(students[0])
    assert (await teacher.ok("mute-all"))["producerIds"] == muted
    assert await sources(teacher) == [
        ("microphone", False),
        ("microphone", True),
        ("camera", False),
        ("microphone", True),
    ]


async def test_nobody_moderates_a_higher_role(school: School) -> None:
    await school.room(await school.api.person("admin"))
    teacher, assistant = await enter(school, "teacher"), await enter(school, "assistant")
    student = await enter(school, "student")
    await send(teacher, sound=True)
    mute_teacher = {"participantId": id_of(teacher), "source": "microphone"}
    assert await refused(assistant, "mute", mute_teacher) == "above_your_role"
    mute_assistant = {"participantId": id_of(assistant), "source": "microphone"}
    assert await refused(student, "mute", mute_assistant) == "forbidden"
    assert (
        await refused(student, "mute", {"participantId": id_of(student), "source": "camera"}) == "forbidden"
    )
    assert await refused(student, "mute-all") == "forbidden"
    appoint = {"participantId": id_of(student), "role": "assistant"}
    assert await refused(student, "set-role", appoint) == "forbidden"
    assert await refused(assistant, "set-role", appoint) == "forbidden"
    demote = {"participantId": id_of(teacher), "role": "student"}
    assert await refused(teacher, "set-role", demote) == "above_your_role"
    assert await refused(student, "change-settings", {"settings": {"chat": "staff"}}) == "forbidden"
    assert await sources(teacher) == [("microphone", False)]


async def test_a_role_given_in_class_holds_until_the_room_closes(school: School) -> None:
    await school.room(await school.api.person("admin"))
    teacher = await enter(school, "teacher")
    person = await school.api.person("student")
    student = await school.connect(person)
    await student.join("algebra")
    await teacher.ok("set-role", {"participantId": id_of(student), "role": "assistant"})
    for client in (teacher, student):
        told = await client.pushes("role-changed")
        assert (told["participantId"], told["role"]) == (id_of(student), "assistant")
    assert (await student.pushes("settings-changed"))["may"]["moderate"] is True
    await student.ok("mute-all")
    again = await school.connect(person)
    assert (await again.join("algebra"))["may"]["moderate"] is True
    await teacher.ok("set-role", {"participantId": id_of(student), "role": "student"})
    assert await refused(student, "mute-all") == "forbidden"
    assert await refused(again, "mute-all") == "forbidden", "the other device of the account too"


async def test_settings_change_while_the_class_runs(school: School) -> None:
    await school.room(await school.api.person("admin"))
    teacher, student = await enter(school, "teacher"), await enter(school, "student")
    sound, picture = await send(student, sound=True), await send(student)
    kept = await send(teacher, sound=True)
    reply = await teacher.ok("change-settings", {"settings": {"speak": "staff", "record": "teachers"}})
    assert (reply["settings"]["speak"], reply["settings"]["camera"]) == ("staff", "everyone")
    for client, may_speak in ((teacher, True), (student, False)):
        told = await client.pushes("settings-changed")
        assert told["settings"] == reply["settings"]
        assert told["may"]["speak"] is may_speak
        closed = await client.pushes("producer-closed")
        assert (closed["producerId"], closed["reason"]) == (sound, "not_allowed")
    assert await refused(student, "produce", {"kind": "audio", "rtpParameters": SOUND}) == "forbidden"
    left = (await teacher.ok("get-room-info"))["peers"]
    assert {one["producerId"] for peer in left for one in peer["producers"]} == {kept, picture}
    await teacher.ok("change-settings", {"settings": {"speak": "everyone"}})
    await send(student, sound=True)
    assert (await enter(school, "student")).joined["settings"]["record"] == "teachers"


async def test_only_teachers_say_who_records(school: School) -> None:
    await school.room(await school.api.person("admin"), record="teachers")
    assistant = await enter(school, "assistant")
    assert assistant.joined["may"]["record"] is False
    assert await refused(assistant, "change-settings", {"settings": {"record": "staff"}}) == "forbidden"
    await assistant.ok("change-settings", {"settings": {"lobby": True}})


async def test_screens_and_second_pictures_are_sharing(school: School) -> None:
    await school.room(await school.api.person("admin"), share="staff")
    student = await enter(school, "student")
    await send(student)
    assert await refused(student, "produce", {"kind": "video", "rtpParameters": SCREEN}) == "forbidden"
    named = {"kind": "audio", "rtpParameters": SOUND, "appData": {"source": "screen"}}
    assert await refused(student, "produce", named) == "forbidden"
    second = {"kind": "video", "rtpParameters": SCREEN, "appData": {"source": "camera"}}
    await student.ok("produce", second)


@pytest.mark.drawn(2)
@pytest.mark.sqlite_alone
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("mute", {}),
        ("mute", {"participantId": "nobody", "source": "microphone"}),
        ("mute", {"participantId": 7, "source": "microphone"}),
        ("mute", {"participantId": "nobody", "source": "everything"}),
        ("set-role", {"participantId": "nobody", "role": "assistant"}),
        ("set-role", {"participantId": "nobody", "role": "admin"}),
        ("change-settings", {}),
        ("change-settings", {"settings": {"speak": "nobody"}}),
        ("change-settings", {"settings": {"lobby": "yes"}}),
        ("change-settings", {"settings": {"unheard_of": True}}),
        ("change-settings", {"settings": []}),
    ],
)
async def test_malformed_calls_change_nothing(school: School, event: str, payload: Any) -> None:
    await school.room(await school.api.person("admin"))
    teacher = await enter(school, "teacher")
    before = await teacher.ok("get-room-info")
    assert await refused(teacher, event, payload) in ("invalid", "no_such_participant")
    assert await teacher.ok("get-room-info") == before
    assert (await teacher.join("algebra"))["settings"] == teacher.joined["settings"]
