"""Who is next when many passwords wait: by rank, fairly by lane, never beyond the bounds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vtp.accounts.hash_queue import MOST, SHARES, HashQueue, QueueFull, Rank, Share

SMALL = {
    Rank.SIGNED_IN: Share(1, 4, 2),
    Rank.PROVEN: Share(2, 6, 4),
    Rank.UNSUSPECTED: Share(4, 6, 6),
    Rank.OTHERS: Share(8, 4, 2),
}
SMALL_MOST = 10


@dataclass(eq=False)
class Item:
    """Somebody who waits."""

    rank: Rank
    lane: str = "home"


def fill(queue: HashQueue[Item], count: int, rank: Rank, lane: str = "") -> list[Item]:
    """So many of one rank: all in one lane, or each in their own."""
    items = [Item(rank, lane or f"network {number}") for number in range(count)]
    for item in items:
        queue.add(item)
    return items


def served(queue: HashQueue[Item], most: int = 10_000) -> list[Item]:
    taken: list[Item] = []
    while len(taken) < most and (item := queue.take()) is not None:
        taken.append(item)
    return taken


def test_one_address_with_two_hundred_does_not_delay_an_address_with_one() -> None:
    queue: HashQueue[Item] = HashQueue()
    fill(queue, 127, Rank.UNSUSPECTED, "school")
    alone = Item(Rank.UNSUSPECTED, "home")
    queue.add(alone)
    assert served(queue, 2)[1] is alone


def test_who_came_first_in_a_lane_is_served_first() -> None:
    queue: HashQueue[Item] = HashQueue()
    items = fill(queue, 20, Rank.UNSUSPECTED, "school")
    assert served(queue) == items


def test_a_known_device_does_not_wait_for_those_that_have_filled_the_other_ranks() -> None:
    queue: HashQueue[Item] = HashQueue()
    fill(queue, 64, Rank.OTHERS)
    fill(queue, 128, Rank.UNSUSPECTED)
    served(queue, 30)
    known = Item(Rank.PROVEN)
    queue.add(known)
    assert known in served(queue, 2)


def test_a_flood_of_the_best_rank_starves_no_other() -> None:
    queue: HashQueue[Item] = HashQueue()
    for rank in Rank:
        fill(queue, 40, rank)
    counted = Counter(item.rank for item in served(queue, 45))
    assert counted == {
        Rank.SIGNED_IN: 24,
        Rank.PROVEN: 12,
        Rank.UNSUSPECTED: 6,
        Rank.OTHERS: 3,
    }


def test_whom_nobody_is_waiting_beside_saves_up_no_turns() -> None:
    queue: HashQueue[Item] = HashQueue()
    fill(queue, 60, Rank.OTHERS)
    served(queue, 50)
    fill(queue, 30, Rank.PROVEN)
    fill(queue, 10, Rank.UNSUSPECTED)
    counted = Counter(item.rank for item in served(queue, 7))
    assert counted == {Rank.PROVEN: 4, Rank.UNSUSPECTED: 2, Rank.OTHERS: 1}


def test_stuffing_fills_its_own_share_and_no_more() -> None:
    queue: HashQueue[Item] = HashQueue()
    fill(queue, SHARES[Rank.OTHERS].most, Rank.OTHERS)
    with pytest.raises(QueueFull):
        queue.add(Item(Rank.OTHERS, "one more"))
    assert queue.add(Item(Rank.UNSUSPECTED)) is None


def test_one_address_fills_no_more_than_its_lane() -> None:
    queue: HashQueue[Item] = HashQueue()
    fill(queue, SHARES[Rank.OTHERS].most_per_lane, Rank.OTHERS, "attacker")
    with pytest.raises(QueueFull):
        queue.add(Item(Rank.OTHERS, "attacker"))
    assert queue.add(Item(Rank.OTHERS, "another")) is None


def test_when_all_is_full_the_newest_of_the_longest_lane_of_the_worst_rank_makes_place() -> None:
    queue: HashQueue[Item] = HashQueue()
    fill(queue, 100, Rank.PROVEN)
    fill(queue, 120, Rank.UNSUSPECTED)
    fill(queue, MOST - 229, Rank.SIGNED_IN)
    fill(queue, 6, Rank.OTHERS)
    crowd = fill(queue, 3, Rank.OTHERS, "attacker")
    assert len(queue) == MOST
    assert queue.add(Item(Rank.SIGNED_IN)) is crowd[-1]
    assert queue.add(Item(Rank.PROVEN)) is crowd[-2]
    assert len(queue) == MOST


def test_a_newcomer_makes_place_in_their_rank_at_the_cost_of_a_lane_that_has_many() -> None:
    queue: HashQueue[Item] = HashQueue()
    crowd = fill(queue, SHARES[Rank.UNSUSPECTED].most, Rank.UNSUSPECTED, "one address")
    assert queue.add(Item(Rank.UNSUSPECTED, "home")) is crowd[-1]
    with pytest.raises(QueueFull):
        queue.add(Item(Rank.UNSUSPECTED, "one address"))


def test_what_has_left_is_not_served() -> None:
    queue: HashQueue[Item] = HashQueue()
    first, second = fill(queue, 2, Rank.PROVEN, "ann")
    assert queue.remove(first)
    assert not queue.remove(first)
    assert served(queue) == [second]
    assert not queue.remove(second)
    assert queue.take() is None


steps = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(Rank), st.sampled_from("abcd")),
    st.tuples(st.just("take"), st.none(), st.none()),
    st.tuples(st.just("leave"), st.integers(0, 30), st.none()),
)


class Model:
    """The queue beside what must hold of it whatever happens."""

    def __init__(self) -> None:
        self.queue: HashQueue[Item] = HashQueue(SMALL, SMALL_MOST)
        self.waiting: list[Item] = []

    def length(self, item: Item) -> int:
        return sum((one.rank, one.lane) == (item.rank, item.lane) for one in self.waiting)

    def of_rank(self, rank: Rank) -> list[Item]:
        return [one for one in self.waiting if one.rank == rank]

    def add(self, rank: Rank, lane: str) -> None:
        newcomer = Item(rank, lane)
        try:
            displaced = self.queue.add(newcomer)
        except QueueFull:
            self.assert_refused_rightly(newcomer)
            return
        if displaced is not None:
            self.assert_displaced_rightly(displaced, newcomer)
            self.waiting.remove(displaced)
        self.waiting.append(newcomer)

    def assert_refused_rightly(self, newcomer: Item) -> None:
        share, own = SMALL[newcomer.rank], self.of_rank(newcomer.rank)
        lengths = [self.length(one) for one in own]
        if self.length(newcomer) >= share.most_per_lane:
            return
        assert len(own) == share.most or len(self.waiting) == SMALL_MOST
        assert max(lengths, default=0) < self.length(newcomer) + 2
        if len(own) < share.most:
            assert all(one.rank <= newcomer.rank for one in self.waiting)

    def assert_displaced_rightly(self, displaced: Item, newcomer: Item) -> None:
        assert displaced.rank >= newcomer.rank
        assert displaced is [one for one in self.waiting if self.same_lane(one, displaced)][-1]
        if displaced.rank > newcomer.rank:
            assert displaced.rank == max(one.rank for one in self.waiting)
        else:
            assert self.length(displaced) >= self.length(newcomer) + 2

    def take(self) -> None:
        item = self.queue.take()
        assert (item is None) == (not self.waiting)
        if item is not None:
            assert item is next(one for one in self.waiting if self.same_lane(one, item))
            self.waiting.remove(item)

    def leave(self, number: int) -> None:
        if number < len(self.waiting):
            assert self.queue.remove(self.waiting.pop(number))

    def same_lane(self, one: Item, other: Item) -> bool:
        return (one.rank, one.lane) == (other.rank, other.lane)

    def assert_bounded(self) -> None:
        assert len(self.queue) == len(self.waiting) <= SMALL_MOST
        for rank, share in SMALL.items():
            own = self.of_rank(rank)
            assert self.queue.waiting()[rank] == len(own) <= share.most
            assert all(self.length(one) <= share.most_per_lane for one in own)


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=80))
def test_whatever_happens_bounds_hold_and_nobody_is_lost(
    script: Sequence[tuple[str, object, object]],
) -> None:
    model = Model()
    for what, one, other in script:
        if what == "add":
            assert isinstance(one, Rank)
            model.add(one, str(other))
        elif what == "take":
            model.take()
        else:
            assert isinstance(one, int)
            model.leave(one)
        model.assert_bounded()
    assert {id(item) for item in served(model.queue)} == {id(item) for item in model.waiting}


crowds = st.lists(st.tuples(st.sampled_from(Rank), st.sampled_from("abcd")), max_size=60)


@settings(max_examples=300, deadline=None)
@given(crowds, st.integers(0, 20))
def test_lanes_of_one_rank_take_turns_one_by_one(crowd: list[tuple[Rank, str]], begun: int) -> None:
    queue: HashQueue[Item] = HashQueue()
    waiting: Counter[tuple[Rank, str]] = Counter()
    for rank, lane in crowd:
        with_room = waiting[rank, lane] < SHARES[rank].most_per_lane
        if with_room:
            queue.add(Item(rank, lane))
            waiting[rank, lane] += 1
    for item in served(queue, begun):
        waiting[item.rank, item.lane] -= 1
    since: defaultdict[tuple[Rank, str], Counter[str]] = defaultdict(Counter)
    for item in served(queue):
        assert not [lane for lane, count in since[item.rank, item.lane].items() if count > 1]
        since[item.rank, item.lane].clear()
        waiting[item.rank, item.lane] -= 1
        for (rank, lane), count in waiting.items():
            if rank == item.rank and lane != item.lane and count:
                since[rank, lane][item.lane] += 1


@settings(max_examples=300, deadline=None)
@given(crowds)
def test_no_rank_waits_for_longer_than_its_stride(crowd: list[tuple[Rank, str]]) -> None:
    queue: HashQueue[Item] = HashQueue()
    waiting: Counter[Rank] = Counter()
    for rank, lane in crowd:
        try:
            queue.add(Item(rank, lane))
        except QueueFull:
            continue
        waiting[rank] += 1
    passed: Counter[Rank] = Counter()
    for item in served(queue):
        passed[item.rank] = 0
        waiting[item.rank] -= 1
        for rank in Rank:
            passed[rank] += rank != item.rank and waiting[rank] > 0
            others = sum(-(-SHARES[rank].stride // SHARES[one].stride) + 1 for one in Rank if one != rank)
            assert passed[rank] <= others
