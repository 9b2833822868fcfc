"""The parts of an edge by themselves: what it keeps, and whom it lets in while its origin is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from vtp.edge import door as door_module
from vtp.edge.door import ASK_EVERY_S, AWAY_S, Door
from vtp.edge.kept import ENTRY_BYTES
from vtp.edge.origin import Fetched
from vtp.edge.queries import directives, plain_query
from vtp.edge.shelf import FRESH_S, MOST_PLAYLISTS, Shelf
from vtp.errors import Forbidden, Malformed, NotSignedIn, Unavailable
from vtp.recording.grants import Grants, Scope
from vtp.streaming.edge_schemas import EdgeVerdict, Refusal, Watcher
from vtp.tasks import Tasks


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Source:
    """An origin whose answers come when they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Fetched | Unavailable = Fetched(200, (), b"x" * 100)
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, media_id: str, path: str, query: str) -> Fetched:
        self.asked.append(path + query)
        await self.gate.wait()
        if isinstance(self.answer, Unavailable):
            raise self.answer
        return self.answer


async def test_what_many_ask_for_at_once_is_fetched_once() -> None:
    tasks, source = Tasks(), Source()
    shelf = Shelf(source.fetch, 1000, tasks)
    source.gate.clear()
    wanted = [asyncio.create_task(shelf.bring(("r", "/a.m4s", ""))) for _ in range(50)]
    coming = shelf.coming(("r", "/a.m4s", ""))
    source.gate.set()
    assert {(await one).body for one in wanted} == {b"x" * 100} and await coming
    assert (await shelf.bring(("r", "/a.m4s", ""))).status == 200
    assert source.asked == ["/a.m4s"]
    await tasks.close()


@pytest.mark.parametrize("begun", [False, True])
async def test_who_waits_for_an_edge_that_ends_is_told_so(begun: bool) -> None:
    tasks, source = Tasks(), Source()
    shelf = Shelf(source.fetch, 1000, tasks)
    source.gate.clear()
    coming = shelf.coming(("r", "/a.m4s", ""))
    waiting = asyncio.create_task(shelf.bring(("r", "/a.m4s", "")))
    if begun:
        await asyncio.sleep(0)
        assert source.asked == ["/a.m4s"]
    await tasks.close()
    assert not await coming
    with pytest.raises(Unavailable):
        await waiting


async def test_segments_stay_until_memory_is_wanted_and_playlists_for_a_moment() -> None:
    tasks, source, clock = Tasks(), Source(), Clock()
    one = 100 + ENTRY_BYTES
    shelf = Shelf(source.fetch, 2 * one, tasks, clock)
    for name in ("/a.m4s", "/b.m4s", "/playlist.m3u8"):
        await shelf.bring(("r", name, ""))
    assert shelf.numbers()["kept_bytes"] == 2 * one and shelf.get(("r", "/a.m4s", "")) is None
    clock.now_s += FRESH_S + 0.1
    assert shelf.get(("r", "/b.m4s", "")) is not None
    assert shelf.get(("r", "/playlist.m3u8", "")) is None
    assert shelf.numbers()["kept_bytes"] == one
    await tasks.close()


async def test_no_number_of_playlists_pushes_out_a_part_or_takes_more_than_its_share() -> None:
    tasks, source, clock = Tasks(), Source(), Clock()
    shelf = Shelf(source.fetch, 10_000_000, tasks, clock)
    part = ("r", "/seg-00001.0.m4s", "")
    await shelf.bring(part)
    source.answer = Fetched(200, (), b"x" * 20_000)
    for track in range(600):  # 12 MB
        await shelf.bring(("r", f"/{track}/playlist.m3u8", ""))
    assert shelf.get(part) is not None
    assert shelf.numbers()["kept_bytes"] < 10_000_000 / 8 + 2000
    source.answer = Fetched(200, (), b"")
    for track in range(2 * MOST_PLAYLISTS):
        await shelf.bring(("r", f"/{track}/playlist.m3u8", ""))
    assert shelf.get(part) is not None and shelf.get(("r", f"/{track}/playlist.m3u8", "")) is not None
    assert shelf.numbers()["kept_bytes"] <= 100 + (1 + MOST_PLAYLISTS) * ENTRY_BYTES
    clock.now_s += FRESH_S + 0.1
    assert shelf.numbers()["kept_bytes"] == 100 + ENTRY_BYTES
    await tasks.close()


async def test_small_things_count_for_the_memory_that_they_take() -> None:
    tasks, source = Tasks(), Source()
    shelf = Shelf(source.fetch, 100 * ENTRY_BYTES, tasks)
    source.answer = Fetched(200, (), b"")
    for number in range(200):
        await shelf.bring(("r", f"/seg-{number:05}.m4s", ""))
    assert 0 < shelf.numbers()["kept_bytes"] <= 100 * ENTRY_BYTES
    await tasks.close()


async def test_refusals_and_failures_are_passed_on_and_not_kept() -> None:
    tasks, source, clock = Tasks(), Source(), Clock()
    shelf = Shelf(source.fetch, 250, tasks, clock)
    source.answer = Fetched(404, (), b"no")
    assert not await shelf.coming(("r", "/a.m4s", "")), "so that it is asked for by the way that can say why"
    assert (await shelf.bring(("r", "/a.m4s", ""))).status == 404
    assert len(source.asked) == 1, "which asks the origin no second time"
    clock.now_s += FRESH_S + 0.1
    source.answer = Unavailable("away")
    with pytest.raises(Unavailable):
        await shelf.bring(("r", "/a.m4s", ""))
    assert len(source.asked) == 2 and not await shelf.coming(("r", "/a.m4s", ""))
    await tasks.close()


class Asked:
    """An origin that says of everybody what it is told to say."""

    def __init__(self) -> None:
        self.reports: list[list[Watcher]] = []
        self.refusal: Refusal | None = None
        self.away = False
        self.is_broken = False

    async def report(self, watchers: Sequence[Watcher]) -> EdgeVerdict:
        if self.away:
            raise Unavailable("away")
        if self.is_broken:
            raise ValueError("what nobody has thought of")
        self.reports.append(list(watchers))
        refused = [self.refusal] if self.refusal and watchers else []
        return EdgeVerdict(good_for_seconds=2.0, refused=refused)


class Bench:
    def __init__(self) -> None:
        self.clock, self.origin, self.tasks = Clock(), Asked(), Tasks()
        self.grants = Grants(b"k" * 32)
        self.door = Door(self.grants, self.origin.report, self.clock)
        self.key = ("r", self.grants.make("r", Scope.PLAY, "u1~s"), "10.0.0.1")
        self.tasks.start(self.door.run(), "door")


async def test_a_newcomer_is_asked_for_at_once_and_those_who_go_on_with_the_next_round() -> None:
    bench = Bench()
    assert not bench.door.let_in(bench.key)
    await asyncio.gather(*(bench.door.require(bench.key) for _ in range(3)))
    assert bench.door.let_in(bench.key)
    bench.door.count(bench.key, "video", 500, 1)
    bench.clock.now_s += ASK_EVERY_S + 0.1
    await bench.door.require(bench.key)
    other = ("r", bench.grants.make("r", Scope.PLAY, "u2~s"), "10.0.0.1")
    await bench.door.require(other)
    sent = [one for report in bench.origin.reports for watcher in report for one in watcher.sent]
    assert [(one.track, one.bytes, one.segments) for one in sent] == [("video", 500, 1)]
    bench.clock.now_s += 2.1
    assert not bench.door.let_in(bench.key)
    await bench.tasks.close()


async def test_a_refusal_is_the_origins_own_and_is_asked_about_again() -> None:
    bench = Bench()
    bench.origin.refusal = Refusal(index=0, status=403, code="banned", detail="You are banned.")
    with pytest.raises(Forbidden, match="banned"):
        await bench.door.require(bench.key)
    bench.origin.refusal = Refusal(
        index=0, status=503, code="stream_full", detail="Full.", retry_after_seconds=10
    )
    with pytest.raises(Unavailable) as refused:
        await bench.door.require(bench.key)
    assert refused.value.retry_after_s == 10
    bench.origin.refusal = None
    await bench.door.require(bench.key)
    media_id, grant, address = bench.key
    with pytest.raises(NotSignedIn):
        await bench.door.require((media_id, grant + "x", address))
    await bench.tasks.close()


async def test_who_was_let_in_goes_on_for_a_while_when_the_origin_is_away_and_nobody_else_comes() -> None:
    bench = Bench()
    await bench.door.require(bench.key)
    bench.origin.away = True
    bench.clock.now_s += 5
    await bench.door.require(bench.key)
    other = ("r", bench.grants.make("r", Scope.PLAY, "u2~s"), "10.0.0.1")
    with pytest.raises(Unavailable):
        await bench.door.require(other)
    bench.clock.now_s += AWAY_S
    with pytest.raises(Unavailable):
        await bench.door.require(bench.key)
    await bench.tasks.close()


async def test_who_goes_on_while_the_origin_is_away_is_asked_about_when_it_is_back() -> None:
    bench = Bench()
    await bench.door.require(bench.key)
    bench.origin.away = True
    bench.clock.now_s += 2.1  # its yes is over
    await bench.door.require(bench.key)
    bench.clock.now_s += 5  # a question without an answer takes so long
    assert bench.door.let_in(bench.key)
    bench.origin.away = False
    bench.origin.refusal = Refusal(index=0, status=401, code="session_ended", detail="Signed out.")
    bench.clock.now_s += ASK_EVERY_S
    other = ("r", bench.grants.make("r", Scope.PLAY, "u2~s"), "10.0.0.1")
    await bench.door.require(other)  # of the same round of questions
    assert not bench.door.let_in(bench.key)
    await bench.tasks.close()


async def test_an_answer_that_nobody_has_thought_of_ends_no_questions() -> None:
    bench = Bench()
    bench.origin.is_broken = True
    with pytest.raises(Unavailable):
        await bench.door.require(bench.key)
    bench.origin.is_broken = False
    await bench.door.require(bench.key)
    await bench.tasks.close()


async def test_no_more_viewers_than_memory_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "MOST_WATCHERS", 1)
    bench = Bench()
    await bench.door.require(bench.key)
    with pytest.raises(Unavailable):
        await bench.door.require(("r", bench.grants.make("r", Scope.PLAY, "u2~s"), "10.0.0.1"))
    assert bench.door.let_in(bench.key)
    await bench.tasks.close()


PLAYLIST = "/live/a/playlist.m3u8"


@pytest.mark.parametrize(
    ("query", "plain"),
    [
        ("", ""),
        ("_HLS_msn=7", "_HLS_msn=7"),
        ("_HLS_msn=7&_HLS_part=2&_HLS_skip=v2", "_HLS_msn=7&_HLS_part=2&_HLS_skip=YES"),
        ("_HLS_msn=007", None),
        ("_HLS_msn=7&_HLS_skip=maybe", None),
        ("_HLS_part=2&_HLS_msn=7", None),
        ("_HLS_msn=7&x=1", None),
        ("_HLS_msn=7&_HLS_msn=8", None),
    ],
)
def test_one_wish_is_written_in_one_way(query: str, plain: str | None) -> None:
    assert plain_query(PLAYLIST, query) == plain


def test_other_ways_of_writing_a_wish_are_the_same_to_the_origin_and_nonsense_is_refused() -> None:
    assert (
        directives(PLAYLIST, {"_HLS_skip": "v2", "_HLS_msn": "007", "x": "1"}) == "_HLS_msn=7&_HLS_skip=YES"
    )
    for wrong in ({"_HLS_msn": "-1"}, {"_HLS_skip": "maybe"}, {"_HLS_part": "1"}, {"_HLS_msn": "9" * 30}):
        with pytest.raises(Malformed):
            directives(PLAYLIST, wrong)


def test_files_that_never_change_have_no_wishes() -> None:
    assert directives("/live/a/seg-00001.m4s", {"_HLS_msn": "7"}) == ""
    assert plain_query("/live/a/seg-00001.m4s", "") == ""
    assert plain_query("/live/a/seg-00001.m4s", "_HLS_msn=7") is None
