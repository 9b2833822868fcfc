"""Whose password is hashed first when many wait: real sign-ins behind a thread that is held up."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from tests.serving import PASSWORD, UNLIMITED, Answer, Api, serving
from vtp.accounts import passwords
from vtp.accounts.audit import Origin
from vtp.accounts.hash_queue import SHARES, Rank
from vtp.accounts.lockout import Attempt, Lockout
from vtp.accounts.passwords import Hasher, Verdict
from vtp.settings import AccountSettings

LOGIN = "/api/v1/auth/login"
STRICT = UNLIMITED.model_copy(
    update={"sign_in_failures_per_account": 5, "sign_in_failures_per_address_per_minute": 10}
)
SUSPECTS = SHARES[Rank.OTHERS].most


class Gate:
    """Holds up the one thread that compares, and writes down whose passwords it compared."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compared: list[str] = []
        self.open = threading.Event()
        compare = Hasher._verify

        def held(hasher: Hasher, encoded: str, password: bytes) -> Verdict:
            self.open.wait()
            self.compared.append(password.decode())
            return compare(hasher, encoded, password)

        monkeypatch.setattr(Hasher, "_verify", held)
        monkeypatch.setattr(passwords, "_BESIDE_THREADS", 0)


@pytest.fixture
async def gate(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.open.set()


@pytest.fixture
async def crowded(tmp_path: Path, migrated_sqlite: Path, gate: Gate) -> AsyncIterator[Api]:
    """A server that hashes one password at a time, behind a proxy; what waits is in no database."""
    shutil.copy(migrated_sqlite, tmp_path / "vtp.sqlite3")
    url, accounts = f"sqlite:///{tmp_path / 'vtp.sqlite3'}", AccountSettings(hash_threads=1)
    proxies = ["127.0.0.0/8"]
    async with serving(
        tmp_path / "data", url, limits=STRICT, accounts=accounts, trusted_proxies=proxies
    ) as api:
        yield api


def login(
    api: Api, email: str, password: str, address: str, device: str | None = None
) -> asyncio.Task[Answer]:
    wish = {"email": email, "password": password, "device_token": device}
    call = api.call("POST", LOGIN, wish, headers={"X-Forwarded-For": address})
    return asyncio.get_running_loop().create_task(call)


def waiting(api: Api, rank: Rank) -> int:
    return api.server.services.accounts.passwords.numbers()[f"waiting_{rank.name.lower()}"]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)


async def guess(api: Api, count: int) -> list[asyncio.Task[Answer]]:
    """Several networks try the same accounts: the first is at the gate, the others wait as suspects."""
    tries = [login(api, "nobody@school.example", "guess first", "198.51.100.1")]
    await until(lambda: api.server.services.accounts.passwords.numbers()["begun"] == 1)
    for number in range(1, count + 1):
        address = f"198.51.100.{number % 50 + 2}"
        tries.append(login(api, "nobody@school.example", f"guess {number}", address))
    return tries


async def test_people_get_in_before_the_guesses_that_came_before_them(crowded: Api, gate: Gate) -> None:
    await crowded.person("teacher")
    await crowded.person("student", "new@school.example")
    signed_in = await crowded.person("student")
    device = crowded.server.services.accounts.devices.remember("teacher@school.example", [])[0]
    guesses = await guess(crowded, SUSPECTS)
    await until(lambda: waiting(crowded, Rank.OTHERS) == SUSPECTS)
    refused = await login(crowded, "nobody@school.example", "too many", "198.51.100.99")
    assert (refused.status, int(refused.headers["Retry-After"]) >= 1) == (503, True)
    new = login(crowded, "new@school.example", PASSWORD, "192.0.2.1")
    await until(lambda: waiting(crowded, Rank.UNSUSPECTED) == 1)
    known = login(crowded, "teacher@school.example", PASSWORD, "203.0.113.7", device)
    await until(lambda: waiting(crowded, Rank.PROVEN) == 1)
    wish = {"current_password": "not my password", "new_password": "another long pass phrase"}
    changed = asyncio.create_task(crowded.call("POST", "/api/v1/auth/change-password", wish, by=signed_in))
    await until(lambda: waiting(crowded, Rank.SIGNED_IN) == 1)
    gate.open.set()
    answers = await asyncio.gather(new, known, changed, *guesses)
    assert [answer.status for answer in answers[:3]] == [200, 200, 401]
    assert set(gate.compared[:5]) >= {"not my password", PASSWORD}
    assert gate.compared[:5].count(PASSWORD) == 2


async def test_guesses_that_wait_cost_no_hash_once_their_account_must_wait(crowded: Api, gate: Gate) -> None:
    guesses = await guess(crowded, 40)
    await until(lambda: waiting(crowded, Rank.OTHERS) == 40)
    gate.open.set()
    statuses = [answer.status for answer in await asyncio.gather(*guesses)]
    assert sorted(statuses) == [401] * 5 + [429] * 36
    assert len(gate.compared) == 5


async def test_a_connection_that_closes_takes_its_work_along(
    crowded: Api, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guess(crowded, 0)
    gone: list[Origin] = []
    attempt = Lockout.attempt

    def remembered(lockout: Lockout, email: str, tokens: Sequence[str], origin: Origin) -> Attempt:
        gone.append(origin)
        return attempt(lockout, email, tokens, origin)

    monkeypatch.setattr(Lockout, "attempt", remembered)
    body = json.dumps({"email": "gone@school.example", "password": "of who has gone"}).encode()
    head = f"POST {LOGIN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", crowded.server.listening.http_port)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await until(lambda: waiting(crowded, Rank.UNSUSPECTED) == 1)
    writer.close()
    await writer.wait_closed()
    await until(lambda: gone[-1].is_gone())
    gate.open.set()
    await until(lambda: crowded.server.services.accounts.passwords.numbers()["dropped"] == 1)
    lockout = crowded.server.services.accounts.service.lockout
    with lockout.trying(lockout.attempt("gone@school.example", [], Origin(ip="192.0.2.1"))) as claim:
        assert claim.rank is Rank.UNSUSPECTED, "nobody has looked at that password"
    assert (await login(crowded, "next@school.example", "of the next", "192.0.2.1")).status == 401
    assert gate.compared == ["guess first", "of the next"]


async def test_who_is_answered_503_has_not_failed(crowded: Api, gate: Gate) -> None:
    """Else a crowded morning would keep a school out for a minute more."""
    guesses = await guess(crowded, SUSPECTS)
    await until(lambda: waiting(crowded, Rank.OTHERS) == SUSPECTS)
    crowd = [login(crowded, "nobody@school.example", "too many", "203.0.113.7") for _ in range(20)]
    assert {answer.status for answer in await asyncio.gather(*crowd)} == {503}
    gate.open.set()
    await asyncio.gather(*guesses)
    assert (await login(crowded, "nobody2@school.example", "wrong", "203.0.113.7")).status == 401


async def test_numbers_of_who_waits_are_among_the_metrics(crowded: Api, gate: Gate) -> None:
    guesses = await guess(crowded, 3)
    await until(lambda: waiting(crowded, Rank.OTHERS) == 3)
    text = str((await crowded.call("GET", "/metrics")).body)
    assert "vtp_hashes_waiting_others 3.0" in text
    gate.open.set()
    await asyncio.gather(*guesses)
    assert "vtp_hashes_done_total 4.0" in str((await crowded.call("GET", "/metrics")).body)
