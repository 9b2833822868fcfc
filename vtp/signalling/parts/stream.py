"""Offers the live stream to who comes to watch where as many are in the room as get media of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.errors import Unavailable
from vtp.recording.grants import Grants, Scope
from vtp.rooms.watch_only import NobodyFollows, Released, WatchOnly, WatchOnlyEvent
from vtp.signalling.audience import Audience
from vtp.signalling.messages import Message
from vtp.signalling.parts.stream_messages import StreamOffer, StreamOffered
from vtp.signalling.peers import Peer
from vtp.signalling.seats import Answer, Event, Seat, Stay
from vtp.streaming.service import Streams
from vtp.streaming.stream import live_id


class StreamCalls:
    """A feature; see `features`. Who is offered the stream makes no transport to receive with
    (`watch_stream`).
    """

    pushes: ClassVar[Mapping[str, type]] = {"stream-offer": StreamOffered}
    states: ClassVar[Mapping[str, Any]] = {"stream": StreamOffer | None}

    def __init__(self, streams: Streams, grants: Grants) -> None:
        self._streams = streams
        self._grants = grants

    def table(self) -> dict[str, Event]:
        """The one call, for players whose stream or grant has ended."""
        return {"get-stream-offer": Event(Message, "", self._get, StreamOffered)}

    def state(self, stay: Stay) -> Answer:
        """The stream, for who is to follow it: that is decided now, when they come. It begins with the first
        of them. Where it cannot begin, or is full, they have media as all others.
        """
        return {"stream": self._offer(stay.peer)}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells those who have media of their own from now on; ends a stream that nobody follows any more."""

        def changed(event: WatchOnlyEvent) -> None:
            if isinstance(event, Released):
                told: StreamOffered = {"stream": None}
                audience.tell_participant(event.participant_id, "stream-offer", told)
            elif isinstance(event, NobodyFollows):
                self._streams.withdraw(audience.live)

        return audience.live.part(WatchOnly).add_listener(changed)

    async def _get(self, seat: Seat, request: Message) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_WATCH, peer.room)
        told: StreamOffered = {"stream": self._offer(peer)}
        return told

    def _offer(self, peer: Peer) -> StreamOffer | None:
        watch_only = peer.live.part(WatchOnly)
        if not watch_only.meet(peer.participant):
            return None
        try:
            stream, holder = self._streams.offer(peer.live, peer.participant)
        except Unavailable:
            watch_only.release(peer.id)
            return None
        media_id, latest_s = live_id(stream.slug), peer.principal.expires_at_s
        grant = self._grants.make(media_id, Scope.PLAY, holder, latest_s=latest_s)
        return {"stream_id": stream.id, "url": stream.playback_url, "grant": grant}
