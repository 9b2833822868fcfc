"""Uploads for tests: made by the front door, and counted where they lie."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from tests.api.course_material import BASE
from tests.serving import Answer, Api, Person
from vtp.coursework.tables import coursework_files

BYTES = {"Content-Type": "application/octet-stream"}
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


async def add_material(api: Api, course: str, by: Person, **wish: Any) -> str:
    """Another material, without a file; gives its id."""
    made = await api.call("POST", f"{BASE}/{course}/materials", {"title": "Notes", **wish}, by=by)
    assert made.status == 201, made
    return str(made.body["id"])


async def upload(
    api: Api, path: str, by: Person, data: bytes = PDF, name: str = "notes.pdf", **headers: str
) -> Answer:
    """Sends a file to where uploads go."""
    to = f"{path}?name={quote(name, safe='')}"
    return await api.call("POST", to, by=by, data=data, headers={**BYTES, **headers})


def versions_of(course: str, material: str) -> str:
    """Where versions are sent to."""
    return f"{BASE}/{course}/materials/{material}/versions"


def lying(api: Api) -> list[Path]:
    """Everything of coursework in the store, drafts included; folders may go while they are walked."""
    folder = api.server.services.coursework.files.lies.store.path("coursework")
    return sorted(Path(inside, name) for inside, _, names in os.walk(folder) for name in names)


async def rows(api: Api) -> list[Any]:
    """All rows of files, arriving ones included."""
    async with api.server.services.database.read() as tx:
        found = await tx.execute(select(coursework_files).order_by(coursework_files.c.id))
        return list(found.mappings())


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Asks until it is so: what is deleted after an answer, or has begun to arrive, tells nobody."""
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def assert_nothing_kept(api: Api) -> None:
    """Neither bytes nor rows."""
    assert (lying(api), await rows(api)) == ([], [])
