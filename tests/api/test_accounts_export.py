"""Taking one's own data away."""

from __future__ import annotations

from sqlalchemy import insert, select

from tests.api.personal_material import ADA, leave_traces, zipped
from tests.serving import PASSWORD, Api
from vtp.accounts.tables import audit_log
from vtp.ids import new_id
from vtp.rooms.tables import chat_messages

EXPORT = "/api/v1/auth/export"
PROOF = {"password": PASSWORD}


async def test_an_export_holds_what_the_person_said_and_did_and_no_secret(api: Api) -> None:
    admin = await api.person("admin")
    life = await leave_traces(api, admin)
    answer = await api.call("POST", EXPORT, PROOF, by=life.ada)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="personal-data-')
    assert answer.headers["Cache-Control"] == "no-store"
    data, files = zipped(answer.body)
    assert files == ["data.json", "picture.jpg"]
    assert "files_of_courses" in data["not_in_this_file"] and "Recordings" in data["not_in_this_file"]
    assert data["files_of_courses"][0].keys() >= {"id", "course_id", "name", "size_bytes", "sha256"}
    (profile,) = data["profile"]
    assert (profile["email"], profile["full_name"], profile["phone"]) == (ADA.email, ADA.full_name, ADA.phone)
    assert [one["text"] for one in data["chat_messages_written"]] == [ADA.words]
    assert [one["text"] for one in data["chat_messages_received"]] == ["Just for you"]
    assert [one["slug"] for one in data["rooms"]] == ["physics"]
    assert [one["choices"] for one in data["votes"]] == [[1]]
    assert {one["ip"] for one in data["sessions"]} == {ADA.ip}
    assert "personal_data_exported" in {one["event"] for one in data["activity"]}
    text = str(data)
    assert "argon2" not in text and "sealed" not in text and "token_hash" not in text
    about = data["log_about_the_account"]
    assert about and not {"ip", "actor_id", "user_agent"} & about[0].keys(), "where others were is theirs"


async def test_an_export_is_of_oneself_alone(api: Api) -> None:
    admin = await api.person("admin")
    life = await leave_traces(api, admin)
    other = await api.person("teacher")
    data, files = zipped((await api.call("POST", EXPORT, PROOF, by=other)).body)
    assert files == ["data.json"]
    assert not [mark for mark in ADA.marks if mark in str(data)]
    assert life.ada.user_id not in str(data)
    assert (await api.call("GET", f"/api/v1/users/{life.ada.user_id}/export", by=other)).status == 403


async def test_thousands_of_messages_hold_nobody_up_and_are_all_there(api: Api) -> None:
    admin = await api.person("admin")
    life = await leave_traces(api, admin)
    me = {"from_person": f"user:{life.ada.user_id}", "from_participant_id": "p", "from_name": "Ada"}
    common = {**me, "from_role": "teacher", "room_id": life.room_id, "group_id": "", "cleared": False}
    async with api.server.services.database.transaction() as tx:
        sent_at = (await tx.execute(select(audit_log.c.at).limit(1))).scalar_one()
        rows = [
            {"id": new_id(), "text": f"message {n}", "folded": "", "sent_at": sent_at, **common}
            for n in range(3000)
        ]
        await tx.execute(insert(chat_messages), rows)
    data, _ = zipped((await api.call("POST", EXPORT, PROOF, by=life.ada)).body)
    assert len(data["chat_messages_written"]) == 3001
    assert data["chat_messages_written"][-1]["text"] == "message 2999"


async def test_an_export_by_an_administrator_is_noted_with_who_took_it(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    answer = await api.call("GET", f"/api/v1/users/{ada.user_id}/export", by=admin)
    assert zipped(answer.body)[0]["user_id"] == ada.user_id
    assert (await api.call("POST", EXPORT, PROOF, by=ada)).status == 200
    async with api.server.services.database.read() as tx:
        found = select(audit_log).where(audit_log.c.event == "personal_data_exported")
        entries = [(one.actor_id, one.subject) for one in await tx.execute(found.order_by(audit_log.c.id))]
    assert entries[0] == (admin.user_id, f"user:{ada.user_id}")


async def test_a_thief_of_a_session_takes_nothing_away_without_the_password(api: Api) -> None:
    ada, admin = await api.person("teacher"), await api.person("admin")
    for body in (None, {}, {"password": "another one"}):
        answer = await api.call("POST", EXPORT, body, by=ada)
        assert (answer.status, answer.body["code"]) == (401, "wrong_password"), body
    log = await api.call("GET", "/api/v1/audit?event=personal_data_exported", by=admin)
    assert log.body["items"] == []
