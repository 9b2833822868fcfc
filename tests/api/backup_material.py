"""Databases that are filled, what is in them, and archives."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.filled import contents, fill
from tests.fresh_database import fresh_database
from vtp.backup.archive import ArchiveWriter, Contents
from vtp.backup.check import find_damage
from vtp.db import Database
from vtp.settings import DatabaseSettings, Settings


def settings_of(data_dir: Path, url: str = "") -> Settings:
    return Settings(data_dir=data_dir, database=DatabaseSettings(url=url))


async def stored(url: str) -> dict[str, Any]:
    """All that vtp has in a database, by table."""
    database = await Database.open(url)
    async with database.snapshot() as tx:
        found = await contents(tx)
    await database.close()
    return found


async def filled(url: str, rows: int = 7) -> dict[str, Any]:
    """All that is in a database of which each table has so many rows."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        if not file.exists():
            shutil.copy(fresh_database(), file)
    database = await Database.open(url)
    async with database.transaction() as tx:
        await fill(tx, rows)
    await database.close()
    return await stored(url)


async def damage(settings: Settings, *, read_media: bool = True) -> list[str]:
    return [one async for one in find_damage(settings, read_media=read_media)]


def write_archive(path: Path, revision: str) -> None:
    with path.open("wb") as file:
        ArchiveWriter(file, Contents("2026-03-01T12:00:00+00:00", "99.0", "sqlite", revision)).finish()


async def sql(url: str, *statements: str) -> list[Any]:
    """Runs statements as another program would; gives what the last one answered."""
    database = Database.connect(url)
    async with database.transaction() as tx:
        for statement in statements:
            found = await tx.execute(text(statement))
        rows = list(found) if found.returns_rows else []
    await database.close()
    return rows
