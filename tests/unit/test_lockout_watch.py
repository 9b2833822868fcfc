"""What the audit log says of waits, read by a process that took its time over it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.kept_waits import KeptWaits
from vtp.accounts.lockout_watch import PASSWORDS, LockoutWatch
from vtp.db import Database
from vtp.sealing import Sealer
from vtp.settings import LimitSettings

HOUR = timedelta(hours=1)


async def test_a_slow_look_begins_no_wait_that_was_lifted_meanwhile(database: Database) -> None:
    passed_s = 0.0
    began = datetime.now(UTC)
    limits = LimitSettings(sign_in_failures_per_account=5, sign_in_delay_s=3000)
    waits = KeptWaits(limits, Sealer(bytes(32)), "lockout", clock=lambda: 1000 + passed_s)
    watch = LockoutWatch({PASSWORDS: waits}, HOUR, clock=lambda: began + timedelta(seconds=passed_s))
    key = waits.key("somebody")
    await AuditLog(database).note(Event.SIGN_IN_LOCKED, Origin(), details={"failures": 5, "key": key})
    passed_s = 1.0
    waits.lift(key)
    passed_s = 5.0
    async with database.read() as tx:
        await watch.read(tx, began - HOUR, began)  # which had begun before
    assert waits.wait_s(key) == 0


async def test_a_wait_lasts_from_when_it_began(database: Database) -> None:
    began = datetime.now(UTC)
    limits = LimitSettings(sign_in_failures_per_account=5, sign_in_delay_s=3000)
    waits = KeptWaits(limits, Sealer(bytes(32)), "lockout", clock=lambda: 1000.0)
    watch = LockoutWatch({PASSWORDS: waits}, HOUR, clock=lambda: began + timedelta(seconds=100))
    key = waits.key("somebody")
    await AuditLog(database).note(Event.SIGN_IN_LOCKED, Origin(), details={"failures": 5, "key": key})
    async with database.read() as tx:
        await watch.read(tx, began - HOUR, began)
    assert 2890 < waits.wait_s(key) <= 2901
