"""Background tasks: none dies unseen, none outlives its owner."""

from __future__ import annotations

import asyncio
import gc

import pytest

from vtp.tasks import Tasks


async def test_death_of_a_task_is_logged_under_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async def die() -> None:
        raise RuntimeError("the reason")

    tasks = Tasks()
    tasks.start(die(), "recorder of physics")
    await tasks.settle()
    assert "recorder of physics" in caplog.text
    assert "the reason" in caplog.text


async def test_close_cancels_and_awaits_what_runs() -> None:
    ended = asyncio.Event()

    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    tasks = Tasks()
    tasks.start(run(), "endless")
    await asyncio.sleep(0)
    await tasks.close()
    assert ended.is_set()
    assert len(tasks) == 0


async def test_nothing_starts_after_close() -> None:
    tasks = Tasks()
    await tasks.close()
    with pytest.raises(RuntimeError, match="after its owner was closed"):
        tasks.start(asyncio.sleep(0), "late")


async def test_a_task_that_is_cancelled_before_its_first_step_leaves_no_coroutine_behind() -> None:
    tasks = Tasks()
    tasks.start(asyncio.sleep(60), "never begun")
    await tasks.close()
    gc.collect()
