"""Every statement that a server sends to its database, for tests that count and explain them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@dataclass
class Heard:
    """What was sent, in order: the text and its parameters as the driver gets them."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    of_calls: list[str] = field(default_factory=list)
    """The texts of those that were sent while answering a call, not by what goes on beside."""

    def texts(self) -> list[str]:
        """The text of each that reads or writes rows."""
        return [text for text, _ in self.statements if _is_query(text)]


@contextmanager
def hearing() -> Iterator[Heard]:
    """Listens to every engine of the process, those made meanwhile too."""
    heard = Heard()

    def hear(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        heard.statements.append((statement, parameters[0] if many and parameters else parameters))
        if _is_query(statement) and not _is_background():
            heard.of_calls.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@contextmanager
def removals() -> Iterator[list[int]]:
    """How many rows each DELETE removes."""
    removed: list[int] = []

    def hear(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE"):
            removed.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", hear)
    try:
        yield removed
    finally:
        event.remove(Engine, "after_cursor_execute", hear)


def _is_background() -> bool:
    """Background tasks have names (vtp.tasks); those of connections are numbered by asyncio."""
    task = asyncio.current_task()
    return task is not None and not task.get_name().startswith("Task-")


def _is_query(text: str) -> bool:
    return text.lstrip().split(" ", 1)[0].split("\n", 1)[0].upper() in {
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "WITH",
    }
