"""What staff see of everybody's connections over HTTP; who else may not, test_rest_rights.py tells."""

from __future__ import annotations

from tests.api.class_people import ROOM, enter, id_of, open_class, send
from tests.api.socket_clients import School
from tests.serving import Api
from vtp.http.identity import Role
from vtp.rooms.link_quality import Figures
from vtp.rooms.qualities import Qualities

PATH = f"/api/v1/rooms/{ROOM}/connections"


async def test_staff_see_who_sends_what_to_whom(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await teacher.ok("create-transport", {"direction": "send"})
    picture = await send(teacher)
    receives = await student.ok("create-transport", {"direction": "recv"})
    capabilities = student.joined["mediasoup"]["rtpCapabilities"]
    consumer = await student.ok(
        "consume",
        {"transportId": receives["id"], "producerId": picture, "rtpCapabilities": capabilities},
    )
    live = await school.api.open_room(ROOM)
    for _ in range(2):
        live.part(Qualities).take(id_of(student), Figures(is_limited=True))
    answer = await school.api.call("GET", PATH, by=await school.api.person("assistant"))
    assert answer.status == 200, answer
    first, second = answer.body["participants"]
    assert (first["participant_id"], first["quality"], first["reason"]) == (id_of(teacher), "good", None)
    [sent] = first["sends"]
    assert (sent["producer_id"], sent["source"], sent["paused"]) == (picture, "camera", False)
    assert sent["layers"][0]["active"] is False
    assert (second["participant_id"], second["quality"], second["reason"]) == (
        id_of(student),
        "fair",
        "narrow",
    )
    assert second["connected"] is False
    assert second["loss_receiving"] is second["available_bps"] is second["round_trip_ms"] is None
    [watched] = second["watches"]
    assert watched == {
        "consumer_id": consumer["id"],
        "producer_id": picture,
        "full_name": live.people.find(id_of(teacher)).full_name,
        "source": "camera",
        "state": "paused",
        "spatial_layer": None,
        "layers": 1,
        "width": None,
        "height": None,
    }
    live.router.transports[receives["id"]].consumers[consumer["id"]].resume()
    answer = await school.api.call("GET", PATH, by=await school.api.person("admin", "a@x.example"))
    assert answer.body["participants"][1]["watches"][0]["state"] == "shown"


async def test_who_helps_in_this_room_only_sees_them_here(school: School) -> None:
    await open_class(school, "teacher")
    helper = await school.api.person("student", "helper@x.example")
    client = await school.connect(helper)
    await client.join(ROOM)
    assert (await school.api.call("GET", PATH, by=helper)).status == 403
    live = await school.api.open_room(ROOM)
    live.people.set_role(live.people.find(id_of(client)), Role.ASSISTANT)
    assert (await school.api.call("GET", PATH, by=helper)).status == 200


async def test_a_room_where_nobody_is_has_no_connections(api: Api) -> None:
    teacher = await api.person("teacher")
    made = await api.call("POST", "/api/v1/signalling/room/create", {"room_name": "Empty"}, by=teacher)
    answer = await api.call("GET", f"/api/v1/rooms/{made.body['slug']}/connections", by=teacher)
    assert answer.body["participants"] == []
    assert (answer.body["room_id"], answer.body["slug"]) == (made.body["room_id"], made.body["slug"])


async def test_who_has_left_is_not_shown(school: School) -> None:
    teacher, student = await open_class(school, "teacher", "student")
    await student.ok("leave-room")
    await enter(school, "guest")
    answer = await school.api.call("GET", PATH, by=await school.api.person("admin", "a@x.example"))
    assert [one["role"] for one in answer.body["participants"]] == ["teacher", "guest"]
    assert answer.body["participants"][0]["participant_id"] == id_of(teacher)
