"""Seals columns again with the newest key, beside servers that run."""

from __future__ import annotations

from sqlalchemy import Column, Table, and_, not_, select, update

from vtp.accounts.tables import users
from vtp.db import Database
from vtp.db.tables import idempotency_keys
from vtp.mail.tables import mails
from vtp.sealing import Sealer

SEALED: tuple[Column[str], ...] = (
    users.c.totp_secret,
    mails.c.body,
    mails.c.calendars,
    mails.c.unsubscribe,
    idempotency_keys.c.response,
)
TURN = 200  # rows a transaction: others wait for no more


async def reseal(database: Database, sealer: Sealer) -> tuple[int, int]:
    """How many values were sealed again, and how many no key of ours opens; those stay as they are.

    What was sealed by the newest key before is passed over, so that it can be done again, and what others
    change meanwhile stays as they have left it. Raises Unavailable.
    """
    done = lost = 0
    for column in SEALED:
        more_done, more_lost = await _reseal_column(database, sealer, column)
        done, lost = done + more_done, lost + more_lost
    return done, lost


async def _reseal_column(database: Database, sealer: Sealer, column: Column[str]) -> tuple[int, int]:
    table = column.table
    assert isinstance(table, Table)
    keys = list(table.primary_key.columns)
    older = and_(column.is_not(None), not_(column.startswith(sealer.head, autoescape=True)))
    async with database.read() as tx:
        waiting = (await tx.execute(select(*keys).where(older))).all()
    done = lost = 0
    for begin in range(0, len(waiting), TURN):
        async with database.transaction() as tx:
            for key in waiting[begin : begin + TURN]:
                this = and_(*(one == value for one, value in zip(keys, key, strict=True)), older)
                sealed = (await tx.execute(select(column).where(this).with_for_update())).scalar_one_or_none()
                if sealed is None:
                    continue
                try:
                    again = sealer.seal(sealer.unseal(sealed))
                except ValueError:
                    lost += 1
                    continue
                await tx.execute(update(table).where(this).values({column.name: again}))
                done += 1
    return done, lost
