"""What staff see of everybody's connections in a room, read at the moment when they ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from vtp.accounts.permissions import Action, require
from vtp.http.identity import Principal
from vtp.rooms.connection_schemas import (
    PersonConnections,
    PictureWatched,
    RoomConnections,
    Sent,
    describe_person,
)
from vtp.rooms.link_figures import LinkFigures, read_links
from vtp.rooms.live import LiveRoom
from vtp.rooms.qualities import Qualities
from vtp.rooms.service import RoomService


class Connections:
    """Keeps nothing: histories are their reader's."""

    def __init__(self, rooms: RoomService, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._rooms = rooms
        self._clock = clock

    async def read(self, principal: Principal, reference: str) -> RoomConnections:
        """Everybody in a room, in the order in which they came. Raises NotFound, Forbidden."""
        room = await self._rooms.get(principal, reference)
        require(await self._rooms.as_here(principal, room), Action.ROOM_MODERATE, room)
        live = self._rooms.live(room)
        people = _people(live) if live is not None else []
        return RoomConnections(room_id=room.id, slug=room.slug, at=self._clock(), participants=people)


def _people(live: LiveRoom) -> list[PersonConnections]:
    qualities = live.part(Qualities)
    found = read_links(live)
    sent = {
        source.producer.id: Sent(source, person.full_name)
        for person, links in found
        for link in links
        for source in link.sources
    }
    return [
        describe_person(person, qualities.of(person.participant_id), links, _watched(links, sent))
        for person, links in found
    ]


def _watched(links: tuple[LinkFigures, ...], sent: Mapping[str, Sent]) -> list[PictureWatched]:
    return [
        PictureWatched.of(consumer, sent[consumer.producer.id])
        for link in links
        for consumer in link.transport.consumers.values()
        if consumer.kind == "video" and consumer.producer is not None and consumer.producer.id in sent
    ]
