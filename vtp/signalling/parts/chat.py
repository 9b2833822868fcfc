"""The chat of a class: who is in the room writes, reads, changes and takes away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, can
from vtp.rooms.chat import Chat, ChatCleared, ChatEvent, MessageDeleted, MessageEdited, MessageWritten
from vtp.rooms.chat_rules import ChatMessage
from vtp.rooms.chat_service import Chats, Chatter, Draft, Wanted
from vtp.rooms.groups import MAIN
from vtp.rooms.participants import Participant
from vtp.signalling.audience import Audience
from vtp.signalling.messages import Message
from vtp.signalling.parts import chat_messages as cm
from vtp.signalling.seats import Answer, Event, Seat, Stay


class ChatCalls:
    """A feature."""

    pushes: ClassVar[Mapping[str, type]] = {
        "chat-message": cm.ChatMessageReply,
        "chat-edited": cm.ChatMessageReply,
        "chat-deleted": cm.ChatDeletedReply,
        "chat-cleared": cm.ChatClearedReply,
    }

    states: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, chats: Chats) -> None:
        self._chats = chats

    def table(self) -> dict[str, Event]:
        """The calls."""
        return {
            "send-chat": Event(cm.SendChat, "", self._send, cm.ChatMessageReply),
            "edit-chat": Event(cm.EditChat, "", self._edit, cm.ChatMessageReply),
            "delete-chat": Event(cm.NamesMessage, "", self._delete, cm.ChatDeletedReply),
            "clear-chat": Event(Message, "", self._clear, cm.ChatClearedReply),
            "get-chat": Event(cm.GetChat, "", self._get, cm.ChatPageReply),
        }

    def state(self, stay: Stay) -> Answer:
        """Nothing: `get-chat` says it, a page at a time."""
        return {}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells everybody what is theirs to read."""

        def changed(event: ChatEvent) -> None:
            if isinstance(event, MessageWritten):
                _tell_of(
                    audience, "chat-message", event.message, {"message": cm.describe_message(event.message)}
                )
            elif isinstance(event, MessageEdited):
                _tell_of(
                    audience, "chat-edited", event.message, {"message": cm.describe_message(event.message)}
                )
            elif isinstance(event, MessageDeleted):
                _tell_of(audience, "chat-deleted", event.message, {"messageId": event.message.id})
            else:
                _tell_cleared(audience, event)

        return audience.live.part(Chat).add_listener(changed)

    async def _send(self, seat: Seat, request: cm.SendChat) -> Answer:
        draft = Draft(request.text, request.to, request.reply_to, request.client_id)
        return {"message": cm.describe_message(await self._chats.send(_who(seat), draft))}

    async def _edit(self, seat: Seat, request: cm.EditChat) -> Answer:
        message = await self._chats.edit(_who(seat), request.message_id, request.text)
        return {"message": cm.describe_message(message)}

    async def _delete(self, seat: Seat, request: cm.NamesMessage) -> Answer:
        return {"messageId": (await self._chats.delete(_who(seat), request.message_id, seat.origin)).id}

    async def _clear(self, seat: Seat, request: Message) -> Answer:
        return {"groupId": await self._chats.clear(_who(seat), seat.origin) or None}

    async def _get(self, seat: Seat, request: cm.GetChat) -> Answer:
        found = await self._chats.page(_who(seat), Wanted(request.limit + 1, request.before, request.search))
        page = found[: request.limit]
        messages = [cm.describe_message(message) for message in reversed(page)]
        return {"messages": messages, "more": len(found) > len(page)}


def _who(seat: Seat) -> Chatter:
    return Chatter(seat.here.live, seat.here.participant)


def _tell_of(audience: Audience, event: str, message: ChatMessage, told: Answer) -> None:
    """Tells those who read a message: of a new one who is in its group, of others who may have read it."""
    new = event == "chat-message"

    def reads(one: Participant) -> bool:
        who = Chatter(audience.live, one)
        if not can(one.principal, Action.ROOM_WATCH, audience.live.room):
            return False
        if new and message.to is None:
            return who.group == message.group or one.participant_id == message.sender.participant_id
        return who.view.shows(message)

    audience.tell(event, told, among=reads)


def _tell_cleared(audience: Audience, event: ChatCleared) -> None:
    def reads(one: Participant) -> bool:
        group = audience.live.groups.group_of(one.participant_id)
        return event.group in (MAIN, group) and can(one.principal, Action.ROOM_WATCH, audience.live.room)

    audience.tell("chat-cleared", {"groupId": event.group or None}, among=reads)
