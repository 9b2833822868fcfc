"""What happens in a class while it is recorded is noted: once for what happens together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.live_room import open_room
from tests.unit.test_rooms_polls import poll
from tests.unit.test_rooms_presenting import Sender
from vtp.http.identity import Role
from vtp.recording.chapter_list import Kind
from vtp.recording.chapter_store import Happened
from vtp.recording.chapter_watch import MAX_CHAPTERS, ChapterWatch
from vtp.recording.recorder import Recorder
from vtp.recording.session import RecordingSession
from vtp.rooms.live import LiveRoom
from vtp.rooms.polls import BallotBox, RoomPolls
from vtp.rooms.sources import SOURCE
from vtp.tasks import Tasks


class Watched:
    """A room whose chapters are noted; nothing is recorded, as files are not what this is about."""

    def __init__(self, live: LiveRoom, folder: Path) -> None:
        self.live = live
        self.polls = RoomPolls()
        self.session = RecordingSession(live, Recorder(folder, "r"), Tasks())
        self.noted: list[Happened] = []

    def begin(self) -> ChapterWatch:
        return ChapterWatch(self.session, self.polls, self.noted.append)

    async def kinds(self) -> list[tuple[Kind, str]]:
        await asyncio.sleep(0)
        return [(one.chapter.kind, one.chapter.words) for one in self.noted]


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with open_room() as live:
        yield Watched(live, tmp_path)


async def test_presenters_shared_screens_and_polls_are_noted_in_order(watched: Watched) -> None:
    teacher, student = Sender(watched.live, Role.TEACHER), Sender(watched.live)
    watch = watched.begin()
    assert await watched.kinds() == []
    claimed = teacher.claim()
    teacher.send("audio", claimed)
    teacher.send("video", claimed)
    presents = (Kind.PRESENTER, "Ada presents")
    assert await watched.kinds() == [presents]
    screen = teacher.send("video", claimed)
    screen.app_data[SOURCE] = "screen"
    shares = (Kind.SCREEN, "Ada shares the screen")
    assert await watched.kinds() == [presents, shares]
    watched.polls.open(BallotBox(poll(question=" Clear\n so far? ")))
    asks = (Kind.POLL, "Poll: Clear so far?")
    assert await watched.kinds() == [presents, shares, asks]
    screen.close()
    back = (Kind.SCREEN_ENDED, "After the shared screen")
    assert await watched.kinds() == [presents, shares, asks, back]
    student.send("video")
    watched.live.choose_presenter(student.who)
    assert await watched.kinds() == [presents, shares, asks, back, presents]
    assert [one.person_id for one in watched.noted] == [
        teacher.who.user_id,
        teacher.who.user_id,
        None,
        teacher.who.user_id,
        student.who.user_id,
    ]
    watch.close()
    teacher.send("video", claimed)
    watched.polls.open(BallotBox(poll(id="another")))
    assert len(await watched.kinds()) == 5


async def test_what_is_presented_when_it_begins_is_its_first_chapter(watched: Watched) -> None:
    teacher = Sender(watched.live, Role.TEACHER)
    teacher.send("video", teacher.claim())
    watched.begin()
    assert [(one.chapter.kind, one.chapter.start_ms) for one in watched.noted] == [(Kind.PRESENTER, 0)]


async def test_times_count_from_the_first_instant_that_is_recorded(watched: Watched) -> None:
    watched.begin()
    watched.polls.open(BallotBox(poll()))
    files = watched.session.recorder._files
    files.manifest = replace(files.manifest, origin_wall_ns=time.time_ns() - 90_000_000_000)
    watched.polls.open(BallotBox(poll(id="another")))
    first, second = (one.chapter.start_ms for one in watched.noted)
    assert (first, second // 1000) in ((0, 90), (0, 91))


async def test_chapters_are_bounded(watched: Watched) -> None:
    watched.begin()
    for number in range(MAX_CHAPTERS + 10):
        watched.polls.open(BallotBox(poll(id=str(number))))
    assert len(watched.noted) == MAX_CHAPTERS


async def test_a_guest_presents_without_a_name(watched: Watched) -> None:
    guest = Sender(watched.live)
    guest.who.principal = replace(guest.who.principal, user_id=None)
    guest.send("video", guest.claim())
    watched.begin()
    assert await watched.kinds() == [(Kind.PRESENTER, "Somebody presents")]
    assert watched.noted[0].person_id is None
