"""Engines of SQLite: a pool of one connection that writes, and one of some that read."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vtp.db.json_text import read_json
from vtp.db.sqlite_driver import sqlite_driver
from vtp.db.urls import DatabaseUrl

POOL_TIMEOUT_S = 10  # how long a request waits for a connection before it is answered 503
SYNCHRONOUS = "NORMAL"  # of what SQLite does by itself: see vtp.db.durable
_READERS = 4


def sqlite_writer(url: DatabaseUrl, busy_s: float) -> AsyncEngine:
    """Whose transactions hold off other writers, of other processes for at most `busy_s`."""
    return _begin_by(_sqlite_engine(url, busy_s, 1, reads=False), "BEGIN IMMEDIATE")


def sqlite_reader(url: DatabaseUrl, busy_s: float) -> AsyncEngine:
    """Whose transactions see one moment, and may not write."""
    return _begin_by(_sqlite_engine(url, busy_s, _READERS, reads=True), "BEGIN")


def _begin_by(engine: AsyncEngine, opening: str) -> AsyncEngine:
    """Has transactions begun by this statement, which goes with their first."""

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        driver.begin_late(opening)

    return engine


def _sqlite_engine(url: DatabaseUrl, busy_s: float, pool_size: int, *, reads: bool) -> AsyncEngine:
    return create_async_engine(
        url.url,
        module=sqlite_driver(),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        hide_parameters=True,  # errors go to the log; what was to be stored does not
        json_deserializer=read_json,
        connect_args={
            "timeout": busy_s,
            "isolation_level": None,  # we say BEGIN ourselves
            "prepare": partial(_prepare_sqlite, query_only=reads),
            "reads": reads,
        },
    )


def _prepare_sqlite(connection: sqlite3.Connection, *, query_only: bool) -> None:
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in (f"synchronous = {SYNCHRONOUS}", "foreign_keys = ON", f"query_only = {query_only:d}"):
        connection.execute(f"PRAGMA {pragma}")


def _lower(value: Any) -> Any:
    """For SQLite, whose own lower() knows ASCII only, so that nobody would find Übung."""
    return value.lower() if isinstance(value, str) else value
