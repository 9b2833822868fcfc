"""Whose picture is made next, and who has no place."""

from __future__ import annotations

import asyncio

import pytest

from vtp.accounts.picture_turns import MOST_WAITING, MOST_WAITING_UNVERIFIED, PictureTurns
from vtp.errors import RateLimited, Unavailable


class Hall:
    """People who come for a turn and leave; `made` says whose picture was made."""

    def __init__(self) -> None:
        self.turns = PictureTurns()
        self.made: list[str] = []
        self.gone: set[str] = set()
        self.shutter = asyncio.Event()

    async def come(self, account: str, *, verified: bool = True) -> asyncio.Task[None]:
        task = asyncio.create_task(self._put(account, verified))
        await asyncio.sleep(0)
        return task

    async def _put(self, account: str, verified: bool) -> None:
        async with self.turns.turn(account, verified=verified, is_gone=lambda: account in self.gone):
            self.made.append(account)
            await self.shutter.wait()


async def test_one_at_a_time_verified_people_first_and_in_the_order_they_came() -> None:
    hall = Hall()
    tasks = [await hall.come("a")]
    tasks += [await hall.come(f"new {n}", verified=False) for n in range(2)]
    tasks += [await hall.come(f"known {n}") for n in range(2)]
    assert (hall.made, len(hall.turns)) == (["a"], 4)
    hall.shutter.set()
    await asyncio.gather(*tasks)
    assert hall.made == ["a", "known 0", "known 1", "new 0", "new 1"]


async def test_one_picture_of_an_account_is_in_hand_waiting_or_being_made() -> None:
    hall = Hall()
    tasks = [await hall.come("a"), await hall.come("b")]
    for account in "ab":
        with pytest.raises(RateLimited):
            await (await hall.come(account))
    hall.shutter.set()
    await asyncio.gather(*tasks)
    await (await hall.come("a"))
    assert hall.made == ["a", "b", "a"]


async def test_who_is_not_approved_takes_no_place_of_others() -> None:
    hall = Hall()
    tasks = [await hall.come("a")]
    tasks += [await hall.come(f"new {n}", verified=False) for n in range(MOST_WAITING_UNVERIFIED)]
    with pytest.raises(Unavailable):
        await (await hall.come("one more", verified=False))
    tasks += [await hall.come(f"known {n}") for n in range(MOST_WAITING)]
    with pytest.raises(Unavailable):
        await (await hall.come("another"))
    hall.shutter.set()
    await asyncio.gather(*tasks)


async def test_who_has_gone_gets_no_turn_and_keeps_no_place() -> None:
    hall = Hall()
    first = await hall.come("a")
    waiting = [await hall.come(f"new {n}", verified=False) for n in range(MOST_WAITING_UNVERIFIED)]
    hall.gone = {"new 0", "new 1"}
    newest = await hall.come("newest", verified=False)
    hall.gone |= {"new 2"}
    hall.shutter.set()
    ends = await asyncio.gather(first, *waiting, newest, return_exceptions=True)
    assert [isinstance(end, Unavailable) for end in ends] == [False, True, True, True, False, False]
    assert hall.made == ["a", "new 3", "newest"]


async def test_who_is_broken_off_while_waiting_or_in_their_turn_holds_up_nobody() -> None:
    hall = Hall()
    first, second, third = [await hall.come(account) for account in "abc"]
    second.cancel()
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    hall.shutter.set()
    await third
    assert hall.made == ["a", "c"]
