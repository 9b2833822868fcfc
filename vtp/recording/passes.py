"""Whom a grant lets through to media, found out once and good until it may be otherwise: players show theirs
with every request.
"""

from __future__ import annotations

import asyncio
from functools import partial

from vtp.http.express import Asker
from vtp.recording.grants import PLAIN_NAME, SECURE_NAME, Grants, Scope
from vtp.recording.holders import RECHECK_S, Holders, is_in_path, session_of, without_visit
from vtp.recording.viewers import Viewer, Viewers, Viewership
from vtp.tasks import Tasks

AHEAD_S = RECHECK_S / 3  # asked about again so long before they must be: else all who come then wait for it
AGAIN_S = 1.0  # from one question that had no answer to the next
MOST_KEPT = 16  # of one connection: a page that shows several recordings


class Pass:
    """One who watches: by which session, and how long that is known. `viewer` is theirs among the viewers."""

    __slots__ = ("changes", "grant_end_s", "known_until_s", "session", "viewer", "viewers")

    def __init__(self, session: str, grant_end_s: float, known_until_s: float, changes: int) -> None:
        self.session = session
        self.grant_end_s = grant_end_s
        self.known_until_s = known_until_s
        self.changes = changes
        self.viewers: Viewers | None = None
        self.viewer: Viewer | None = None

    def count(self, track: str, size: int, segments: int) -> None:
        """Something of a track was sent to them."""
        if self.viewers is not None and self.viewer is not None:
            self.viewers.add(self.viewer, track, size, segments)


class Passes:
    """Of who was let in by `admission`, a moment ago, and watches already; for all others nothing is known
    here. On the event loop, and it waits for nothing.
    """

    def __init__(self, grants: Grants, holders: Holders, viewership: Viewership, tasks: Tasks) -> None:
        self._grants = grants
        self._holders = holders
        self._viewership = viewership
        self._tasks = tasks
        self._asked: set[tuple[str, str, str]] = set()

    def find(self, asker: Asker, media_id: str, in_path: str = "") -> Pass | None:
        """The pass of who shows a grant, in the path or else in a cookie; they watch from now on, too."""
        found: Pass | None = asker.memory.get((media_id, in_path))
        if (
            found is None
            or self._holders.left_s(found.known_until_s, found.changes) <= AHEAD_S
            or self._grants.is_over(found.grant_end_s)
        ):
            found = self._look(asker, media_id, in_path)
            if found is None:
                return None
        if not found.session:
            return found
        found.viewers = viewers = self._viewership.get(media_id)
        if viewers is not None:
            found.viewer = viewers.touch(found.session)
            if found.viewer is None:
                return None
        return found

    def _look(self, asker: Asker, media_id: str, in_path: str) -> Pass | None:
        asker.memory.pop((media_id, in_path), None)
        grant = in_path or offered_grant(asker)
        holder = self._grants.check(grant, media_id, Scope.PLAY)
        if holder is None or is_in_path(holder) is not bool(in_path):
            return None
        address = asker.client.address
        until_s = self._holders.known_until(holder, media_id, Scope.PLAY, address)
        if until_s is None:
            return None
        if self._holders.left_s(until_s, self._holders.changes) <= AHEAD_S:
            self._ask_ahead((without_visit(holder), media_id, address))
        if len(asker.memory) >= MOST_KEPT:
            asker.memory.clear()
        made = asker.memory[media_id, in_path] = Pass(
            session_of(holder, address), self._grants.end_of(grant), until_s, self._holders.changes
        )
        return made

    def _ask_ahead(self, who: tuple[str, str, str]) -> None:
        """Once for all whose grants have this holder: a class behind one address watches by one link."""
        if who in self._asked:
            return
        holder, media_id, address = who
        asking = self._holders.ask_ahead(holder, media_id, Scope.PLAY, address)
        try:
            task = self._tasks.start(asking, "who may watch on")
        except RuntimeError:  # the server is about to end
            return
        self._asked.add(who)
        again = partial(asyncio.get_running_loop().call_later, AGAIN_S, self._asked.discard, who)
        task.add_done_callback(lambda _: again())


def offered_grant(asker: Asker) -> str:
    """The one grant that a request's cookies offer; "" for none and for several."""
    name = SECURE_NAME if asker.client.secure else PLAIN_NAME
    named = (one.strip().partition("=") for one in asker.cookies.split(";"))
    offered = [value for key, _, value in named if key == name]
    return offered[0] if len(offered) == 1 else ""
