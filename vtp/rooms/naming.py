"""How rooms are named: which slugs there can be, and which one a new room gets."""

import re
import secrets
import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.errors import Conflict, FieldError, Invalid
from vtp.ids import is_id
from vtp.rooms.store import Room, add_room

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SLUG_FROM_NAME_CHARACTERS = 40
_TRIES = 5  # random endings tried before giving up on a slug: 32 bits each


async def add_new_room(
    tx: AsyncConnection,
    slug: str | None,
    name: str,
    owner_id: str | None,
    settings: dict[str, Any],
    now: datetime,
) -> Room:
    """Adds a room within a transaction. Raises Conflict when the slug asked for is taken."""
    if slug is not None:
        room = await add_room(tx, slug, name, owner_id, settings, now)
        if room is None:
            raise Conflict(
                "There is a room of this name already: take another, or enter that one.",
                code="room_exists",
                errors=[FieldError("/room_id", "is taken")],
            )
        return room
    base = slug_of(name)
    for _ in range(_TRIES):
        candidate = base or secrets.token_hex(4)
        if room := await add_room(tx, candidate, name, owner_id, settings, now):
            return room
        base = f"{(base or 'room')[:_SLUG_FROM_NAME_CHARACTERS]}-{secrets.token_hex(4)}"
    raise Conflict("No free name was found for this room: give one as room_id.", code="room_exists")


def slug_of(name: str) -> str:
    """A readable slug for a room's name ("Physique générale 1" is "physique-generale-1"); may be empty."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:_SLUG_FROM_NAME_CHARACTERS].strip("-")
    return "" if is_id(slug) else slug


def check_slug(slug: str) -> str:
    """Gives a slug back, or raises ValueError with a sentence."""
    if not _SLUG.fullmatch(slug):
        raise ValueError("take 1 to 64 letters, digits, - and _")
    if is_id(slug):
        raise ValueError("this looks like an id, which only the server gives; take another name")
    return slug


def check_reference(reference: str) -> None:
    """Raises Invalid (422) for what is neither an id nor a slug."""
    if not _SLUG.fullmatch(reference):
        raise Invalid(
            "A room is named by its id, or by a slug of 1 to 64 letters, digits, - and _.",
            errors=[FieldError("/path/room", "is neither an id nor a slug")],
        )
