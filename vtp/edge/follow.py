"""What followers of playlists wait for, at an edge: what is there already is answered by the newest playlist,
what is too far ahead is refused, so that however many wishes are made up, the origin is asked about few.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vtp.edge.address import takes_wishes
from vtp.edge.extent import Extent
from vtp.edge.kept import Kept, Key
from vtp.edge.origin import Fetched
from vtp.edge.queries import query_of, wish_in
from vtp.errors import Malformed
from vtp.recording.live_view import TOO_FAR_AHEAD
from vtp.recording.wish import Wish

K = TypeVar("K")
V = TypeVar("V")
MOST_KNOWN = 4096
REFUSALS_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class _Known:
    extent: Extent
    at_s: float


class Follow:
    """On the event loop. Of each playlist the newest one is kept, and one of its delta updates; both once for
    who wishes for a part and once for all others, as these are told the end sooner, and in other words.
    `good_for_s`: how long what is known is taken for what is so, and what the origin has refused is not asked
    for again.
    """

    def __init__(self, kept: Kept, good_for_s: float, clock: Callable[[], float]) -> None:
        self._kept = kept
        self._good_for_s = good_for_s
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._extents: OrderedDict[Key, Extent] = OrderedDict()
        self._refused = Kept(REFUSALS_BYTES, clock, good_for_s=good_for_s)

    def get(self, key: Key) -> Fetched | None:
        """The playlist that has what is wished for, when it is here and still good."""
        wish = wish_of(key)
        place = _place(key, wish)
        found = self._kept.get(place)
        if found is None or wish.msn is None:
            return found
        extent = self._extents.get(place)
        return found if extent is not None and extent.has(wish) else None

    def refused(self, key: Key) -> Fetched | None:
        """What the origin has just said instead: of a wish that it is too far ahead, or that nothing has come
        for too long; of a file that there is none.
        """
        return self._refused.get(key)

    def refuse(self, key: Key, fetched: Fetched) -> None:
        """The origin has said no: who is answered by another way in a moment does not ask it again."""
        self._refused.put(key, fetched)

    def wanted(self, key: Key) -> Key:
        """What is to be fetched for it: of a playlist that nothing (new) is known of, that as it is.

        Raises Malformed for what is too far ahead.
        """
        wish = wish_of(key)
        if wish.msn is None:
            return key
        place = _place(key, wish)
        known = self._known.get(key[1])
        if known is None:
            return place
        if known.extent.has(wish):  # what is kept may be older: what is known may be of a delta update
            return key if self._kept.get(place) is not None else place
        if not known.extent.is_too_far(wish):
            return key
        if self._clock() - known.at_s > self._good_for_s:
            return place
        raise Malformed(TOO_FAR_AHEAD)

    def put(self, key: Key, fetched: Fetched) -> bool:
        """Keeps it in place of an older one; whether it is what was wished for."""
        wish, extent = wish_of(key), Extent.of(fetched)
        if wish.follows or not extent.ended:
            _remember(self._known, key[1], _Known(extent, self._clock()))
        place = _place(key, wish)
        before = self._extents.get(place)
        if before is None or self._kept.get(place) is None or not extent.is_before(before):
            _remember(self._extents, place, extent)
            self._kept.put(place, fetched)
        return extent.has(wish)


def _place(key: Key, wish: Wish) -> Key:
    """Where a playlist is kept that answers this wish, which is what it is asked for by."""
    media_id, path, _ = key
    return media_id, path, query_of(Wish(0 if wish.follows else None, None, wish.skip))


def wish_of(key: Key) -> Wish:
    """What of a playlist is wished for."""
    _, path, query = key
    return wish_in(query) if takes_wishes(path) else Wish()


def _remember(known: OrderedDict[K, V], key: K, value: V) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > MOST_KNOWN:
        known.popitem(last=False)
