"""What of a query an edge asks its origin for: the directives of low-latency players, written in one way.

Whatever else is written in it would only have the same thing fetched, and kept, for each way of writing it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from vtp.edge.address import takes_wishes
from vtp.errors import Malformed
from vtp.recording.ready_media import wish_of
from vtp.recording.schemas import FollowQuery
from vtp.recording.wish import Wish

_NAMES = ("_HLS_msn", "_HLS_part", "_HLS_skip")


def plain_query(path: str, query: str) -> str | None:
    """Of a query as players write it; None for one that says more, or otherwise."""
    if not query:
        return ""
    wish = wish_of(query) if takes_wishes(path) else None
    written = "" if wish is None else query_of(wish)
    return written if written == query.replace("=v2", "=YES") else None


def directives(path: str, query: Mapping[str, str]) -> str:
    """Of any other; "" where they bear on nothing. Raises Malformed."""
    if not takes_wishes(path):
        return ""
    try:
        said = FollowQuery.model_validate({name: query[name] for name in _NAMES if name in query})
    except ValidationError as error:
        raise Malformed("_HLS_msn and _HLS_part are numbers, _HLS_skip is YES or v2.") from error
    if said.msn is None and said.part is not None:
        raise Malformed("_HLS_part needs _HLS_msn beside it: the segment that the part is of.")
    return query_of(Wish(said.msn, said.part, said.skip is not None))


def wish_in(query: str) -> Wish:
    """What a query of ours says."""
    return Wish(skip=True) if query == query_of(Wish(skip=True)) else wish_of(query) or Wish()


def query_of(wish: Wish) -> str:
    """The query that says this wish."""
    said = [f"_HLS_msn={wish.msn}"] if wish.msn is not None else []
    said += [f"_HLS_part={wish.part}"] if wish.part is not None else []
    return "&".join([*said, *(["_HLS_skip=YES"] if wish.skip else [])])
