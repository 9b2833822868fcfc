"""Methods of dataclasses that are written when they are first called.

A dataclass writes and compiles six methods as it is defined, which for all of a server's takes a fifth of the
start; most of them are never called. Where dataclasses are made in another way than in Python 3.11 and 3.12,
they are made as ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

WRITER = "_create_fn"


def write_methods_late() -> None:
    """For all dataclasses defined from now on; before the modules that define them are loaded."""
    write = vars(dataclasses).get(WRITER)
    if write is not None and write.__module__ == dataclasses.__name__:
        setattr(dataclasses, WRITER, _late(write))


def _late(write: Callable[..., Callable[..., Any]]) -> Callable[..., Callable[..., Any]]:
    def write_late(name: str, *source: Any, **names: Any) -> Callable[..., Any]:
        written: Callable[..., Any] | None = None

        def method(self: Any, /, *values: Any, **named: Any) -> Any:
            nonlocal written
            if written is None:
                written = _written(method, write(name, *source, **names))
                _put_in_place(type(self), name, method, written)
            return written(self, *values, **named)

        method.__name__ = name
        return method

    return write_late


def _written(method: Callable[..., Any], written: Callable[..., Any]) -> Callable[..., Any]:
    written.__qualname__ = method.__qualname__
    written.__module__ = method.__module__
    return written


def _put_in_place(kind: type, name: str, method: Callable[..., Any], written: Callable[..., Any]) -> None:
    """In the class that has it, an instance's or one above: it is called without a detour then."""
    for one in kind.__mro__:
        if vars(one).get(name) is method:
            setattr(one, name, written)
