"""What followers wait for, at an edge: made-up wishes cost the origin next to nothing, true ones are met."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.hls_duties import read
from tests.unit.test_edge_parts import Clock
from tests.unit.test_recording_live import TICK_NS, Class, lecture
from vtp.edge.extent import Extent
from vtp.edge.origin import Fetched
from vtp.edge.queries import query_of, wish_in
from vtp.edge.shelf import FRESH_S, Shelf
from vtp.errors import Malformed, Unavailable
from vtp.recording.manifest import Manifest
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish
from vtp.tasks import Tasks

PATH = "/live/physics/0/video/playlist.m3u8"


class Origin:
    """A class whose view is asked as a server's is, and which goes on with the edge's clock."""

    def __init__(self, folder: Path) -> None:
        self.lecture = Class(folder, *lecture(12))
        self.clock, self.tasks = Clock(), Tasks()
        self.shelf = Shelf(self.fetch, 10_000_000, self.tasks, self.clock)
        self.asked: list[str] = []
        self.view: RecordingView = self.lecture.view
        self.newcomers: RecordingView | None = None  # what who has never followed it sees, once it is saved

    async def fetch(self, media_id: str, path: str, query: str) -> Fetched:
        self.asked.append(query)
        wish = wish_in(query)
        view = self.view if wish.follows else self.newcomers or self.view
        try:
            found = await view.follow("video", wish)
        except Malformed:
            return Fetched(400, (), b"too far ahead")
        return Fetched(200, (("Content-Encoding", "gzip"),), found.zipped)

    def run(self, seconds: float) -> None:
        before_s = self.lecture.now_ns / NS
        self.lecture.run(before_s + seconds)
        self.clock.now_s += self.lecture.now_ns / NS - before_s

    @property
    def extent(self) -> Extent:
        found = self.lecture.view.ready("video", Wish(0))  # which is there: as it is now
        assert found is not None and not isinstance(found, asyncio.Future)
        return Extent.of(Fetched(200, (), found.text))

    async def bring(self, wish: Wish) -> Fetched:
        return await self.shelf.bring(("r", PATH, query_of(wish)))


@pytest.fixture
async def origin(tmp_path: Path) -> AsyncIterator[Origin]:
    made = Origin(tmp_path)
    made.run(6.2)
    yield made
    await made.tasks.close()


def test_how_far_a_playlist_has_come_is_read_from_whole_ones_and_delta_updates(origin: Origin) -> None:
    for _ in range(40):
        origin.run(TICK_NS / NS)
        now = origin.lecture.view._now("video")
        for skip in (False, True):
            found = origin.lecture.view.ready("video", Wish(0, skip=skip))
            assert found is not None and not isinstance(found, asyncio.Future)
            extent = Extent.of(Fetched(200, (), found.text))
            assert (extent.next_msn, extent.parts, extent.ended) == (len(now.segments), len(now.parts), False)
            for msn in range(extent.next_msn + 3):
                for part in (None, *range(12)):
                    assert extent.has(Wish(msn, part)) <= now.has(msn, part), (msn, part)
                    assert msn == extent.next_msn - 1 or extent.has(Wish(msn, part)) == now.has(msn, part)


async def test_made_up_wishes_cost_the_origin_next_to_nothing(origin: Origin) -> None:
    seeded = random.Random(7)
    answered = refused = 0
    for _ in range(3000):
        far = seeded.random() < 0.5
        msn = seeded.randrange(10, 10**9) if far else seeded.randrange(2)
        wish = Wish(msn, seeded.choice([None, seeded.randrange(10**6)]), seeded.random() < 0.5)
        try:
            found = await origin.bring(wish)
        except Malformed:
            refused += far
        else:
            answered += found.status == 200 and not far
    assert answered > 1000 and refused > 1000 and answered + refused == 3000
    assert len(origin.asked) <= 3, origin.asked
    # and those that are but a little too far ahead, which the origin itself refuses
    extent = origin.extent
    for _ in range(50):
        assert (await origin.bring(Wish(extent.next_msn + 3))).status == 400
    assert len(origin.asked) <= 4, origin.asked


async def test_all_wishes_that_may_come_true_are_few_and_each_is_asked_for_once(origin: Origin) -> None:
    extent = origin.extent
    wishes = [
        Wish(extent.next_msn + ahead, part, skip)
        for ahead in range(6)
        for part in (None, *range(200))
        for skip in (False, True)
    ]
    waiting = [asyncio.create_task(origin.bring(wish)) for wish in [*wishes, *wishes]]
    await settle()
    assert 30 < len(origin.asked) < 150
    origin.lecture.finish()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    for one in done:
        assert isinstance(one, Fetched | Malformed | Unavailable), one


async def test_a_follower_gets_each_part_as_it_comes_and_the_end_in_the_same_words(origin: Origin) -> None:
    seen, skip = 0, False
    while True:
        extent = origin.extent
        wish = Wish(extent.next_msn, extent.parts, skip)
        waiting = [asyncio.create_task(origin.bring(wish)) for _ in range(3)]
        await settle()
        if origin.lecture.now_ns > 11 * NS:
            origin.lecture.finish()
            await settle()
        while not all(one.done() for one in waiting):
            origin.run(TICK_NS / NS)
            await settle()
        got = {(await one).body for one in waiting}
        assert len(got) == 1
        found = Extent.of(await waiting[0])
        assert found.has(wish)
        seen, skip = seen + 1, True
        if found.ended:
            break
    assert seen >= 12 and len(origin.asked) <= seen + 3
    origin.view = ended_view(origin)
    before = len(origin.asked)
    for msn in range(50):
        again = await origin.bring(Wish(msn))
        assert b"EVENT" in gunzip(again) and read(gunzip(again).decode()).ended
    assert len(origin.asked) <= before + 1
    plain = await origin.bring(Wish())
    assert b"PLAYLIST-TYPE:VOD" in gunzip(plain), "who comes now has never followed it"


async def test_what_is_kept_of_one_way_of_asking_does_not_stand_for_a_newer_wish_in_another(
    origin: Origin,
) -> None:
    await origin.bring(Wish())
    extent = origin.extent
    wish = Wish(extent.next_msn, extent.parts, True)
    newer = asyncio.create_task(origin.bring(wish))
    while not newer.done():
        await settle()
        origin.lecture.tick()  # within the time for which the first one is good
    whole = await origin.bring(Wish(wish.msn, wish.part))
    assert Extent.of(whole).has(wish)
    asked = len(origin.asked)
    assert Extent.of(await origin.bring(Wish(wish.msn, wish.part))).has(wish) and len(origin.asked) == asked
    origin.clock.now_s += FRESH_S + 0.1
    await origin.bring(Wish(0))
    assert len(origin.asked) == asked + 1


async def test_who_comes_while_followers_catch_up_does_not_bring_them_the_end(origin: Origin) -> None:
    origin.lecture.segmenter.finish()
    origin.lecture._show()
    origin.newcomers = ended_view(origin)
    last = origin.extent
    for skip in (False, True):
        follower = Wish(last.next_msn - 1, None, skip)
        assert not Extent.of(await origin.bring(follower)).ended
        assert Extent.of(await origin.bring(Wish())).ended, "who comes now has never followed it"
        followed = await origin.bring(follower)
        assert not Extent.of(followed).ended and b"EVENT" in gunzip(followed)
        waiting = asyncio.create_task(origin.bring(Wish(last.next_msn, 0, skip)))
        await settle()
        assert not waiting.done(), "there is none yet, and no end"
        assert Extent.of(await origin.bring(Wish())).ended
        waiting.cancel()
    assert len(origin.asked) < 15, origin.asked
    waits = asyncio.create_task(origin.bring(Wish(last.next_msn, 0)))
    await settle()
    origin.lecture.view.end()
    told = await waits
    assert Extent.of(told).ended and b"EVENT" in gunzip(told)
    assert b"PLAYLIST-TYPE:VOD" in gunzip(await origin.bring(Wish()))


async def settle() -> None:
    """Everything that can go on has."""
    for _ in range(60):
        await asyncio.sleep(0)


def ended_view(origin: Origin) -> RecordingView:
    manifest: Manifest = origin.lecture.view.manifest
    return RecordingView(manifest, origin.lecture.indexes, ended=True)


def gunzip(fetched: Fetched) -> bytes:
    return gzip.decompress(fetched.body)
