"""Captions of recordings: uploaded as WebVTT for a language, or typed line by line while it is recorded."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, NotFound, Unavailable
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.recording.caption_store import (
    Captions,
    TypedLine,
    add_line,
    captions_of,
    find_captions,
    is_put_away,
    lines_of,
    put_away,
    put_back,
    put_captions,
    text_of,
)
from vtp.recording.languages import parse_language
from vtp.recording.seen import Seen
from vtp.recording.service import Recordings
from vtp.recording.timebase import milliseconds_since
from vtp.recording.webvtt import MAX_CUES, Cue, escape, read_vtt, write_vtt
from vtp.rooms.captions import CaptionLine, RoomCaptions

GONE = "no_such_captions"
MAX_LANGUAGES = 30
MAX_KNOWN = 1000
LINE_MS = 7_000  # how long a typed line is shown, unless the next one comes
LEAST_MS = 1_500  # and then: somebody has to read it


class CaptionShelf:
    """Every method that takes a principal raises NotFound and Forbidden."""

    def __init__(self, database: Database, recordings: Recordings, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._recordings = recordings
        self._clock = clock
        self._known: dict[str, tuple[Captions, ...]] = {}

    async def put(
        self,
        principal: Principal,
        recording_id: str,
        language: str,
        data: bytes,
        label: str,
        origin: Origin,
    ) -> Captions:
        """Puts the captions of one language, in place of what there was.

        Raises Invalid with the lines at fault, Conflict for too many languages.
        """
        seen = await self._recordings.seen_to(Action.RECORDING_ANNOTATE, principal, recording_id)
        language = parse_language(language)
        cues = await asyncio.to_thread(read_vtt, data)
        text = await asyncio.to_thread(write_vtt, cues)
        return await self._put(seen, language, len(cues), text, label, origin)

    async def remove(self, principal: Principal, recording_id: str, language: str, origin: Origin) -> None:
        """Deletes the captions of one language; `restore` has them for an hour."""
        seen = await self._recordings.seen_to(Action.RECORDING_ANNOTATE, principal, recording_id)
        language = parse_language(language)
        await self._remove(seen, language, origin)

    async def restore(
        self, principal: Principal, recording_id: str, language: str, origin: Origin
    ) -> Captions:
        """Brings back what was deleted last in one language.

        Raises Conflict where there are others by now, or too many languages.
        """
        seen = await self._recordings.seen_to(Action.RECORDING_ANNOTATE, principal, recording_id)
        return await self._restore(seen, parse_language(language), origin)

    async def type_line(
        self,
        principal: Principal,
        recording_id: str,
        language: str,
        text: str,
        at_ms: int | None,
        origin: Origin,
    ) -> TypedLine:
        """Adds a line while it is recorded, at a time of the recording or now, and tells the class.

        Raises Conflict when it is not being recorded here, or has captions from a file, or too many.
        """
        seen = await self._recordings.seen_to(Action.RECORDING_ANNOTATE, principal, recording_id)
        recording = seen.recording
        session = self._recordings.active.get(recording.id)
        if session is None:
            raise Conflict("This is not being recorded any more: upload its captions.", code="not_recording")
        now_ms = milliseconds_since(session.recorder.manifest.origin_wall_ns)
        line = TypedLine(
            id=new_id(),
            recording_id=recording.id,
            language=parse_language(language),
            start_ms=now_ms if at_ms is None else min(at_ms, now_ms),
            text=text,
            written_by=principal.user_id,
        )
        await self._add_line(seen, line, origin)
        told = CaptionLine(line.recording_id, line.language, line.text, line.start_ms)
        session.room.part(RoomCaptions).tell(told)
        return line

    async def of(self, recording_id: str) -> tuple[Captions, ...]:
        """All languages of a recording, for who may see it; as they were last while there is no database."""
        try:
            async with self._database.read() as tx:
                found = tuple(await captions_of(tx, recording_id))
        except Unavailable:
            return self._known.get(recording_id, ())
        self._known.pop(recording_id, None)
        self._known[recording_id] = found
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
        return found

    async def find(self, recording_id: str, language: str) -> Captions:
        """One language without its text, for who may see the recording. Raises NotFound."""
        async with self._database.read() as tx:
            found = await find_captions(tx, recording_id, parse_language(language))
        if found is None:
            raise _missing()
        return found

    async def text(self, captions: Captions) -> str:
        """Its WebVTT. One that was uploaded is as it was written then: nobody who reads it has it parsed."""
        async with self._database.read() as tx:
            return await caption_text(tx, captions)

    @done_over
    async def _put(
        self, seen: Seen, language: str, cues: int, text: str, label: str, origin: Origin
    ) -> Captions:
        now, recording = self._clock(), seen.recording
        async with self._database.transaction() as tx:
            before = await find_captions(tx, recording.id, language, to_change=True)
            if before is None:
                await _check_room(tx, recording.id)
            captions = Captions(
                recording_id=recording.id,
                language=language,
                label=label or (before.label if before is not None else ""),
                is_typed=False,
                cues=cues,
                written_by=seen.member.user_id,
                created_at=before.created_at if before is not None else now,
                updated_at=now,
            )
            await put_captions(tx, captions, text)
            await self._note(tx, seen, origin, language=language, cues=cues)
        return captions

    @done_over
    async def _add_line(self, seen: Seen, line: TypedLine, origin: Origin) -> None:
        now = self._clock()
        async with self._database.transaction() as tx:
            before = await find_captions(tx, line.recording_id, line.language, to_change=True)
            if before is None:
                await _check_room(tx, line.recording_id)
            elif not before.is_typed:
                raise Conflict("Captions in that language were uploaded: delete them first.", code="uploaded")
            if before is not None and before.cues >= MAX_CUES:
                raise Conflict(f"There are {MAX_CUES} lines already.", code="too_many_lines")
            captions = Captions(
                recording_id=line.recording_id,
                language=line.language,
                label=before.label if before is not None else "",
                is_typed=True,
                cues=before.cues + 1 if before is not None else 1,
                written_by=line.written_by,
                created_at=before.created_at if before is not None else now,
                updated_at=now,
            )
            await put_captions(tx, captions, "")
            await add_line(tx, line)
            if before is None:  # who goes on typing is told by the lines
                await self._note(tx, seen, origin, language=line.language, typed=True)

    @done_over
    async def _remove(self, seen: Seen, language: str, origin: Origin) -> None:
        async with self._database.transaction() as tx:
            if await find_captions(tx, seen.recording.id, language, to_change=True) is None:
                raise _missing()
            await put_away(tx, seen.recording.id, language, self._clock())
            await self._note(tx, seen, origin, language=language, deleted=True)

    @done_over
    async def _restore(self, seen: Seen, language: str, origin: Origin) -> Captions:
        recording_id = seen.recording.id
        async with self._database.transaction() as tx:
            if not await is_put_away(tx, recording_id, language):
                raise NotFound("Captions in that language were not deleted, or too long ago.", code=GONE)
            if await find_captions(tx, recording_id, language) is not None:
                raise Conflict("There are other captions in that language by now.", code="captions_there")
            await _check_room(tx, recording_id)
            await put_back(tx, recording_id, language, self._clock())
            await self._note(tx, seen, origin, language=language, restored=True)
            found = await find_captions(tx, recording_id, language)
        assert found is not None
        return found

    async def _note(self, tx: AsyncConnection, seen: Seen, origin: Origin, **details: object) -> None:
        note = self._recordings.catalogue.note
        await note(tx, Event.RECORDING_CAPTIONS, seen.recording, seen.member, origin, **details)


async def caption_text(tx: AsyncConnection, captions: Captions) -> str:
    """The WebVTT of one language; of typed lines it is made now."""
    if not captions.is_typed:
        return await text_of(tx, captions.recording_id, captions.language)
    lines = await lines_of(tx, captions.recording_id, captions.language)
    return await asyncio.to_thread(write_vtt, _typed_cues(lines))


async def _check_room(tx: AsyncConnection, recording_id: str) -> None:
    if len(await captions_of(tx, recording_id)) >= MAX_LANGUAGES:
        raise Conflict(
            f"This recording has captions in {MAX_LANGUAGES} languages: delete some first.",
            code="too_many_captions",
        )


def _typed_cues(lines: list[TypedLine]) -> Iterator[Cue]:
    """Each line until the next one, and for LINE_MS at most."""
    for line, following in itertools.zip_longest(lines, lines[1:]):
        end_ms = line.start_ms + LINE_MS
        if following is not None:
            end_ms = min(end_ms, max(following.start_ms, line.start_ms + LEAST_MS))
        yield Cue(line.start_ms, end_ms, escape(line.text))


def _missing() -> NotFound:
    return NotFound("This recording has no captions in that language.", code=GONE)
