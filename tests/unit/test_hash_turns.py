"""Turns: whose comes first, who gets none, and what becomes of those who have left."""

from __future__ import annotations

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest

from vtp.accounts import hash_turns
from vtp.accounts.audit import Origin
from vtp.accounts.claims import SYSTEM, Claim, of_person, of_proof, of_stranger
from vtp.accounts.hash_queue import SHARES, Rank
from vtp.accounts.hash_turns import HashTurns
from vtp.errors import RateLimited, Unavailable, VtpError

HERE = Origin(ip="192.0.2.1")


class Work:
    """What is done one by one, the first of it until a gate is opened."""

    def __init__(self, turns: HashTurns) -> None:
        self.turns = turns
        self.done: list[str] = []
        self.gate = asyncio.Event()

    def shut(self) -> asyncio.Task[None]:
        """Takes the turn until the gate is opened."""
        return asyncio.create_task(self._wait())

    def put(self, claim: Claim, name: str) -> asyncio.Task[None]:
        return asyncio.create_task(self._do(claim, name))

    async def _wait(self) -> None:
        async with self.turns.turn(SYSTEM):
            await self.gate.wait()

    async def _do(self, claim: Claim, name: str) -> None:
        async with self.turns.turn(claim):
            self.done.append(name)


@pytest.fixture
async def work() -> Work:
    return Work(HashTurns(1))


async def behind_the_gate(work: Work, *tasks: asyncio.Task[None]) -> None:
    """Until all of them wait."""
    await asyncio.sleep(0)
    assert sum(count for name, count in work.turns.numbers().items() if "waiting" in name) == len(tasks)


def stranger(address: str, *, suspected: bool = False) -> Claim:
    return of_stranger(Origin(ip=address), suspected=suspected)


async def test_better_claims_overtake_those_that_came_before_them(work: Work) -> None:
    first = work.shut()
    tasks = [
        work.put(stranger("198.51.100.1", suspected=True), "suspect"),
        work.put(stranger("192.0.2.1"), "stranger"),
        work.put(of_proof("ann", HERE), "known device"),
        work.put(of_person("ben", HERE), "signed in"),
    ]
    await behind_the_gate(work, *tasks)
    work.gate.set()
    await asyncio.gather(first, *tasks)
    assert work.done == ["signed in", "known device", "stranger", "suspect"]


async def test_who_is_suspected_while_waiting_is_overtaken_by_who_is_not(work: Work) -> None:
    first, guessed = work.shut(), [False]
    tasks = [
        *(
            work.put(
                of_stranger(Origin(f"198.51.100.{number}"), falls_on_account=lambda: guessed[0]), "guess"
            )
            for number in range(20)
        ),
        work.put(stranger("192.0.2.1"), "newcomer"),
        work.put(stranger("192.0.2.2"), "another"),
    ]
    await behind_the_gate(work, *tasks)
    guessed[0] = True
    work.gate.set()
    await asyncio.gather(first, *tasks)
    assert sorted(work.done[:3]) == ["another", "guess", "newcomer"], (
        "a turn that nobody had counts for nobody"
    )
    assert work.done.count("guess") == 20
    assert work.turns.numbers()["sunk"] == 20


async def test_who_sinks_into_a_full_rank_is_told_to_come_back(work: Work) -> None:
    first, guessed = work.shut(), [False]
    most = SHARES[Rank.OTHERS].most
    crowd = [work.put(stranger(f"198.51.100.{number}", suspected=True), "guess") for number in range(most)]
    sinking = work.put(of_stranger(Origin("192.0.2.1"), falls_on_account=lambda: guessed[0]), "sinking")
    newcomer = work.put(stranger("192.0.2.2"), "newcomer")
    await behind_the_gate(work, *crowd, sinking, newcomer)
    guessed[0] = True
    work.gate.set()
    with pytest.raises(Unavailable):
        await sinking
    await asyncio.gather(first, newcomer, *crowd)
    assert work.done == ["newcomer", *["guess"] * most]


async def test_who_holds_up_nobody_else_keeps_the_place(work: Work) -> None:
    first, guessed = work.shut(), [False]
    suspected = [
        work.put(of_stranger(Origin("192.0.2.1"), falls_on_account=lambda: guessed[0]), "guess")
        for _ in range(30)
    ]
    await behind_the_gate(work, *suspected)
    guessed[0] = True
    work.gate.set()
    await asyncio.gather(first, *suspected)
    assert work.done == ["guess"] * 30 and work.turns.numbers()["sunk"] == 0


async def test_what_is_dropped_takes_no_turn_from_its_rank(work: Work) -> None:
    first, here = work.shut(), [True]
    tasks = [
        *(
            work.put(of_stranger(Origin(f"198.51.100.{number}", is_gone=lambda: not here)), "gone")
            for number in range(20)
        ),
        *(work.put(stranger(f"203.0.113.{number}", suspected=True), "guess") for number in range(20)),
        work.put(stranger("192.0.2.1"), "newcomer"),
    ]
    await behind_the_gate(work, *tasks)
    here.clear()
    work.gate.set()
    await asyncio.gather(first, *tasks, return_exceptions=True)
    assert "newcomer" in work.done[:2]


async def test_a_turn_in_which_something_fails_ends(work: Work) -> None:
    with pytest.raises(ValueError, match="no such hash"):
        async with work.turns.turn(SYSTEM):
            raise ValueError("no such hash")
    await work.put(SYSTEM, "next")
    assert work.done == ["next"]


async def test_whose_connection_has_closed_costs_no_hash(work: Work) -> None:
    first, here = work.shut(), [True]
    gone = work.put(of_stranger(Origin("192.0.2.1", is_gone=lambda: not here)), "gone")
    await behind_the_gate(work, gone)
    here.clear()
    work.gate.set()
    await first
    with pytest.raises(Unavailable):
        await gone
    assert work.done == []
    assert work.turns.numbers()["dropped"] == 1


async def test_what_a_check_refuses_costs_no_hash(work: Work) -> None:
    def refuse() -> None:
        raise RateLimited("The account waits.", retry_after_s=30)

    first = work.shut()
    refused = work.put(Claim(Rank.OTHERS, "a", (refuse,)), "refused")
    await behind_the_gate(work, refused)
    work.gate.set()
    await first
    with pytest.raises(RateLimited):
        await refused
    assert work.done == []


async def test_who_has_waited_too_long_is_told_so_and_costs_no_hash(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = work.shut()
    await behind_the_gate(work)
    monkeypatch.setattr(hash_turns, "MOST_WAIT_S", 0.0)
    with pytest.raises(Unavailable):
        await work.put(stranger("192.0.2.1"), "overdue")
    work.gate.set()
    await first
    assert work.done == []
    assert work.turns.numbers()["overdue"] == 1


async def test_who_is_cancelled_leaves_the_queue(work: Work) -> None:
    first = work.shut()
    left = work.put(stranger("192.0.2.1"), "left")
    await behind_the_gate(work, left)
    left.cancel()
    await asyncio.wait([left])
    await behind_the_gate(work)
    work.gate.set()
    await first
    assert work.done == []


async def test_who_is_cancelled_at_the_moment_of_their_turn_gives_it_back(work: Work) -> None:
    async with work.turns.turn(SYSTEM):
        second, third = work.put(SYSTEM, "second"), work.put(SYSTEM, "third")
        await behind_the_gate(work, second, third)
    second.cancel()
    await asyncio.wait([second, third])
    assert second.cancelled()
    assert work.done == ["third"]


async def test_several_have_their_turns_at_once_and_no_more(work: Work) -> None:
    work.turns = HashTurns(2)
    tasks = [work.shut(), work.shut(), work.put(SYSTEM, "third")]
    await behind_the_gate(work, tasks[-1])
    work.gate.set()
    await asyncio.gather(*tasks)
    assert work.done == ["third"]


async def test_stuffing_is_told_to_come_back_and_a_newcomer_is_not(work: Work) -> None:
    first = work.shut()
    most = SHARES[Rank.OTHERS].most
    crowd = [work.put(stranger(f"198.51.100.{number}", suspected=True), "guess") for number in range(most)]
    await behind_the_gate(work, *crowd)
    refused = stranger("198.51.100.250", suspected=True)
    with pytest.raises(Unavailable) as told:
        await work.put(refused, "guess")
    assert told.value.retry_after_s >= 1
    newcomer = work.put(stranger("192.0.2.1"), "newcomer")
    await behind_the_gate(work, *crowd, newcomer)
    work.gate.set()
    await asyncio.gather(first, newcomer, *crowd)
    assert "newcomer" in work.done[:2]


async def test_who_is_displaced_is_told_to_come_back(work: Work) -> None:
    first = work.shut()
    most = SHARES[Rank.UNSUSPECTED].most
    school = [work.put(stranger("203.0.113.7"), "pupil") for _ in range(most)]
    await behind_the_gate(work, *school)
    newcomer = work.put(stranger("192.0.2.1"), "newcomer")
    with pytest.raises(Unavailable):
        await school[-1]
    work.gate.set()
    await asyncio.gather(first, newcomer, *school[:-1])
    assert len(work.done) == most
    assert work.turns.numbers()["displaced"] == 1


async def refused(turns: HashTurns, claim: Claim) -> None:
    with pytest.raises(VtpError):
        async with turns.turn(claim):
            pass


@pytest.mark.parametrize("why", ["checked", "sunk"])
async def test_who_is_refused_leaves_nothing_to_look_for(work: Work, why: str) -> None:
    """Garbage that holds itself costs the loop milliseconds, thousands of times in an attack."""
    first, guessed = work.shut(), [False]
    most = SHARES[Rank.OTHERS].most if why == "sunk" else 0
    crowd = [work.put(stranger(f"198.51.100.{number}", suspected=True), "guess") for number in range(most)]
    await behind_the_gate(work, *crowd)

    def check() -> None:
        if why == "checked":
            raise RateLimited("The account waits.", retry_after_s=30)

    claim = of_stranger(HERE, falls_on_account=lambda: guessed[0])
    waiting = asyncio.create_task(refused(work.turns, replace(claim, checks=(check,))))
    held = weakref.ref(check)
    del check, claim
    crowd.append(work.put(stranger("192.0.2.2"), "newcomer"))
    await behind_the_gate(work, *crowd, waiting)
    guessed[0] = why == "sunk"
    gc.disable()
    try:
        work.gate.set()
        await asyncio.gather(first, waiting, *crowd)
        del waiting
        assert held() is None
    finally:
        gc.enable()


async def test_closing_cancels_what_waits(work: Work) -> None:
    first = work.shut()
    waiting = work.put(SYSTEM, "waiting")
    await behind_the_gate(work, waiting)
    work.turns.close()
    work.gate.set()
    await asyncio.wait([first, waiting])
    assert waiting.cancelled()
    assert work.done == []
