"""What happens in a class while it is recorded, as chapters: who presents, shared screens, polls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from vtp.recording.chapter_list import Chapter, Kind
from vtp.recording.chapter_store import Happened
from vtp.recording.session import RecordingSession
from vtp.recording.timebase import milliseconds_since
from vtp.rooms.polls import PollEvent, PollOpened, RoomPolls
from vtp.rooms.sources import source_of

MAX_CHAPTERS = 500


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the program shows."""

    participant_id: str = ""
    is_screen: bool = False


class ChapterWatch:
    """Made when a recording begins; `note` is given each chapter, on the event loop."""

    def __init__(self, session: RecordingSession, polls: RoomPolls, note: Callable[[Happened], None]) -> None:
        self._session = session
        self._note = note
        self._shown = _Shown()
        self._count = 0
        self._loop = asyncio.get_running_loop()
        self._looking: asyncio.Handle | None = None
        program = session.room.program
        self._removers = [
            program.add_listener(lambda _: self._look_soon()),
            program.add_presenter_listener(lambda _: self._look_soon()),
            polls.add_listener(self._poll_changed),
        ]
        self._look()

    def close(self) -> None:
        """Hears nothing any more."""
        for remove in self._removers:
            remove()
        if self._looking is not None:
            self._looking.cancel()

    def _look_soon(self) -> None:
        """Once all that happens together has happened: a source goes before the next one comes."""
        if self._looking is None:
            self._looking = self._loop.call_soon(self._look)

    def _look(self) -> None:
        self._looking = None
        program, before = self._session.room.program, self._shown
        presenter, picture = program.presenter, program.producers.get("video")
        if presenter is None or not program.is_live:
            return  # a pause, if it lasts: the files know
        is_screen = picture is not None and source_of(picture) == "screen"
        self._shown = _Shown(presenter.participant_id, is_screen)
        if is_screen and self._shown != before:
            self._tell(Kind.SCREEN)
        elif presenter.participant_id != before.participant_id:
            self._tell(Kind.PRESENTER)
        elif before.is_screen and not is_screen:
            self._tell(Kind.SCREEN_ENDED)

    def _tell(self, kind: Kind) -> None:
        found = self._session.room.people.get(self._shown.participant_id)
        user_id = found.user_id if found is not None else None
        # A guest's name is not kept: no erasure would find it.
        name = found.full_name if found is not None and user_id is not None else ""
        self._add(Happened(Chapter(self._now_ms(), kind, "", name), user_id))

    def _poll_changed(self, event: PollEvent) -> None:
        if isinstance(event, PollOpened):
            question = " ".join(event.poll.question.split())[:300]
            self._add(Happened(Chapter(self._now_ms(), Kind.POLL, question)))

    def _add(self, happened: Happened) -> None:
        self._count += 1
        if self._count <= MAX_CHAPTERS:
            self._note(happened)

    def _now_ms(self) -> int:
        """Since the recording's first instant; 0 before it."""
        return milliseconds_since(self._session.recorder.manifest.origin_wall_ns)
