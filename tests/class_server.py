"""A whole server in a process of its own, for classes of many: accounts are there, every push is noted.

`python -m tests.class_server DATA_DIR STUDENTS` prints one line of JSON once it answers; a line on its
standard input with a path writes down there what was pushed since the start, its end ends the server.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.serving import Api, Person, serving
from vtp.signalling.members import Member
from vtp.signalling.outbox import Outbox

ROOM = "algebra"


def digest(data: Mapping[str, Any]) -> str:
    """What a push says, without its number."""
    told = {name: value for name, value in data.items() if name != "seq"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


class PushLog:
    """Every push of the process: when, to whom, its number, its event and what it says."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str, int, str, Mapping[str, Any]]] = []

    def listen(self) -> None:
        """Notes every push from now on, as the server makes it."""
        tell = Member.tell

        def noted(member: Member, outbox: Outbox, event: str, data: Mapping[str, Any], **more: Any) -> None:
            tell(member, outbox, event, data, **more)
            self._entries.append((time.monotonic_ns(), member.participant_id, member.seq, event, data))

        setattr(Member, "tell", noted)  # noqa: B010 - a method is replaced, which types forbid

    def write(self, path: Path) -> None:
        """One line for each."""
        lines = (
            json.dumps([at_ns, who, seq, event, digest(data)])
            for at_ns, who, seq, event, data in self._entries
        )
        path.write_text("\n".join(lines) + "\n")


async def _people(api: Api, students: int) -> dict[str, list[Person]]:
    people = {role: [await api.person(role)] for role in ("admin", "teacher", "assistant")}
    people["student"] = [
        await api.person("student", f"student{number}@school.example") for number in range(students)
    ]
    wish = {"room_id": ROOM, "room_name": "Algebra"}
    made = await api.call("POST", "/api/v1/signalling/room/create", wish, by=people["admin"][0])
    assert made.status in (200, 201), made
    return people


async def run(data_dir: Path, students: int) -> None:
    """Serves until standard input ends."""
    log = PushLog()
    log.listen()
    async with serving(data_dir, checked=False) as api:
        people = await _people(api, students)
        tokens = {role: [one.access_token for one in those] for role, those in people.items()}
        print(json.dumps({"url": api.base_url, "tokens": tokens}), flush=True)
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            log.write(Path(line))
            print("written", flush=True)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
