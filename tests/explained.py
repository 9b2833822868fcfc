"""Which of some statements read a table from its beginning to its end, as the database explains them."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg


async def scans_in(url: str, statements: dict[str, Any]) -> list[tuple[str, str]]:
    """The statements that read a whole table, each with that part of its plan."""
    if url.startswith("sqlite"):
        return _sqlite_scans(url, statements)
    return await _postgres_scans(url, statements)


def _sqlite_scans(url: str, statements: dict[str, Any]) -> list[tuple[str, str]]:
    """A SCAN without an index, or of all of an index but for a page in its order."""
    found = []
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.create_function("lower", 1, str.lower, deterministic=True)
        for text, parameters in statements.items():
            for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", parameters):
                line = row[3]
                page = "USING INDEX" in line and "LIMIT" in text
                empty = "CONSTANT ROW" in line or "(subquery" in line or "SCAN anon_" in line  # no table
                empty = empty or "VIRTUAL TABLE" in line  # keys that are given
                if line.startswith("SCAN") and not empty and not page:
                    found.append((text, line))
    return found


async def _postgres_scans(url: str, statements: dict[str, Any]) -> list[tuple[str, str]]:
    """With sequential scans switched off they are left where no index can serve."""
    match = re.fullmatch(r"postgresql://(\w+)@/(\w+)\?host=(.+)", url)
    assert match
    connection = await asyncpg.connect(user=match[1], database=match[2], host=match[3])
    found = []
    try:
        await connection.execute("SET enable_seqscan = off")
        for text, parameters in statements.items():
            if "pg_catalog" in text or "alembic_version" in text:
                continue
            rows = await connection.fetch(f"EXPLAIN (FORMAT JSON) {text}", *(parameters or ()))
            for node in _nodes(json.loads(rows[0][0])[0]["Plan"]):
                if node["Node Type"] == "Seq Scan":
                    found.append((text, f"Seq Scan on {node['Relation Name']}"))
    finally:
        await connection.close()
    return found


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]
