"""An authority that refuses: a server of HTTP that speaks just enough ACME to say no."""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.api.acme_ports import NAME, Ports, open_ports
from vtp.http.acme.failures import AcmeError
from vtp.http.acme.pace import MOST_S, wait_s
from vtp.http.acme.wish import CertificateWish
from vtp.tasks import Tasks

NOW = dt.datetime.now(dt.UTC)
ERROR = "urn:ietf:params:acme:error:"


@dataclass
class Refuser:
    """Refuses every new account, and counts what it is asked."""

    status: int
    body: Mapping[str, str] | str
    headers: Callable[[], Mapping[str, str]] = dict
    asked: int = 0
    nonces: itertools.count[int] = field(default_factory=itertools.count)

    async def directory(self, request: web.Request) -> web.Response:
        self.asked += 1
        base = f"http://{request.host}"
        paths = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
        return web.json_response({path: f"{base}/{path}" for path in paths} | {"meta": {}})

    async def nonce(self, request: web.Request) -> web.Response:
        return web.Response(headers=self._nonce())

    async def refuse(self, request: web.Request) -> web.Response:
        self.asked += 1
        headers = self._nonce() | dict(self.headers())
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, headers=headers)
        return web.json_response(
            self.body, status=self.status, content_type="application/problem+json", headers=headers
        )

    def _nonce(self) -> dict[str, str]:
        return {"Replay-Nonce": f"nonce{next(self.nonces):03}"}


@asynccontextmanager
async def refusing(refuser: Refuser) -> AsyncIterator[CertificateWish]:
    app = web.Application()
    app.router.add_get("/dir", refuser.directory)
    app.router.add_head("/newNonce", refuser.nonce)
    app.router.add_post("/newAccount", refuser.refuse)
    async with TestServer(app) as server:
        yield CertificateWish(str(server.make_url("/dir")), (NAME,))


@pytest.fixture
async def ports(tmp_path: Path) -> AsyncIterator[Ports]:
    async with open_ports(tmp_path / "data", 0, 0) as opened:
        yield opened


def limited(headers: Callable[[], Mapping[str, str]]) -> Refuser:
    return Refuser(429, {"type": f"{ERROR}rateLimited", "detail": "Too many certificates."}, headers)


def in_two_hours() -> Mapping[str, str]:
    at = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    return {"Retry-After": email.utils.format_datetime(at, usegmt=True)}


@pytest.mark.parametrize("headers", [lambda: {"Retry-After": "7200"}, in_two_hours])
async def test_a_rate_limit_is_kept_to_the_second_over_a_restart(
    headers: Callable[[], Mapping[str, str]], ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    refuser = limited(headers)
    async with refusing(refuser) as wish:
        next_at = await ports.keeper(wish).step(NOW)
        assert next_at - NOW >= dt.timedelta(seconds=7190)
        assert "Too many certificates. (rateLimited)" in caplog.text
        asked = refuser.asked
        restarted = ports.keeper(wish)
        for minutes in range(1, 119):
            assert await restarted.step(NOW + dt.timedelta(minutes=minutes)) == next_at
        assert refuser.asked == asked
        await restarted.step(next_at)
        assert refuser.asked > asked


AHEAD = [dt.timedelta(hours=2), dt.timedelta(days=3), dt.timedelta(days=700)]


async def test_a_clock_that_goes_back_by_a_second_cuts_no_longest_wait(ports: Ports) -> None:
    refuser = limited(lambda: {"Retry-After": str(9 * 86_400)})
    async with refusing(refuser) as wish:
        keeper = ports.keeper(wish)
        next_at = await keeper.step(NOW)
        assert next_at - NOW == dt.timedelta(seconds=MOST_S)
        asked = refuser.asked
        assert await keeper.step(NOW - dt.timedelta(seconds=1)) == next_at
        assert refuser.asked == asked


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_clock_that_was_once_ahead_holds_no_order_up(
    ahead: dt.timedelta, restarts: bool, ports: Ports
) -> None:
    refuser = limited(lambda: {"Retry-After": "86400"})
    async with refusing(refuser) as wish:
        keeper = ports.keeper(wish)
        await keeper.step(NOW + ahead)
        asked = refuser.asked
        if restarts:
            keeper = ports.keeper(wish)
        next_at = await keeper.step(NOW)
        assert refuser.asked > asked
        assert dt.timedelta(days=1) <= next_at - NOW < dt.timedelta(days=2)
        asked = refuser.asked
        assert await keeper.step(NOW + dt.timedelta(hours=1)) == next_at
        assert refuser.asked == asked


async def test_a_clock_that_is_put_right_by_minutes_shortens_no_wait(ports: Ports) -> None:
    refuser = limited(lambda: {"Retry-After": "86400"})
    async with refusing(refuser) as wish:
        keeper = ports.keeper(wish)
        next_at = await keeper.step(NOW + dt.timedelta(minutes=30))
        asked = refuser.asked
        assert await keeper.step(NOW) == next_at
        assert refuser.asked == asked


async def test_what_the_version_before_wrote_by_a_clock_that_was_ahead_holds_nothing_up(
    ports: Ports,
) -> None:
    refuser = limited(dict)
    async with refusing(refuser) as wish:
        await ports.keeper(wish).step(NOW + dt.timedelta(days=700))
        written = json.loads(ports.folder.state_file.read_text())
        del written["failed_at"]
        ports.folder.state_file.write_text(json.dumps(written))
        asked = refuser.asked
        await ports.keeper(wish).step(NOW)
        assert refuser.asked > asked


async def test_terms_that_changed_are_said_in_the_words_of_the_authority(
    ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    refuser = Refuser(403, {"type": f"{ERROR}userActionRequired", "detail": "Terms of service have changed"})
    async with refusing(refuser) as wish:
        await ports.keeper(wish).step(NOW)
    assert "refused: Terms of service have changed." in caplog.text


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, "<html>Service unavailable</html>"), (500, {"type": f"{ERROR}serverInternal"}), (200, "[]")],
)
async def test_an_authority_in_trouble_is_asked_again_within_minutes(
    status: int, body: Mapping[str, str] | str, ports: Ports
) -> None:
    async with refusing(Refuser(status, body)) as wish:
        assert await ports.keeper(wish).step(NOW) == NOW + dt.timedelta(minutes=1)
    assert ports.state.failures == 1 and ports.state.error
    assert ports.tls.files.self_made


async def test_nonces_that_are_always_refused_end_the_try(ports: Ports) -> None:
    refuser = Refuser(400, {"type": f"{ERROR}badNonce", "detail": "No such nonce"})
    async with refusing(refuser) as wish:
        assert await ports.keeper(wish).step(NOW) == NOW + dt.timedelta(minutes=1)
    assert refuser.asked <= 21


async def test_a_missing_file_of_trust_is_named(ports: Ports, caplog: pytest.LogCaptureFixture) -> None:
    wish = CertificateWish("https://localhost:1/dir", (NAME,), ca_file="/nowhere/ca.pem")
    await ports.keeper(wish).step(NOW)
    assert "/nowhere/ca.pem; correct http.acme_ca_file." in caplog.text


@pytest.mark.parametrize("body", ["[]", "{}", "null", '{"newNonce": 5}'])
async def test_a_directory_of_another_shape_is_no_authority(
    body: str, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/dir", answer)
    async with TestServer(app) as server:
        await ports.keeper(CertificateWish(str(server.make_url("/dir")), (NAME,))).step(NOW)
    assert "The next try is at" in caplog.text


async def test_a_page_instead_of_a_directory_is_no_authority(
    ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome</html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/dir", page)
    async with TestServer(app) as server:
        await ports.keeper(CertificateWish(str(server.make_url("/dir")), (NAME,))).step(NOW)
    assert "did not answer as an ACME server does" in caplog.text


async def test_what_nobody_thought_of_does_not_end_the_keeping(
    ports: Ports, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, counted, and tried again, with the patience that a refusal gets."""
    tries, loop, waits = asyncio.Semaphore(0), asyncio.get_running_loop(), list[float]()

    def fail() -> None:
        loop.call_soon_threadsafe(tries.release)
        raise RuntimeError("the reason")

    def wait_less(failure: AcmeError, failures: int, chance: float) -> float:
        waits.append(wait_s(failure, failures, chance))
        return 0.0

    monkeypatch.setattr(ports.folder, "read_certificate", fail)
    monkeypatch.setattr("vtp.http.acme.keeper.wait_s", wait_less)
    keeper, tasks = ports.keeper(CertificateWish("https://localhost:1/dir", (NAME,))), Tasks()
    tasks.start(keeper.run(), "certificate keeper")
    async with asyncio.timeout(20):
        for _ in range(2):
            await tries.acquire()
    await tasks.close()
    assert "not foreseen" in caplog.text and "the reason" in caplog.text
    assert keeper.numbers()["unforeseen"] >= 1
    assert waits[0] == 300
