"""A process that writes to a database until somebody kills it.

    python -m tests.faults.database_victim FILE SEED

Each transaction adds a room and its line in the audit log; the room's id is printed once it is committed, so
that the killer knows what must be there.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import UTC, datetime

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.db import Database
from vtp.ids import new_id
from vtp.rooms.store import add_room

WRITERS = 4


async def write(database: Database, chance: random.Random) -> None:
    """For ever."""
    audit = AuditLog(database)
    while True:
        now = datetime.now(UTC)
        async with database.transaction() as tx:
            room = await add_room(tx, f"{new_id()}", "x" * chance.randrange(1, 200), None, {}, now)
            assert room is not None
            await audit.record(tx, Event.ROOM_CREATED, Origin(), subject=f"room:{room.id}")
            if chance.random() < 0.3:
                for _ in range(chance.randrange(30)):
                    await audit.record(tx, Event.ROOM_CHANGED, Origin(), subject=f"room:{room.id}")
        os.write(1, f"{room.id}\n".encode())


async def main() -> None:
    """Writes with several at once until killed."""
    chance = random.Random(int(sys.argv[2]))
    database = await Database.open(f"sqlite:///{sys.argv[1]}")
    os.write(1, b"ready\n")
    async with asyncio.TaskGroup() as all_of_them:
        for _ in range(WRITERS):
            all_of_them.create_task(write(database, chance))


if __name__ == "__main__":
    asyncio.run(main())
