"""The report on connections says who had trouble in class, and why."""

from __future__ import annotations

import csv
import io
from contextlib import AsyncExitStack
from datetime import timedelta

from tests.api.socket_clients import Client
from tests.api.socket_clients import School as SocketSchool
from tests.api.test_analytics_attendance import EIGHT, School, differing, make_school
from tests.serving import Api, Person
from vtp.rooms.device_kinds import Device
from vtp.rooms.link_quality import Figures
from vtp.rooms.qualities import Qualities

GOOD = Figures(rtt_ms=20, delay_ms=20, jitter_ms=2)
UPLINK = Figures(rtt_ms=40, delay_ms=40, jitter_ms=45, loss_sending=0.2)
ON_A_PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0"
NARROW = Figures(rtt_ms=20, delay_ms=20, is_limited=True)
FAR = Figures(rtt_ms=320, delay_ms=700)


async def hold(school: School, minutes: int = 20) -> None:
    """A class in which Ada's uplink loses a lot, Ben is far away, and Cat is cut off three times."""
    live = await school.open()
    qualities = live.part(Qualities)
    people = {name: school.participant(name) for name in ("Teacher", "Ada", "Ben", "Cat", "Dan")}
    people["Ada"].device, people["Cat"].device = Device.TABLET, Device.COMPUTER
    seen = {"Ada": UPLINK, "Ben": FAR}
    live.people.hold(people["Teacher"])
    for name in ("Ada", "Ben", "Cat", "Dan"):
        live.people.hold(people[name])
    for minute in range(minutes):
        school.clock.minutes = minute
        if minute in (5, 10, 15):
            live.people.let_go(people["Cat"])
            people["Cat"] = school.participant("Cat")
            people["Cat"].device = Device.PHONE
            live.people.hold(people["Cat"])
        for name, one in people.items():
            trouble = seen.get(name, GOOD) if minute >= 10 else GOOD
            qualities.take(one.participant_id, trouble)
    school.clock.minutes = minutes
    for one in people.values():
        live.people.let_go(one)
    live.close()
    await school.presence.flush()


async def test_a_class_tells_who_had_trouble_and_why(api: Api, teacher: Person) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Cat", "Dan"])
    await hold(school)
    path = f"/api/v1/analytics/reports/network?course_id={school.course}"
    answer = await api.call("GET", path, by=teacher)
    assert answer.status == 200, answer
    [held] = answer.body["classes"]
    assert (held["people"], held["with_trouble"], held["staff_with_trouble"]) == (5, 3, 0)
    assert held["causes"] == {"uplink": 1, "queues": 1, "cut_off": 1}
    less = await api.call("GET", f"{path}&connections=false", by=teacher)
    assert less.body == {**answer.body, "connections": []} and answer.body["connections"]
    rows = {one["name"]: one for one in answer.body["connections"]}
    ada, ben, cat, dan = (rows[name] for name in ("Ada", "Ben", "Cat", "Dan"))
    assert (ada["rating"], ada["cause"]) == ("poor", "uplink") and "uplink" in ada["explanation"]
    assert (ada["loss_sending_percent"], ada["loss_sending_percent_max"]) == (10, 20)
    assert (ada["jitter_ms_max"], ada["rtt_ms_mean"]) == (45, 30)
    assert ada["poor_s"] == 9 * 60, "from the second bad reading on"
    assert (ben["cause"], ben["rtt_ms_max"]) == ("queues", 320), "a packet came back within 20 ms before"
    assert (cat["cause"], cat["reconnects"], cat["connected_s"]) == ("cut_off", 3, 1200)
    assert (dan["rating"], dan["cause"], dan["poor_s"]) == ("good", None, 0)
    assert (ada["devices"], ben["devices"], cat["devices"]) == (["tablet"], [], ["phone", "computer"])
    people = {one["name"]: one for one in answer.body["people"]}
    assert people["Cat"]["devices"] == ["phone", "computer"]
    assert await differing(school) == []
    assert (people["Ada"]["classes_with_trouble"], people["Dan"]["classes_with_trouble"]) == (1, 0)
    table = (await api.call("GET", f"{path}&format=csv", by=teacher)).body
    [first, _, third, *_] = csv.DictReader(io.StringIO(table.lstrip("\ufeff")))
    assert (first["name"], first["cause"], first["loss_sending_percent"]) == ("Ada", "uplink", "10.0")
    assert (first["devices"], third["name"], third["devices"]) == ("tablet", "Cat", "phone, computer")
    assert (await api.call("GET", path, by=school.pupils["Ada"])).status == 403


async def test_a_connection_that_stays_bad_is_told_of_while_it_is_and_after_its_server_was_killed(
    api: Api, teacher: Person
) -> None:
    school = await make_school(api, teacher, ["Ada", "Ben", "Cat"])
    api.server.services.analytics.live._clock = lambda: EIGHT + timedelta(minutes=school.clock.minutes)
    live = await school.open()
    people = {name: school.participant(name) for name in ("Teacher", "Ada", "Ben", "Cat")}
    for one in people.values():
        live.people.hold(one)
    seen = {"Ada": UPLINK, "Ben": NARROW}
    for minute in range(60):
        school.clock.minutes = minute
        for name, one in people.items():
            live.part(Qualities).take(one.participant_id, seen.get(name, GOOD))
        await school.presence.flush()
    bad_s = 58 * 60  # from the second reading to the last round
    path = f"/api/v1/analytics/reports/network?course_id={school.course}"

    async def told() -> dict[str, tuple[str, str | None, float, float]]:
        found = (await api.call("GET", path, by=teacher)).body["connections"]
        return {
            one["name"]: (one["rating"], one["cause"], one["poor_s"], one["fair_s"])
            for one in found
            if not one["is_staff"]
        }

    at_the_end = {
        "Ada": ("poor", "uplink", bad_s, 0),
        "Ben": ("fair", "narrow_downlink", 0, bad_s),
        "Cat": ("good", None, 0, 0),
    }
    await school.presence._see()
    going = (await api.call("GET", f"/api/v1/analytics/rooms/{live.id}/live", by=teacher)).body["people"]
    assert {one["name"]: (one["poor_s"], one["fair_s"]) for one in going if one["role"] == "student"} == {
        name: row[2:] for name, row in at_the_end.items()
    }
    assert await told() == at_the_end
    school.presence._open.clear()  # as a process that is gone
    live.close()
    school.clock.minutes = 63
    await school.presence.finish_left_open()
    assert await told() == at_the_end


async def test_a_browser_says_in_a_class_what_kind_of_device_it_is_on(api: Api, teacher: Person) -> None:
    async with AsyncExitStack() as stack:
        classes = SocketSchool(api, stack)
        await classes.room(teacher)
        client = Client()
        auth = {"token": teacher.access_token, "answers": "ack"}
        await client.io.connect(api.base_url, auth=auth, headers={"User-Agent": ON_A_PHONE})
        stack.push_async_callback(client.io.disconnect)
        await client.join("algebra")
        [live] = api.server.services.live_rooms.rooms
        assert [one.device for one in live.people.participants] == [Device.PHONE]
