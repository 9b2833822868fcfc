"""Whom a grant lets through: found out once, and anew as soon as it may be otherwise."""

from __future__ import annotations

import pytest

from tests.unit.test_recording_holders import Bench
from vtp.errors import Forbidden, Unavailable
from vtp.http.client import Client
from vtp.http.express import Asker
from vtp.recording.grants import PLAIN_NAME, TTL_S, Grants, Scope
from vtp.recording.holders import RECHECK_S, holder_of_edge
from vtp.recording.passes import AHEAD_S, MOST_KEPT, Passes
from vtp.recording.viewers import GONE_S, Viewers, Viewership
from vtp.tasks import Tasks

MEDIA = "r"
HOLDER = "slink~room!01"
IN_PATH = "llink~!tab12"


class Gate:
    """Passes over holders with a clock that tests set; one viewer was let in by the usual way."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.wall_s = 1e9
        self.grants = Grants(b"key", lambda: self.wall_s)
        self.viewers = Viewers(clock=lambda: self.bench.now)
        self.viewership = Viewership()
        self.viewership.open(MEDIA, self.viewers)
        self.tasks = Tasks()
        self.passes = Passes(self.grants, self.bench.holders, self.viewership, self.tasks)

    async def let_in(self, holder: str = HOLDER) -> Asker:
        await self.bench.holders.require(holder, MEDIA, Scope.PLAY, "a")
        self.viewers.admit(holder)
        return self.asker(self.grants.make(MEDIA, Scope.PLAY, holder))

    def asker(self, *grants: str) -> Asker:
        cookies = "; ".join(f"{PLAIN_NAME}={grant}" for grant in grants)
        return Asker(Client("a", secure=False, local=False, host="h"), f"theme=dark; {cookies}", zipped=True)

    def session(self, asker: Asker, in_path: str = "") -> str | None:
        found = self.passes.find(asker, MEDIA, in_path)
        return None if found is None else found.session


async def test_who_was_let_in_passes_and_what_they_are_sent_is_counted() -> None:
    gate = Gate()
    asker = await gate.let_in()
    found = gate.passes.find(asker, MEDIA)
    assert found is not None and found.session == HOLDER
    found.count("video", 1000, 1)
    found.count("video", 100, 0)
    (viewer,) = gate.viewers.present
    assert (viewer.bytes, viewer.segments, viewer.rendition) == (1100, 1, "video")
    assert gate.passes.find(asker, MEDIA) is found


async def test_a_change_of_rights_is_asked_for_at_once() -> None:
    gate = Gate()
    asker = await gate.let_in()
    assert gate.session(asker) == HOLDER
    gate.bench.holders.forget()
    assert gate.session(asker) is None
    await gate.bench.holders.require(HOLDER, MEDIA, Scope.PLAY, "a")
    assert gate.session(asker) == HOLDER


async def test_what_was_found_out_is_good_for_as_long_as_it_was() -> None:
    gate = Gate()
    asker = await gate.let_in()
    gate.bench.now += RECHECK_S / 2
    assert gate.session(asker) == HOLDER
    gate.bench.now += RECHECK_S / 2
    assert gate.session(asker) is None, "since it was asked, not since it was found out"
    assert len(gate.tasks) == 0


async def test_who_goes_on_is_asked_about_before_it_must_be_once_for_all_and_goes_on_meanwhile() -> None:
    gate = Gate()
    asker = await gate.let_in()
    others = [gate.asker(gate.grants.make(MEDIA, Scope.PLAY, f"{HOLDER}{number}")) for number in range(9)]
    for number in range(9):
        gate.viewers.admit(f"{HOLDER}{number}")
    assert gate.session(asker) == HOLDER and len(gate.bench.catalogue.asked) == 1
    gate.bench.now += RECHECK_S - AHEAD_S
    assert all(gate.session(one) is not None for one in (asker, *others))
    assert len(gate.tasks) == 1
    await gate.tasks.settle()
    assert len(gate.bench.catalogue.asked) == 2
    gate.bench.now += AHEAD_S + 1
    assert all(gate.session(one) is not None for one in (asker, *others))
    assert len(gate.tasks) == 0, "it is known for as long as that again"


async def test_who_lost_their_right_meanwhile_passes_no_more() -> None:
    gate = Gate()
    asker = await gate.let_in()
    gate.bench.now += RECHECK_S - AHEAD_S
    gate.bench.catalogue.error = Forbidden("no")
    assert gate.session(asker) == HOLDER
    await gate.tasks.settle()
    assert gate.session(asker) is None
    with pytest.raises(Forbidden):
        await gate.bench.holders.require(HOLDER, MEDIA, Scope.PLAY, "a")


async def test_while_nobody_can_answer_who_was_let_in_passes_for_as_long_as_it_was_known() -> None:
    gate = Gate()
    asker = await gate.let_in()
    gate.bench.now += RECHECK_S - AHEAD_S
    gate.bench.catalogue.error = Unavailable("away")
    for _ in range(3):
        assert gate.session(asker) == HOLDER
        await gate.tasks.settle()
    assert len(gate.bench.catalogue.asked) == 2, "not asked again at once"
    gate.bench.now += AHEAD_S
    assert gate.session(asker) is None, "`require` decides"
    await gate.bench.holders.require(HOLDER, MEDIA, Scope.PLAY, "a")


async def test_rights_that_change_while_it_is_asked_are_asked_for_anew() -> None:
    gate = Gate()
    asker = await gate.let_in()
    gate.bench.now += RECHECK_S - AHEAD_S
    assert gate.session(asker) == HOLDER
    gate.bench.holders.forget()
    await gate.tasks.settle()
    assert gate.session(asker) is None


async def test_a_server_that_ends_asks_no_more() -> None:
    gate = Gate()
    asker = await gate.let_in()
    await gate.tasks.close()
    gate.bench.now += RECHECK_S - AHEAD_S
    assert gate.session(asker) == HOLDER


async def test_a_grant_that_ends_opens_nothing_more() -> None:
    gate = Gate()
    asker = await gate.let_in()
    assert gate.session(asker) == HOLDER
    gate.wall_s += TTL_S
    assert gate.session(asker) is None


async def test_who_watches_no_more_is_admitted_anew_first() -> None:
    gate = Gate()
    asker = await gate.let_in()
    assert gate.session(asker) == HOLDER
    gate.viewers.leave(HOLDER)
    assert gate.session(asker) is None
    gate.viewers.admit(HOLDER)
    assert gate.session(asker) == HOLDER
    gate.bench.now += GONE_S + 1
    assert gate.session(asker) is None


async def test_what_is_counted_no_more_needs_no_viewer() -> None:
    gate = Gate()
    asker = await gate.let_in()
    assert gate.session(asker) == HOLDER
    gate.viewership.close(MEDIA)
    found = gate.passes.find(asker, MEDIA)
    assert found is not None
    found.count("video", 1, 1)
    assert not gate.viewers.served


@pytest.mark.parametrize("offered", [[], ["other"], ["good", "good"], ["good", "other"]])
async def test_one_grant_is_offered_and_it_is_good(offered: list[str]) -> None:
    gate = Gate()
    await gate.let_in()
    good = gate.grants.make(MEDIA, Scope.PLAY, HOLDER)
    other = gate.grants.make("another", Scope.PLAY, HOLDER)
    assert gate.session(gate.asker(*({"good": good, "other": other}[one] for one in offered))) is None
    assert gate.session(gate.asker(good)) == HOLDER


async def test_a_grant_opens_where_it_belongs_and_each_address_that_comes_by_it_is_a_viewer() -> None:
    gate = Gate()
    await gate.let_in(IN_PATH)
    grant = gate.grants.make(MEDIA, Scope.PLAY, IN_PATH)
    assert gate.session(gate.asker(grant)) is None, "not in a cookie"
    assert gate.session(gate.asker(), grant) is None, "this address does not watch yet"
    gate.viewers.admit(f"{IN_PATH}@a")
    assert gate.session(gate.asker(), grant) == f"{IN_PATH}@a"
    plain = gate.grants.make(MEDIA, Scope.PLAY, HOLDER)
    await gate.bench.holders.require(HOLDER, MEDIA, Scope.PLAY, "a")
    assert gate.session(gate.asker(), plain) is None, "not in a path"


async def test_an_edge_watches_for_nobody() -> None:
    gate = Gate()
    asker = await gate.let_in(holder_of_edge("paris"))
    gate.viewers.leave(holder_of_edge("paris"))
    assert gate.session(asker) == "" and len(gate.viewers) == 0


async def test_little_is_kept_of_a_connection() -> None:
    gate = Gate()
    asker = await gate.let_in()
    for number in range(MOST_KEPT + 1):
        media_id = f"r{number}"
        holder = f"slink{number}~room"
        await gate.bench.holders.require(holder, media_id, Scope.PLAY, "a")
        asker.cookies = f"{PLAIN_NAME}={gate.grants.make(media_id, Scope.PLAY, holder)}"
        assert gate.passes.find(asker, media_id) is not None
    assert len(asker.memory) <= MOST_KEPT
