"""What people say and are told in rooms: links for guests, chats, polls; webhooks for other servers."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.building.classes import Classes
from vtp.building.foundation import Foundation
from vtp.building.recordings import Taking
from vtp.rooms.chat_service import Chats
from vtp.rooms.links import GuestLinks
from vtp.rooms.poll_service import Polls
from vtp.webhooks.service import Webhooks
from vtp.webhooks.sources import Sources


@dataclass(frozen=True, slots=True)
class Talking:
    """Built after what takes recordings, of which it tells."""

    webhooks: Webhooks
    links: GuestLinks
    chats: Chats
    polls: Polls


async def tell_others(base: Foundation, classes: Classes, taking: Taking) -> None:
    """Other servers hear of rooms and recordings from now on."""
    sources = Sources(base.deliveries.outbox.put)
    classes.live.add_listener(sources.live_changed)
    classes.rooms.add_listener(sources.catalogue_changed)
    taking.recordings.add_listener(sources.recording_changed)
    await base.deliveries.open()


async def build_talking(base: Foundation, classes: Classes) -> Talking:
    """Who reads the revocations of links is named before it returns."""
    settings, database, accounts = base.settings, base.database, base.accounts
    rooms, guests = classes.rooms, accounts.authenticator.guests
    webhooks = Webhooks(database, rooms, base.deliveries, accounts.audit, settings.webhooks)
    links = GuestLinks(database, rooms, accounts.tokens, guests, accounts.audit)
    await links.revoked.start()
    accounts.revocations.add_reader(links.revoked.recall, outlasts_memory=True)
    chats = Chats(
        database,
        rooms,
        accounts.audit,
        most_messages=settings.limits.chat_messages_per_10_seconds,
        most_kept=settings.limits.chat_messages_per_room,
    )
    base.tasks.start(guests.watch(), "guests' terms")
    polls = Polls(database, rooms, classes.live, base.tasks)
    await polls.start()
    base.stack.callback(polls.stop)
    return Talking(webhooks, links, chats, polls)
