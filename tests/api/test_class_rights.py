"""Every event of Socket.IO by every role and a guest: who may, and that who may not changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scripts.protocol_types import read_protocol
from tests.api import classroom as c
from tests.api.classroom import ROLES, ROOM, Builder, Classroom, fixed, joined_with
from tests.api.socket_clients import Client, School

ALL, STAFF, TEACHERS, NOBODY = "yyyyy", "yyynn", "yynnn", "nnnnn"
REFUSALS = {"forbidden", "not_yours"}


@dataclass(frozen=True)
class Row:
    """One call: who of ROLES may make it with this payload."""

    event: str
    who: str
    build: Builder
    allowed_codes: frozenset[str]
    """Failures that have nothing to do with rights."""


NOTHING = fixed({})


def row(event: str, who: str, build: Builder = NOTHING, *codes: str) -> Row:
    return Row(event, who, build, frozenset(codes))


def of(method: Callable[..., Awaitable[c.Payload]], **options: bool) -> Builder:
    """A method of the classroom as a builder."""

    async def build(room: Classroom, by: Client) -> c.Payload:
        return await method(room, by, **options)

    return build


ROWS = [
    row("join-room", ALL, fixed({"room_id": ROOM})),
    row("leave-room", ALL),
    row("get-participants", ALL),
    row("get-room-info", ALL),
    row("get-stream-offer", ALL),
    row("create-transport", ALL, fixed({"direction": "recv"})),
    row("create-transport", ALL, fixed({"direction": "send"})),
    row("connect-transport", ALL, c.connect_transport),
    row("restart-ice", ALL, c.names_transport),
    row("close-transport", ALL, c.names_transport),
    row("produce", ALL, of(Classroom.produce)),
    row("consume", ALL, of(Classroom.consume)),
    row("pause-producer", ALL, of(Classroom.producer)),
    row("resume-producer", ALL, of(Classroom.producer)),
    row("close-producer", ALL, of(Classroom.producer)),
    row("pause-consumer", ALL, of(Classroom.consumer)),
    row("resume-consumer", ALL, of(Classroom.consumer)),
    row("close-consumer", ALL, of(Classroom.consumer)),
    row("produce-data", ALL, of(Classroom.produce_data)),
    row("consume-data", ALL, of(Classroom.consume_data)),
    row("close-data-producer", ALL, of(Classroom.data_producer)),
    row("resume-data-consumer", ALL, of(Classroom.data_consumer)),
    row("close-data-consumer", ALL, of(Classroom.data_consumer)),
    row("set-preferred-layers", ALL, c.video_consumer),
    row("request-keyframe", ALL, of(Classroom.consumer, sound=False)),
    row("change-settings", STAFF, fixed({"settings": {"share": "everyone"}})),
    row("change-settings", TEACHERS, fixed({"settings": {"record": "staff"}})),
    row("mute", STAFF, joined_with(of(Classroom.somebody), {"source": "microphone"})),
    row("mute-all", STAFF),
    row("set-role", TEACHERS, joined_with(of(Classroom.somebody), {"role": "assistant"})),
    row("admit", STAFF, of(Classroom.waiting)),
    row("deny", STAFF, of(Classroom.waiting)),
    row("remove", STAFF, of(Classroom.somebody)),
    row("get-bans", STAFF),
    row("unban", STAFF, of(Classroom.banned)),
    row("end-room", STAFF),
    row("raise-hand", ALL),
    row("lower-hand", ALL),
    row("lower-hand", STAFF, of(Classroom.raised)),
    row("lower-all-hands", STAFF),
    row("react", ALL, fixed({"reaction": "👍"})),
    row("set-presenter", STAFF, of(Classroom.somebody)),
    row("pin", STAFF, c.pin),
    row("create-poll", STAFF, of(Classroom.new_poll)),
    row("vote", ALL, c.vote),
    row("close-poll", STAFF, of(Classroom.poll)),
    row("share-poll", STAFF, of(Classroom.closed_poll)),
    row("get-polls", STAFF),
    row("send-chat", ALL, fixed({"text": "Hello"})),
    row("edit-chat", ALL, joined_with(of(Classroom.message), {"text": "Hello there"})),
    row("edit-chat", NOBODY, joined_with(of(Classroom.message_of_another), {"text": "Not mine"})),
    row("delete-chat", ALL, of(Classroom.message)),
    row("delete-chat", STAFF, of(Classroom.message_of_another)),
    row("clear-chat", STAFF),
    row("get-chat", ALL),
    row("open-breakouts", STAFF, c.open_breakouts),
    row("join-breakout", ALL, c.join_breakout),
    row("assign-breakout", STAFF, c.assign_breakout),
    row("broadcast-breakouts", STAFF, c.broadcast),
    row("close-breakouts", STAFF, c.close_breakouts),
    row("ready-for-p2p", ALL, fixed({"ready": False})),
    row("webrtc-offer", ALL, joined_with(c.to_somebody, {"sdp": "v=0"}), "not_in_p2p"),
    row("webrtc-answer", ALL, joined_with(c.to_somebody, {"sdp": "v=0"}), "not_in_p2p"),
    row("ice-candidate", ALL, joined_with(c.to_somebody, {"candidate": None}), "not_in_p2p"),
]


async def test_the_table_knows_every_event() -> None:
    assert {one.event for one in ROWS} == set((await read_protocol()).calls)


async def test_every_role_may_what_the_table_says(school: School) -> None:
    room = await Classroom.open(school)
    got: dict[str, str] = {}
    for number, one in enumerate(ROWS):
        name = f"{number} {one.event}"
        got[name] = ""
        for role in ROLES:
            got[name] += await _try(room, one, role)
    assert got == {f"{number} {one.event}": one.who for number, one in enumerate(ROWS)}


async def _try(room: Classroom, one: Row, role: str) -> str:
    """y or n; another failure than one of rights as its word."""
    by = room.people[role]
    for client in (by, room.teacher):
        await client.join(ROOM)
    payload = await one.build(room, by)
    answer = await by.call(one.event, payload)
    await room.close_lobby()
    await room.no_breakouts()
    await room.see_off()
    if answer["ok"] or answer["code"] in one.allowed_codes:
        return "y"
    return "n" if answer["code"] in REFUSALS else f"({role}: {answer['code']})"


async def test_nothing_can_be_called_before_joining_or_after_leaving(school: School) -> None:
    room = await Classroom.open(school)
    payloads = {one.event: await one.build(room, room.teacher) for one in ROWS if one.event != "join-room"}
    await room.no_breakouts()
    await room.close_lobby()
    stranger = await room.newcomer("teacher")
    leaver = await room.newcomer("teacher")
    await leaver.join(ROOM)
    await leaver.ok("leave-room")
    for event, payload in payloads.items():
        for client in (stranger, leaver):
            answer = await client.call(event, payload)
            assert (answer["ok"], answer.get("code")) == (False, "not_in_a_room"), (event, answer)
