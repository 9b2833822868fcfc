"""`stuffing`: stolen passwords are tried from many addresses while people sign in and a lecture runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vtp.bench.load import Lecture
from vtp.bench.login_crowd import PASSWORD, LoginCrowd
from vtp.bench.results import Figures, LoginFigures, percentiles
from vtp.bench.scenarios.loop_lag import LoopLag
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.record import vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.window import measure_window
from vtp.bench.vtp_server import OPEN
from vtp.settings import LimitSettings

ROOM = "lecture"
RIGHT_IN = 500
"""One of so many tries has the right password: what such lists hold."""
UNDER_WAY = 400
"""Tries that have not been answered yet, at most."""
PEOPLE_PER_S = 4.0
MISTYPED_IN = 5
"""One of so many people on new devices mistypes the password at first."""
QUIET_S = 20.0
"""How long the lecture is measured without the attack: about as long as with it."""
_KEPT_LIMITS = (
    "sign_in_failures_per_account",
    "sign_in_failures_per_address_per_minute",
    "requests_per_address_per_minute",
    "requests_per_account_per_minute",
)


@dataclass
class _Outcome:
    """What was answered to both sides."""

    tried: Counter[int] = field(default_factory=Counter)
    people: list[int] = field(default_factory=list)
    people_ms: list[float] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    known_ms: list[float] = field(default_factory=list)


async def _timed(sign_in: Awaitable[int], into: list[int], took_ms: list[float]) -> None:
    begun_s = time.monotonic()
    into.append(await sign_in)
    took_ms.append(1000 * (time.monotonic() - begun_s))


@dataclass(frozen=True)
class Stuffing:
    """So many tries over so many accounts from so many addresses; vtp only, with its own limits."""

    logins: int = 10_000
    addresses: int = 100
    accounts: int = 50
    rate: float = 400.0
    subscribers: int = 50

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"logins": self.logins, "addresses": self.addresses, "accounts": self.accounts}

    def load(self) -> dict[str, Any]:
        """In a sentence, with what the publisher sends."""
        text = (
            f"{self.rate:g} tries a second, one of {RIGHT_IN} with the right password, while "
            f"{PEOPLE_PER_S:g} people a second sign in and {self.subscribers} watch a lecture"
        )
        return {**describe_pattern(Lecture()), "text": text}

    @contextlib.asynccontextmanager
    async def settings(self) -> AsyncIterator[Mapping[str, str]]:
        """Signing in is asked for, limits are the defaults, and the load client passes for a proxy."""
        limits = LimitSettings()
        yield {
            OPEN: "false",
            "VTP_HTTP__HOST": "127.0.0.1",
            "VTP_HTTP__TRUSTED_PROXIES": '["127.0.0.0/8"]',
            **{f"VTP_LIMITS__{name.upper()}": str(getattr(limits, name)) for name in _KEPT_LIMITS},
        }

    async def measure(self, stage: Stage) -> Figures:
        """One run: the lecture alone, then with the attack."""
        server = vtp_server(stage)
        async with LoginCrowd.opened(server, self.accounts) as crowd:
            server.act_as(await crowd.sign_in_teacher(ROOM))
            publisher, source = await stage.publish(ROOM, Lecture())
            source.start()
            await stage.fill(ROOM, publisher, source, self.subscribers)
            await asyncio.sleep(1.0)
            lag = await LoopLag.begin(server)
            quiet = await measure_window(stage, QUIET_S)
            quiet_delay, quiet_loop = await lag.figures()
            lag, outcome = await LoopLag.begin(server), _Outcome()
            attack = asyncio.create_task(self._attack(crowd, outcome))
            figures = await measure_window(stage, self.logins / self.rate)
            await attack
            delay, loop = await lag.figures()
        return figures | Figures(
            subscribers=self.subscribers,
            logins=self._logins(outcome),
            loop_delay_ms=delay,
            quiet_loop_delay_ms=quiet_delay,
            loop=loop,
            quiet_loop=quiet_loop,
            quiet_delay_ms=quiet["delay_ms"],
        )

    async def _attack(self, crowd: LoginCrowd, outcome: _Outcome) -> None:
        """Tries at their rate, whatever the answers; people sign in between them."""
        limit, begun_s = asyncio.Semaphore(UNDER_WAY), time.monotonic()

        async def one(number: int) -> None:
            right = number % RIGHT_IN == RIGHT_IN - 1
            email = crowd.victims[number % self.accounts].email
            address = f"198.18.{number % self.addresses // 250}.{number % self.addresses % 250 + 1}"
            password = PASSWORD if right else f"stolen elsewhere {number}"
            async with limit:
                outcome.tried[(await crowd.try_login(email, password, address)).status] += 1

        async with asyncio.TaskGroup() as group:
            group.create_task(self._people(crowd, outcome, self.logins / self.rate))
            for number in range(self.logins):
                await asyncio.sleep(max(0.0, begun_s + number / self.rate - time.monotonic()))
                group.create_task(one(number))

    async def _people(self, crowd: LoginCrowd, outcome: _Outcome, seconds: float) -> None:
        """In turn somebody whom nobody attacks on a new device, and the owner of an attacked account on a
        known one; each at their time, whoever waits for an answer yet.
        """
        begun_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(max(1, int(seconds * PEOPLE_PER_S / 2))):
                await asyncio.sleep(max(0.0, begun_s + 2 * number / PEOPLE_PER_S - time.monotonic()))
                mistyped = number % MISTYPED_IN == MISTYPED_IN - 1
                person = crowd.sign_in_at_home(number, mistyped=mistyped)
                owner = crowd.sign_in(crowd.victims[number % self.accounts])
                group.create_task(_timed(person, outcome.people, outcome.people_ms))
                group.create_task(_timed(owner, outcome.known, outcome.known_ms))

    def _logins(self, outcome: _Outcome) -> LoginFigures:
        return LoginFigures(
            tried=outcome.tried.total(),
            addresses=self.addresses,
            accounts=self.accounts,
            by_status={str(status): count for status, count in sorted(outcome.tried.items())},
            let_in=outcome.tried[200],
            people=len(outcome.people),
            people_let_in=outcome.people.count(200),
            people_ms=percentiles(outcome.people_ms),
            known_devices_ms=percentiles(outcome.known_ms),
            known_devices=len(outcome.known),
            known_devices_let_in=outcome.known.count(200),
        )
