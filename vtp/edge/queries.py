"""What of a query an edge asks its origin for: the directives of low-latency players, written in one way.

Whatever else is written in it would only have the same thing fetched, and kept, for each way of writing it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from vtp.edge.address import is_playlist
from vtp.errors import Malformed
from vtp.recording.ready_media import wish_of
from vtp.recording.schemas import FollowQuery
from vtp.recording.wish import Wish

_NAMES = ("_HLS_msn", "_HLS_part", "_HLS_skip")


def plain_query(path: str, query: str) -> str | None:
    """Of a query as players write it; None for one that says more, or otherwise."""
    if not query:
        return ""
    wish = wish_of(query) if is_playlist(path) else None
    written = "" if wish is None else _written(wish)
    return written if written == query.replace("=v2", "=YES") else None


def directives(path: str, query: Mapping[str, str]) -> str:
    """Of any other; "" where they bear on nothing. Raises Malformed."""
    if not is_playlist(path):
        return ""
    try:
        said = FollowQuery.model_validate({name: query[name] for name in _NAMES if name in query})
    except ValidationError as error:
        raise Malformed("_HLS_msn and _HLS_part are numbers, _HLS_skip is YES or v2.") from error
    if said.msn is None and said.part is not None:
        raise Malformed("_HLS_part needs _HLS_msn beside it: the segment that the part is of.")
    return _written(Wish(said.msn, said.part, said.skip is not None))


def _written(wish: Wish) -> str:
    said = [f"_HLS_msn={wish.msn}"] if wish.msn is not None else []
    said += [f"_HLS_part={wish.part}"] if wish.part is not None else []
    return "&".join([*said, *(["_HLS_skip=YES"] if wish.skip else [])])
