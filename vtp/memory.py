"""Freed memory, which glibc keeps until it is asked to give it back."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any


async def give_back() -> None:
    """Gives what is free back to the system; does nothing where the C library has no `malloc_trim`."""
    trim = _malloc_trim()
    if trim is not None:
        await asyncio.to_thread(trim, 0)


@cache
def _malloc_trim() -> Callable[[int], Any] | None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return None
    trim.argtypes = [ctypes.c_size_t]
    trim.restype = ctypes.c_int
    function: Callable[[int], Any] = trim
    return function
