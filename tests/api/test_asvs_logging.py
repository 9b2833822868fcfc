"""What the log tells of attacks, and what it never holds (OWASP ASVS 5.0, V16)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving import PASSWORD, Api
from vtp.accounts.audit import Event, Origin
from vtp.logs import JsonFormatter

LOGIN = "/api/v1/auth/login"


class Collected:
    """The log as its collector gets it: JSON lines."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def log() -> Iterator[Collected]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("vtp")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield Collected(stream)
    logger.setLevel(level)
    logger.removeHandler(handler)


async def test_sign_ins_and_refusals_are_told_with_when_who_and_where(log: Collected, api: Api) -> None:
    person = await api.person("teacher")
    await api.call("POST", LOGIN, {"email": person.email, "password": PASSWORD})
    await api.call("POST", LOGIN, {"email": person.email, "password": "not the password"})
    events = {line["event"]: line for line in log.lines if line["logger"] == "vtp.audit"}
    right, wrong = events["authn_login_success"], events["authn_login_fail"]
    assert right["actor_id"] == person.user_id and right["ip"] == "127.0.0.1"
    assert wrong["subject"] == f"user:{person.user_id}" and wrong["details"] == {"reason": "wrong_password"}
    for line in (right, wrong):
        assert line["time"].endswith("+00:00") and line["request_id"] and line["audit_id"]


async def test_a_refused_right_and_refused_input_are_told(log: Collected, api: Api) -> None:
    student = await api.person("student")
    await api.call("GET", "/api/v1/users", by=student)
    await api.call("PATCH", "/api/v1/auth/profile", {"role": "admin"}, by=student)
    await api.call("POST", LOGIN, data=b"{")
    told = [line for line in log.lines if line["logger"] == "vtp.audit" and line["event"] == "authz_fail"]
    assert told and told[0]["actor_id"] == student.user_id
    requests = [line["message"] for line in log.lines if line["logger"] == "vtp.http"]
    assert any(": 403 " in line for line in requests)
    assert any(": 422 " in line for line in requests)
    assert any(": 400 " in line for line in requests)


async def test_what_is_rolled_back_is_not_told(log: Collected, api: Api) -> None:
    audit = api.server.services.accounts.audit
    with pytest.raises(ZeroDivisionError):
        async with api.server.services.database.transaction() as tx:
            await audit.record(tx, Event.ROOM_DELETED, Origin(), subject="room:x")
            raise ZeroDivisionError
    await audit.note(Event.ROOM_CREATED, Origin(), subject="room:y")
    told = [line["event"] for line in log.lines if line["logger"] == "vtp.audit"]
    assert "room_created" in told and "room_deleted" not in told


async def test_no_password_and_no_token_is_in_the_log(log: Collected, api: Api) -> None:
    logging.getLogger("vtp").setLevel(logging.DEBUG)
    wish = {"email": "eve@school.example", "password": PASSWORD, "full_name": "Eve"}
    await api.call("POST", "/api/v1/auth/register", wish)
    eve = await api.sign_in("eve@school.example")
    await api.call("POST", "/api/v1/auth/refresh", {"refresh_token": eve.refresh_token})
    await api.call("POST", "/api/v1/auth/refresh", {"refresh_token": eve.refresh_token + "x"})
    await api.call("GET", f"/api/v1/auth/profile?token={eve.access_token}", by=eve)
    await api.call("GET", f"/nothing/{eve.access_token}", by=eve)
    await api.call("GET", "/api/v1/users", by=eve)
    assert log.lines
    for secret in (PASSWORD, eve.access_token, eve.refresh_token, "argon2id"):
        assert secret not in log.text


async def test_line_breaks_in_what_a_caller_says_forge_no_line(log: Collected, api: Api) -> None:
    headers = {"User-Agent": "x\x85\u2028y", "X-Request-ID": "not an id"}
    await api.call("GET", "/api/v1/users%0A%7B%22event%22%3A%22forged%22%7D", headers=headers)
    await api.call("POST", LOGIN, {"email": "a\nb", "password": "c\r\nd"}, headers=headers)
    assert log.lines and all(line.get("event") != "forged" for line in log.lines)
