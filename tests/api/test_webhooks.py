"""Webhooks over a real receiver: what is sent and how it is signed, what is tried again, where none go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select, update
from standardwebhooks.webhooks import WebhookVerificationError

from tests.loop_watch import unblocked_loop
from tests.receiver import Received, Receiver, receiving
from tests.serving import Api, Person, principal_of, serving
from vtp.accounts.tables import audit_log
from vtp.http.identity import Role
from vtp.ids import new_id
from vtp.rooms.participants import APP_DATA_KEY, Participant, join
from vtp.settings import WebhookSettings
from vtp.webhooks.deliveries import Lane
from vtp.webhooks.tables import webhook_deliveries, webhooks

HOOKS = "/api/v1/webhooks"
ROOM = "/api/v1/signalling/room/create"
QUICK = WebhookSettings(allow_private_addresses=True, retry_delays_s=[0.05, 0.05, 0.05], timeout_s=1)


@pytest.fixture
async def api(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", database_url, webhooks=QUICK) as running:
        with unblocked_loop():
            yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


async def add_hook(api: Api, by: Person, url: str, **more: Any) -> dict[str, Any]:
    answer = await api.call("POST", HOOKS, {"url": url, **more}, by=by)
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.body
    return body


async def make_room(api: Api, by: Person, slug: str = "physics") -> str:
    answer = await api.call("POST", ROOM, {"room_id": slug, "room_name": slug.title()}, by=by)
    assert answer.status == 201, answer
    return str(answer.body["room_id"])


async def deliveries(api: Api, by: Person, hook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    answer = await api.call("GET", f"{HOOKS}/{hook['id']}/deliveries{query}", by=by)
    assert answer.status == 200, answer
    items: list[dict[str, Any]] = answer.body["items"]
    return items


async def until_ended(api: Api, by: Person, hook: dict[str, Any], status: str, count: int = 1) -> list[Any]:
    """Deliveries of a status, once there are so many: the row is written after the receiver has answered."""
    async with asyncio.timeout(40):
        while len(found := await deliveries(api, by, hook, f"?status={status}")) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


def person_named(name: str) -> Participant:
    return join(principal_of(Role.STUDENT, name), is_producer=False)


async def test_a_class_is_told_from_its_room_to_its_end(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url())
    room_id = await make_room(api, admin)
    live = await api.open_room(room_id)
    ada, bob = person_named("Ada"), person_named("Bob")
    first = live.router.create_transport({APP_DATA_KEY: ada})
    live.people.hold(bob)
    first.close("She left.")
    await api.call("DELETE", "/api/v1/signalling/room/delete?room_id=physics", by=admin)
    got = await receiver.wait(8)
    assert [one.type for one in got] == [
        "room.created",
        "room.opened",
        "participant.joined",
        "participant.joined",
        "participant.left",
        "participant.left",
        "room.closed",
        "room.deleted",
    ]
    assert [one.message["data"]["participant"]["full_name"] for one in got[2:6]] == [
        "Ada",
        "Bob",
        "Ada",
        "Bob",
    ]
    assert got[2].message["data"]["participant"]["participant_id"] == ada.participant_id
    assert {one.message["data"]["room"]["room_id"] for one in got} == {room_id}
    assert {one.message["data"]["room"]["name"] for one in got} == {"Physics"}
    assert got[7].message["data"]["room"]["slug"] == "physics"
    for one in got:
        one.verify(hook["secret"])
        assert one.headers["content-type"] == "application/json"
        assert one.message["id"] == one.id
        assert abs(datetime.fromisoformat(one.message["timestamp"]) - datetime.now(UTC)) < timedelta(
            minutes=1
        )
    assert len({one.id for one in got}) == 8
    listed = await until_ended(api, admin, hook, "delivered", 8)
    assert [one["type"] for one in reversed(listed)] == [one.type for one in got]
    assert {(one["tries"], one["answer_status"], one["next_try_at"]) for one in listed} == {(1, 204, None)}


async def test_a_recording_is_told_from_start_to_what_became_of_it(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    await add_hook(
        api, admin, receiver.url(), events=["recording.started", "recording.stopped", "recording.failed"]
    )
    room_id = await make_room(api, admin)
    started = await api.call("POST", "/api/v1/recordings/start", {"room_id": room_id}, by=admin)
    assert started.status == 201, started
    recording_id = started.body["recording_id"]
    stopped = await api.call("POST", f"/api/v1/recordings/{recording_id}/stop", by=admin)
    assert stopped.status == 200, stopped
    got = await receiver.wait(3)
    assert [one.type for one in got] == ["recording.started", "recording.stopped", "recording.failed"]
    assert [one.message["data"]["recording"]["status"] for one in got] == [
        "recording",
        "finalizing",
        "failed",
    ]
    for one in got:
        assert one.message["data"]["recording"]["recording_id"] == recording_id
        assert one.message["data"]["room"] == {"room_id": room_id, "slug": "physics", "name": "Physics"}


async def test_only_what_was_asked_for_and_of_that_room_is_sent(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    first = await make_room(api, admin, "first")
    await add_hook(api, admin, receiver.url("/one"), events=["room.deleted", "room.opened"], room_id="first")
    await add_hook(api, admin, receiver.url("/idle"), active=False)
    await add_hook(api, admin, receiver.url("/all"), events=["room.deleted"])
    await make_room(api, admin, "second")
    for name in ("second", "first"):
        await api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={name}", by=admin)
    await receiver.wait(2, "/all")
    (only,) = await receiver.wait(1, "/one")
    assert only.message["data"]["room"]["room_id"] == first
    assert {one.path for one in receiver.received} == {"/one", "/all"}


async def test_a_message_is_tried_again_with_the_same_id_until_it_is_taken(
    api: Api, receiver: Receiver
) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url())
    answers = iter([500, 302, 204])
    receiver.answer = lambda request: web.Response(
        status=next(answers), headers={"Location": receiver.url("/elsewhere")}
    )
    await make_room(api, admin)
    got = await receiver.wait(3)
    assert len({one.id for one in got}) == 1
    assert len({one.body for one in got}) == 1
    for one in got:
        one.verify(hook["secret"])
    (row,) = await until_ended(api, admin, hook, "delivered")
    assert (row["tries"], row["answer_status"]) == (3, 204)
    assert not [one for one in receiver.received if one.path != "/hook"]  # the redirect was not followed


async def test_a_message_that_nobody_takes_is_given_up_and_can_be_sent_again(
    api: Api, receiver: Receiver
) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url())
    receiver.answer = lambda request: web.Response(status=503, text="x" * 5000)
    await make_room(api, admin)
    (row,) = await until_ended(api, admin, hook, "failed")
    assert (row["tries"], row["answer_status"], row["answer"]) == (4, 503, "x" * 1024)
    assert len(receiver.received) == 4
    receiver.answer = lambda request: 200
    again = await api.call("POST", f"{HOOKS}/{hook['id']}/deliveries/{row['id']}/retry", by=admin)
    assert (again.status, again.body["status"]) == (202, "pending")
    await until_ended(api, admin, hook, "delivered")
    assert len({one.id for one in receiver.received}) == 1
    absent = await api.call("POST", f"{HOOKS}/{hook['id']}/deliveries/{new_id()}/retry", by=admin)
    assert (absent.status, absent.body["code"]) == (404, "no_such_delivery")


async def test_410_stops_a_webhook_until_somebody_starts_it(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url())
    receiver.answer = lambda request: 410
    await make_room(api, admin)
    await until_ended(api, admin, hook, "failed")
    stopped = (await api.call("GET", f"{HOOKS}/{hook['id']}", by=admin)).body
    assert stopped["active"] is False and "410" in stopped["disabled_reason"]
    refused = await api.call("POST", f"{HOOKS}/{hook['id']}/test", by=admin)
    assert (refused.status, refused.body["code"]) == (409, "webhook_inactive")
    receiver.answer = lambda request: 204
    await make_room(api, admin, "unheard")
    started = await api.call("PATCH", f"{HOOKS}/{hook['id']}", {"active": True}, by=admin)
    assert (started.body["active"], started.body["disabled_reason"]) == (True, None)
    await api.call("POST", f"{HOOKS}/{hook['id']}/test", by=admin)
    got = await receiver.wait(2)
    assert [one.type for one in got] == ["room.created", "webhook.test"]
    got[1].verify(hook["secret"])


async def test_both_secrets_sign_for_a_day_after_a_change(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url())
    changed = await api.call("POST", f"{HOOKS}/{hook['id']}/rotate-secret", by=admin)
    assert changed.status == 200 and changed.body["secret"] != hook["secret"]
    await api.call("POST", f"{HOOKS}/{hook['id']}/test", by=admin)
    (both,) = await receiver.wait(1)
    both.verify(hook["secret"])
    both.verify(changed.body["secret"])
    services = api.server.services
    async with services.database.transaction() as tx:
        await tx.execute(update(webhooks).values(old_secret_until=datetime.now(UTC)))
    await services.deliveries.reload()
    await api.call("POST", f"{HOOKS}/{hook['id']}/test", by=admin)
    one = next(got for got in await receiver.wait(2) if got.id != both.id)
    one.verify(changed.body["secret"])
    with pytest.raises(WebhookVerificationError):
        one.verify(hook["secret"])
    read = await api.call("GET", f"{HOOKS}/{hook['id']}", by=admin)
    assert "secret" not in read.body
    async with services.database.read() as tx:
        noted = (await tx.execute(select(audit_log.c.details))).scalars().all()
    assert hook["secret"] not in str(noted) and changed.body["secret"] not in str(noted)


@pytest.mark.parametrize("turns", range(4))
async def test_a_lane_ends_when_its_cancel_comes_together_with_news(turns: int) -> None:
    lane = Lane("hook")
    resting = asyncio.create_task(lane.rest(60))
    await asyncio.sleep(0)
    lane.news.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    is_taken = resting.cancel()
    await asyncio.wait([resting], timeout=30)
    assert resting.cancelled() == is_taken


async def test_a_slow_receiver_delays_nobody_else(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    async with receiving() as slow:
        slow.hold.clear()
        for number in range(20):  # more than may be tried at once
            await add_hook(api, admin, slow.url(f"/{number}"), events=["room.created"])
        await add_hook(api, admin, receiver.url())
        await make_room(api, admin, "first")
        await receiver.wait(1, limit_s=30)
        for number in range(5):
            await make_room(api, admin, f"later-{number}")
        got = await receiver.wait(6, limit_s=30)
        slugs = [one.message["data"]["room"]["slug"] for one in got]
        assert slugs == ["first", *(f"later-{number}" for number in range(5))]


async def test_a_dead_receiver_says_why_and_never_holds_up_who_makes_rooms(api: Api) -> None:
    admin = await api.person("admin")
    async with receiving() as gone:
        url = gone.url()
    hook = await add_hook(api, admin, url)
    await make_room(api, admin)
    (row,) = await until_ended(api, admin, hook, "failed")
    assert row["answer_status"] is None and "Cannot connect" in row["answer"]


async def test_a_backlog_is_bounded_and_what_is_dropped_is_counted(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url(), events=["room.created"])
    deliveries_ = api.server.services.deliveries
    deliveries_.note_pending(hook["id"], 9_999)
    receiver.hold.clear()
    await make_room(api, admin, "fits")
    await receiver.wait(1)
    await make_room(api, admin, "does-not")
    await deliveries_.outbox.flush()
    assert deliveries_.numbers()["dropped"] == 1
    receiver.hold.set()
    assert [one["type"] for one in await until_ended(api, admin, hook, "delivered")] == ["room.created"]


async def test_old_messages_are_forgotten(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url(), events=["room.created"])
    await make_room(api, admin, "old")
    await until_ended(api, admin, hook, "delivered")
    services = api.server.services
    async with services.database.transaction() as tx:
        await tx.execute(update(webhook_deliveries).values(created_at=datetime.now(UTC) - timedelta(days=15)))
    await make_room(api, admin, "new")
    await until_ended(api, admin, hook, "delivered", 2)
    await services.deliveries.clean_up()
    (left,) = await deliveries(api, admin, hook)
    assert '"slug":"new"' in left["body"]


@pytest.mark.both_databases
async def test_deliveries_are_listed_in_pages(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url(), events=["room.created"])
    for number in range(3):
        await make_room(api, admin, f"r{number}")
    everything = await until_ended(api, admin, hook, "delivered", 3)
    path = f"{HOOKS}/{hook['id']}/deliveries?limit=2"
    first = (await api.call("GET", path, by=admin)).body
    second = (await api.call("GET", f"{path}&cursor={first['next_cursor']}", by=admin)).body
    assert [one["id"] for one in first["items"] + second["items"]] == [one["id"] for one in everything]
    assert second["next_cursor"] is None


async def test_teachers_have_webhooks_for_their_own_rooms_only(api: Api, receiver: Receiver) -> None:
    owner, other = await api.person("teacher"), await api.person("teacher", "other@school.example")
    admin = await api.person("admin")
    await make_room(api, owner, "mine")
    await make_room(api, other, "theirs")
    hook = await add_hook(api, owner, receiver.url(), room_id="mine")
    general = await add_hook(api, admin, receiver.url())
    for wish in ({"url": receiver.url()}, {"url": receiver.url(), "room_id": "theirs"}):
        assert (await api.call("POST", HOOKS, wish, by=owner)).status == 403
    listed = {}
    for person in (owner, other, admin):
        answer = await api.call("GET", HOOKS, by=person)
        listed[person.email] = [one["id"] for one in answer.body["items"]]
    assert listed == {owner.email: [hook["id"]], other.email: [], admin.email: [hook["id"], general["id"]]}
    assert (await api.call("DELETE", f"{HOOKS}/{general['id']}", by=owner)).status == 403
    for role in ("assistant", "student"):
        person = await api.person(role)
        for method, path in CALLS:
            answer = await api.call(method, path.format(hook["id"]), {}, by=person)
            assert (role, method, path, answer.status in (403, 422)) == (role, method, path, True)
        assert (await api.call("GET", f"{HOOKS}/{hook['id']}", by=person)).status == 403
        assert (await api.call("DELETE", f"{HOOKS}/{hook['id']}", by=person)).status == 403
    assert (await api.call("DELETE", f"{HOOKS}/{hook['id']}", by=owner)).status == 204
    assert (await api.call("GET", f"{HOOKS}/{hook['id']}", by=owner)).status == 404


CALLS = [
    ("GET", HOOKS),
    ("POST", HOOKS),
    ("GET", HOOKS + "/{}/deliveries"),
    ("PATCH", HOOKS + "/{}"),
    ("POST", HOOKS + "/{}/test"),
    ("POST", HOOKS + "/{}/rotate-secret"),
]

MISFITS = [
    ({}, "/url"),
    ({"url": "ftp://a.example/x"}, "/url"),
    ({"url": "https://"}, "/url"),
    ({"url": "https://a.example:0/"}, "/url"),
    ({"url": "https://a.example:99999/"}, "/url"),
    ({"url": "https://me:secret@a.example/"}, "/url"),
    ({"url": "https://a.example/#x"}, "/url"),
    ({"url": "https://a.example/" + "x" * 2000}, "/url"),
    ({"url": "https://a.example/", "events": []}, "/events"),
    ({"url": "https://a.example/", "events": ["room.painted"]}, "/events"),
    ({"url": "https://a.example/", "secret": "whsec_mine"}, "/secret"),
    ({"url": "https://a.example/", "description": "a\nb"}, "/description"),
]


async def test_a_webhook_that_does_not_fit_is_refused_by_field(api: Api) -> None:
    admin = await api.person("admin")
    for wish, pointer in MISFITS:
        answer = await api.call("POST", HOOKS, wish, by=admin)
        assert (wish, answer.status, answer.pointers) == (wish, 422, [pointer])


PRIVATE = [
    "http://hooks.example/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/",
    "https://100.64.0.1/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://224.0.0.1/",
]


async def test_without_the_setting_private_addresses_are_refused_when_named(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        admin = await api.person("admin")
        for url in PRIVATE:
            answer = await api.call("POST", HOOKS, {"url": url}, by=admin)
            assert (url, answer.status) == (url, 422)
        assert (await api.call("POST", HOOKS, {"url": "https://hooks.example/"}, by=admin)).status == 201


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.255.255.1"])
async def test_without_the_setting_no_connection_is_made_to_where_a_name_leads_by_now(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve = socket.getaddrinfo

    def rebound(host: Any, *rest: Any, **more: Any) -> Any:
        return resolve(address if host == "hooks.example" else host, *rest, **more)

    connected: list[Any] = []
    connect = asyncio.get_running_loop().sock_connect
    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    async with serving(tmp_path / "data", webhooks=WebhookSettings(retry_delays_s=[])) as api:
        admin = await api.person("admin")
        url = f"https://hooks.example:{receiver.port}/"
        hook = await add_hook(api, admin, url, events=["room.created"])

        async def note(sock: Any, to: Any) -> None:
            connected.append(to)
            await connect(sock, to)

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", note)
        await make_room(api, admin)
        (row,) = await until_ended(api, admin, hook, "failed")
        assert "private" in row["answer"] and row["answer_status"] is None
        assert [to for to in connected if to[1] == receiver.port] == []


async def test_metrics_count_what_is_delivered(api: Api, receiver: Receiver) -> None:
    admin = await api.person("admin")
    hook = await add_hook(api, admin, receiver.url(), events=["room.created"])
    await make_room(api, admin)
    await until_ended(api, admin, hook, "delivered")
    text = (await api.call("GET", "/metrics")).body
    assert "vtp_webhooks_delivered_total 1.0" in text
    assert "vtp_webhooks_pending 0.0" in text


def test_a_changed_body_does_not_verify() -> None:
    from vtp.webhooks.signing import new_secret, signed_headers

    secret = new_secret()
    headers = signed_headers([secret], "one", int(datetime.now(UTC).timestamp()), b"{}")
    assert Received("/", headers, b"{}").verify(secret) == {}
    with pytest.raises(WebhookVerificationError):
        Received("/", headers, b"[]").verify(secret)


async def test_a_webhook_that_another_process_deleted_keeps_the_others_from_nothing(
    api: Api, receiver: Receiver
) -> None:
    admin = await api.person("admin")
    gone, there = [await add_hook(api, admin, receiver.url(), events=["*"]) for _ in range(2)]
    async with api.server.services.database.transaction() as tx:
        await tx.execute(webhooks.delete().where(webhooks.c.id == gone["id"]))
    await make_room(api, admin)
    assert len(await until_ended(api, admin, there, "delivered")) == 1
