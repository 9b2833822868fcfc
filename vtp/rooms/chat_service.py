"""Chats: people of an open room write, change and read; who may enter the room reads what was kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, can, require
from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.errors import Conflict, Forbidden, NotFound, RateLimited
from vtp.http.identity import Principal
from vtp.limits import WindowLimiter
from vtp.rooms.ban_store import is_banned
from vtp.rooms.chat import Chat, ChatCleared, MessageDeleted, MessageEdited, MessageWritten, Written
from vtp.rooms.chat_rules import (
    ChatMessage,
    View,
    Writer,
    person_of,
    require_to_delete,
    require_to_write,
    view_from,
    writer_of,
)
from vtp.rooms.chat_store import (
    add_message,
    change_text,
    clear_group,
    find_message,
    find_sent,
    page_of_messages,
    trim_room,
)
from vtp.rooms.entrance import require_inside
from vtp.rooms.groups import MAIN
from vtp.rooms.live import LiveRoom
from vtp.rooms.lobby import BANNED
from vtp.rooms.participants import Participant
from vtp.rooms.service import RoomService
from vtp.rooms.visitors import visitor_of

WINDOW_S = 10.0
MAX_READS = 30  # of one person in the window; a search reads all that was ever written there
MAX_REMOVALS = 50  # of one person in the window
_READ_TRIES = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be sent. `client_id` is what the client calls it: sent twice, it is there once."""

    text: str
    to: str | None = None
    reply_to: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of a chat."""

    limit: int
    before: str | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class Chatter:
    """Somebody who is in an open room."""

    live: LiveRoom
    participant: Participant

    @property
    def principal(self) -> Principal:
        """As they are now."""
        return self.participant.principal

    @property
    def person(self) -> str:
        """Who they are to the chat."""
        return person_of(self.principal, self.participant.participant_id)

    @property
    def group(self) -> str:
        """The group that they are in now."""
        return self.live.groups.group_of(self.participant.participant_id)

    @property
    def view(self) -> View:
        """What they read now."""
        return view_from(self.live.id, self.person, self.group)

    def check(self) -> None:
        """Raises Conflict when they have left meanwhile."""
        here = self.live.people.get(self.participant.participant_id)
        if self.live.closed or here is not self.participant:
            raise Conflict("You are in no room: join one first.", code="not_in_a_room")


class Chats:
    """Made once per process. What changes something raises Unavailable when it could not be stored.

    `most_kept`: how many messages of one room are kept; 0: all.
    """

    def __init__(
        self,
        database: Database,
        rooms: RoomService,
        audit: AuditLog,
        *,
        most_messages: int,
        most_kept: int = 0,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._audit = audit
        self._most_kept = most_kept
        self._clock = clock
        self._monotonic = monotonic
        self._writes = WindowLimiter(most_messages, WINDOW_S)
        self._reads = WindowLimiter(MAX_READS, WINDOW_S)
        self._removals = WindowLimiter(MAX_REMOVALS, WINDOW_S)

    async def send(self, who: Chatter, draft: Draft) -> ChatMessage:
        """Stores a message and tells it; one that was sent already is given again, and not told.

        Raises Forbidden, RateLimited, NotFound for a recipient or a message that is not there.
        """
        self._take(self._writes, who, "messages")
        key = None if draft.client_id is None else f"{who.principal.limit_key}/{draft.client_id}"
        return await who.live.part(Chat).write(self._database, partial(self._send, who, draft, key))

    async def edit(self, who: Chatter, message_id: str, text: str) -> ChatMessage:
        """Gives a message of one's own another text. Raises NotFound, Forbidden, RateLimited, Conflict."""
        self._take(self._writes, who, "messages")
        return await who.live.part(Chat).write(self._database, partial(self._edit, who, message_id, text))

    async def delete(self, who: Chatter, message_id: str, origin: Origin) -> ChatMessage:
        """Empties a message of one's own, or as staff one of somebody else's; twice is no error.

        Raises NotFound, Forbidden, RateLimited.
        """
        self._take(self._removals, who, "deletions")
        return await who.live.part(Chat).write(self._database, partial(self._delete, who, message_id, origin))

    async def clear(self, who: Chatter, origin: Origin) -> str:
        """Takes away what was written to all in one's group, and gives that group. Raises Forbidden."""
        require(who.principal, Action.ROOM_MODERATE, who.live.room)
        self._take(self._removals, who, "deletions")
        return await who.live.part(Chat).write(self._database, partial(self._clear, who, origin))

    async def page(self, who: Chatter, wanted: Wanted) -> list[ChatMessage]:
        """What somebody in the room may read, newest first. Raises Forbidden, RateLimited.

        It is as new as all that was told before it is given.
        """
        require(who.principal, Action.ROOM_WATCH, who.live.room)
        self._take(self._reads, who, "pages of the chat")
        chat = who.live.part(Chat)
        for _ in range(_READ_TRIES):
            changes, view = chat.changes, who.view
            found = await self._read(view, wanted)
            if chat.changes == changes and who.view == view:
                break
        who.check()
        require(who.principal, Action.ROOM_WATCH, who.live.room)
        return found

    async def kept(
        self, principal: Principal, address: str, reference: str, wanted: Wanted
    ) -> list[ChatMessage]:
        """What somebody at `address` may read who is in the room or not, newest first.

        Raises NotFound, Forbidden, for the banned too.
        """
        room = await self._rooms.get(principal, reference)
        require(principal, Action.ROOM_WATCH, room)
        async with self._database.read() as tx:
            if await is_banned(tx, room.id, visitor_of(principal, address)):
                raise Forbidden(BANNED, code="banned")
        person, live = person_of(principal, ""), self._rooms.live(room)
        groups: frozenset[str] | None = None
        if not can(await self._rooms.as_here(principal, room), Action.ROOM_MODERATE, room):
            if live is not None:
                require_inside(principal, live)
            groups = frozenset({MAIN, *_groups_of(person, live)})
        return await self._read(View(room.id, person, groups), wanted)

    async def _read(self, view: View, wanted: Wanted) -> list[ChatMessage]:
        async with self._database.read() as tx:
            return await page_of_messages(
                tx, view, limit=wanted.limit, before=wanted.before, search=wanted.search
            )

    # Changes, each within a transaction: rights are asked for as they are then

    async def _send(
        self, who: Chatter, draft: Draft, key: str | None, tx: AsyncConnection
    ) -> Written[ChatMessage]:
        if key is not None:
            known = await find_sent(tx, who.live.id, key)
            if known is not None:
                return Written(known, None)
        if draft.reply_to is not None:
            await _find(tx, who, draft.reply_to)
        id_ = await who.live.part(Chat).next_id(tx)
        to = self._check_draft(who, draft)
        group = who.group if to is None else MAIN
        message = ChatMessage(
            id_,
            who.live.id,
            group,
            writer_of(who.participant),
            to,
            draft.text,
            draft.reply_to,
            self._clock(),
        )
        if not await add_message(tx, message, key) and key is not None:
            known = await find_sent(tx, who.live.id, key)  # by another server, this moment
            return Written(known or message, None)
        if self._most_kept and who.live.part(Chat).is_trim_due(self._most_kept):
            await trim_room(tx, who.live.id, self._most_kept)
        return Written(message, MessageWritten(message))

    def _check_draft(self, who: Chatter, draft: Draft) -> Writer | None:
        """Whom a message is for. Raises Forbidden, NotFound, Conflict."""
        who.check()
        if draft.to is None:
            require_to_write(who.principal, None, who.live.room)
            return None
        other = who.live.people.find(draft.to)
        require_to_write(who.principal, other.role, who.live.room)
        if not can(other.principal, Action.ROOM_WATCH, who.live.room):
            raise Conflict("They only send, and read nothing here.", code="cannot_read_chat")
        return writer_of(other)

    async def _edit(
        self, who: Chatter, message_id: str, text: str, tx: AsyncConnection
    ) -> Written[ChatMessage]:
        message = await _find(tx, who, message_id)
        who.check()
        require_to_write(who.principal, message.to.role if message.to else None, who.live.room)
        if message.sender.person != who.person:
            raise Forbidden("You can change what you wrote yourself, nothing else.", code="not_yours")
        if message.deleted_at is not None:
            raise Conflict("This message was deleted.", code="message_deleted")
        if message.text == text:
            return Written(message, None)
        edited = replace(message, text=text, edited_at=self._clock())
        await change_text(tx, edited)
        return Written(edited, MessageEdited(edited))

    async def _delete(
        self, who: Chatter, message_id: str, origin: Origin, tx: AsyncConnection
    ) -> Written[ChatMessage]:
        message = await _find(tx, who, message_id)
        who.check()
        require_to_delete(who.principal, who.person, message, who.live.room)
        if message.deleted_at is not None:
            return Written(message, None)
        deleted = replace(message, text="", deleted_at=self._clock())
        await change_text(tx, deleted)
        if message.sender.person != who.person:
            details = {"message_id": message.id, "from": message.sender.full_name}
            await self._note(tx, Event.CHAT_MESSAGE_DELETED, who, origin, details)
        return Written(deleted, MessageDeleted(deleted))

    async def _clear(self, who: Chatter, origin: Origin, tx: AsyncConnection) -> Written[str]:
        who.check()
        require(who.principal, Action.ROOM_MODERATE, who.live.room)
        group = who.group
        await clear_group(tx, who.live.id, group, self._clock())
        await self._note(tx, Event.CHAT_CLEARED, who, origin, {"group": group})
        return Written(group, ChatCleared(group))

    async def _note(
        self, tx: AsyncConnection, event: Event, who: Chatter, origin: Origin, details: dict[str, str]
    ) -> None:
        actor, subject = who.principal.user_id, f"room:{who.live.id}"
        await self._audit.record(tx, event, origin, actor_id=actor, subject=subject, details=details)

    def _take(self, limiter: WindowLimiter, who: Chatter, what: str) -> None:
        wait_s = limiter.take(f"{who.live.id}/{who.person}", self._monotonic())
        if wait_s > 0:
            raise RateLimited(f"Too many {what} in a short time; wait a moment.", retry_after_s=wait_s)


async def _find(tx: AsyncConnection, who: Chatter, message_id: str) -> ChatMessage:
    found = await find_message(tx, who.view, message_id)
    if found is None:
        raise NotFound("There is no such message.", code="no_such_message")
    return found


def _groups_of(person: str, live: LiveRoom | None) -> set[str]:
    """The groups that somebody is in now, by any of their devices."""
    if live is None:
        return set()
    return {
        live.groups.group_of(one.participant_id)
        for one in live.people.participants
        if person_of(one.principal, one.participant_id) == person
    }
