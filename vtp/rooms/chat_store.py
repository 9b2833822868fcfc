"""The rows of chats: added, changed, read in their order. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import insert_if_absent
from vtp.http.identity import Role
from vtp.rooms.chat_rules import ChatMessage, View, Writer, fold
from vtp.rooms.tables import chat_messages

_c = chat_messages.c


async def add_message(tx: AsyncConnection, message: ChatMessage, client_key: str | None) -> bool:
    """Adds a message, unless one with this key is there."""
    to = message.to
    return await insert_if_absent(
        tx,
        chat_messages,
        {
            "id": message.id,
            "room_id": message.room_id,
            "group_id": message.group,
            **_columns("from", message.sender),
            **(_columns("to", to) if to is not None else {}),
            "text": message.text,
            "folded": fold(message.text),
            "reply_to": message.reply_to,
            "client_key": client_key,
            "sent_at": message.sent_at,
            "cleared": False,
        },
    )


async def find_sent(tx: AsyncConnection, room_id: str, client_key: str) -> ChatMessage | None:
    """The message of a room that was sent with this key, cleared or not."""
    found = select(chat_messages).where(_c.room_id == room_id, _c.client_key == client_key)
    row = (await tx.execute(found)).one_or_none()
    return _message(row) if row else None


async def find_message(tx: AsyncConnection, view: View, message_id: str) -> ChatMessage | None:
    """One message, if this view shows it."""
    row = (await tx.execute(_shown(view).where(_c.id == message_id))).one_or_none()
    return _message(row) if row else None


async def find_all(tx: AsyncConnection, ids: Sequence[str]) -> list[ChatMessage]:
    """Those of some messages that are stored, in their order."""
    found = select(chat_messages).where(_c.id.in_(ids)).order_by(_c.id)
    return [_message(row) for row in await tx.execute(found)]


async def newest_id(tx: AsyncConnection, room_id: str) -> str:
    """The id of a room's last message, whosever it is; empty before the first."""
    return (await tx.execute(select(func.max(_c.id)).where(_c.room_id == room_id))).scalar_one() or ""


async def change_text(tx: AsyncConnection, message: ChatMessage) -> None:
    """Stores a message's text and what became of it."""
    changed = update(chat_messages).where(_c.id == message.id)
    values = {"edited_at": message.edited_at, "deleted_at": message.deleted_at}
    await tx.execute(changed.values(text=message.text, folded=fold(message.text), **values))


async def clear_group(tx: AsyncConnection, room_id: str, group: str, now: datetime) -> None:
    """Empties and hides all that was written to all in a group; what was sent twice is still known."""
    there = and_(_c.room_id == room_id, _c.group_id == group, _c.to_person.is_(None), _c.cleared.is_(False))
    gone = {"text": "", "folded": "", "cleared": True, "deleted_at": now}
    await tx.execute(update(chat_messages).where(there).values(**gone))


async def trim_room(tx: AsyncConnection, room_id: str, most: int) -> None:
    """Removes all but the newest messages of a room."""
    first_over = select(_c.id).where(_c.room_id == room_id).order_by(_c.id.desc()).offset(most).limit(1)
    over = (await tx.execute(first_over)).scalar_one_or_none()
    if over is not None:
        await tx.execute(delete(chat_messages).where(_c.room_id == room_id, _c.id <= over))


async def page_of_messages(
    tx: AsyncConnection, view: View, *, limit: int, before: str | None, search: str
) -> list[ChatMessage]:
    """What a view shows, newest first, of what was written before a message."""
    statement = _shown(view).order_by(_c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(_c.id < before)
    if search:
        statement = statement.where(_c.folded.contains(fold(search), autoescape=True))
    return [_message(row) for row in await tx.execute(statement)]


def _shown(view: View) -> Select[Any]:
    """As `View.shows` says it."""
    to_all: ColumnElement[bool] = _c.to_person.is_(None)
    if view.groups is not None:
        to_all = and_(to_all, _c.group_id.in_(sorted(view.groups)))
    theirs = and_(_c.to_person.is_not(None), or_(_c.from_person == view.person, _c.to_person == view.person))
    return select(chat_messages).where(_c.room_id == view.room_id, _c.cleared.is_(False), or_(to_all, theirs))


def _columns(side: str, writer: Writer) -> dict[str, str]:
    return {
        f"{side}_person": writer.person,
        f"{side}_participant_id": writer.participant_id,
        f"{side}_name": writer.full_name,
        f"{side}_role": writer.role.value,
    }


def _message(row: Row[Any]) -> ChatMessage:
    sender = Writer(row.from_person, row.from_participant_id, row.from_name, Role(row.from_role))
    private = row.to_person is not None
    return ChatMessage(
        id=row.id,
        room_id=row.room_id,
        group=row.group_id,
        sender=sender,
        to=Writer(row.to_person, row.to_participant_id, row.to_name, Role(row.to_role)) if private else None,
        text=row.text,
        reply_to=row.reply_to,
        sent_at=row.sent_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
    )
