"""The watch over the event loop sees what it is for."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.loop_watch import unblocked_loop


async def test_callback_that_sleeps_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="was blocked by"), unblocked_loop(wall_limit_s=0.05):
        asyncio.get_running_loop().call_soon(time.sleep, 0.1)
        await asyncio.sleep(0.01)


async def test_callback_that_computes_fails_the_test() -> None:
    def compute() -> None:
        end_s = time.thread_time() + 0.06
        while time.thread_time() < end_s:
            pass

    with pytest.raises(AssertionError, match="was blocked by"), unblocked_loop(cpu_limit_s=0.05):
        asyncio.get_running_loop().call_soon(compute)
        await asyncio.sleep(0.01)


async def test_work_in_a_thread_passes() -> None:
    with unblocked_loop(wall_limit_s=0.5):
        await asyncio.to_thread(time.sleep, 0.6)
