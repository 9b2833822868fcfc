"""What rooms and classes have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, func, or_

from vtp.own_data.holding import ERASED_NAME, NOBODY, Deleted, Emptied, Holding, Subject, without
from vtp.rooms.tables import (
    chat_messages,
    guest_links,
    live_sessions,
    poll_votes,
    polls,
    room_bans,
    rooms,
    session_participants,
)


def _message_gone(_: Subject, now: datetime) -> dict[str, Any]:
    """As a message that was deleted: what others answered keeps its place."""
    return {
        "from_person": NOBODY,
        "from_participant_id": NOBODY,
        "from_name": ERASED_NAME,
        "text": "",
        "folded": "",
        "client_key": None,
        "deleted_at": func.coalesce(chat_messages.c.deleted_at, now),
    }


HOLDINGS: Final = (
    Holding(
        "rooms",
        rooms,
        lambda one: rooms.c.owner_id == one.user_id,
        ("id", "slug", "name", "settings", "created_at", "updated_at", "deleted_at"),
        ("owner_id", "members_only"),
        without("owner_id"),
    ),
    Holding(
        "guest_links",
        guest_links,
        lambda one: guest_links.c.created_by == one.user_id,
        ("id", "room_id", "label", "publish", "watch", "created_at", "expires_at", "revoked_at"),
        ("full_name", "created_by"),  # the guest's
        without("created_by"),
    ),
    Holding(
        "chat_messages_written",
        chat_messages,
        lambda one: chat_messages.c.from_person == one.key,
        (
            "id",
            "room_id",
            "group_id",
            "from_participant_id",
            "from_name",
            "from_role",
            "to_name",
            "text",
            "reply_to",
            "sent_at",
            "edited_at",
            "deleted_at",
            "cleared",
        ),
        ("from_person", "to_person", "to_participant_id", "to_role", "folded", "client_key"),
        Emptied(_message_gone),
    ),
    Holding(
        "chat_messages_received",
        chat_messages,
        lambda one: chat_messages.c.to_person == one.key,
        ("id", "room_id", "from_name", "text", "sent_at", "edited_at", "deleted_at"),
        (),
        Emptied(
            lambda _one, _now: {
                "to_person": NOBODY,  # never null: that would show a private message to all
                "to_participant_id": NOBODY,
                "to_name": ERASED_NAME,
            }
        ),
    ),
    Holding(
        "bans",
        room_bans,
        lambda one: room_bans.c.user_id == one.user_id,
        ("id", "room_id", "full_name", "reason", "created_at"),
        ("user_id", "link_id", "network", "banned_by"),
        Deleted(),
    ),
    Holding(
        "bans_made",
        room_bans,
        lambda one: room_bans.c.banned_by == one.user_id,
        ("id", "room_id", "created_at"),
        (),
        without("banned_by"),
    ),
    Holding(
        "participations",
        session_participants,
        lambda one: session_participants.c.user_id == one.user_id,
        ("id", "live_session_id", "full_name", "role", "is_producer", "joined_at", "left_at"),
        ("user_id",),
        without("user_id", full_name=ERASED_NAME),
    ),
    Holding(
        "polls",
        polls,
        lambda one: polls.c.created_by == one.user_id,
        (
            "id",
            "room_id",
            "question",
            "options",
            "multiple",
            "anonymous",
            "results",
            "counts",
            "votes",
            "created_by_name",
            "created_at",
            "closed_at",
            "shared_at",
        ),
        ("created_by",),
        without("created_by", created_by_name=ERASED_NAME),
    ),
    Holding(
        "votes",
        poll_votes,
        lambda one: or_(poll_votes.c.user_id == one.user_id, poll_votes.c.voter_key == one.voter),
        ("poll_id", "full_name", "choices"),
        ("voter_key", "user_id"),
        Emptied(
            lambda one, _now: {
                "user_id": None,
                "voter_key": f"{NOBODY}:{one.alias}",
                "full_name": ERASED_NAME,
            }
        ),
    ),
)

EXEMPT: Final[Mapping[Table, str]] = {
    live_sessions: "when classes were held; who was there is in session_participants",
}
