"""Calendars that programs follow at a secret address: all live lessons of somebody's, or those of a course.

The address is told once and only its hash is stored; a new one ends the old one. What it shows is what its
owner sees at that moment: who has left a course sees its lessons there no more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vtp.accounts.mail_tokens import new_token
from vtp.accounts.permissions import Action, require_reach
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.sessions import hash_token
from vtp.accounts.users import find_user
from vtp.courses.calendar_ics import feed_of
from vtp.courses.calendar_store import (
    Feed,
    Reader,
    feed_by_token,
    lessons_for,
    page_of_feeds,
    remove_feed,
    renew_feed,
)
from vtp.courses.door import enter
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import FieldError, Invalid, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import is_id, new_id, parse_id
from vtp.mail.links import Links

PAST: Final = timedelta(days=120)
"""So much of what is over a calendar keeps."""
PATH: Final = "/api/v1/calendars/feed/"
SUFFIX: Final = ".ics"


class Calendars:
    """Methods that take a principal raise Forbidden."""

    def __init__(self, database: Database, links: Links, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._links = links
        self._clock = clock

    @done_over
    async def renew(self, principal: Principal, course_id: str | None) -> tuple[Feed, str]:
        """Makes a calendar, or gives it another address; gives that. Raises Invalid, NotFound."""
        require_reach(principal, Action.COURSE_LIST)
        user_id, now, token = account_of(principal), self._clock(), new_token()
        if course_id is not None and not is_id(course_id):
            raise Invalid("This is no id of a course.", errors=[FieldError("/course_id", "is no id")])
        async with self._database.transaction() as tx:
            if course_id is not None:
                course_id = (await enter(tx, principal, course_id, Action.COURSE_VIEW)).course.id
            feed = Feed(new_id(), user_id, course_id, now, now)
            made = await renew_feed(tx, feed, hash_token(token))
        return made, f"{self._links.base}{PATH}{token}{SUFFIX}"

    async def page(self, principal: Principal, *, limit: int, before: str | None) -> list[Feed]:
        """The caller's, newest first."""
        require_reach(principal, Action.COURSE_LIST)
        async with self._database.read() as tx:
            return await page_of_feeds(tx, account_of(principal), limit=limit, before=before)

    @done_over
    async def delete(self, principal: Principal, feed_id: str) -> None:
        """Ends one of the caller's. Raises NotFound, Invalid."""
        require_reach(principal, Action.COURSE_LIST)
        wanted = parse_id(feed_id, "/path/calendar_id")
        async with self._database.transaction() as tx:
            if not await remove_feed(tx, account_of(principal), wanted):
                raise NotFound("You have no such calendar.", code="no_such_calendar")

    async def read(self, token: str) -> bytes:
        """What is at an address. Raises NotFound, for an account that may not sign in, too."""
        now = self._clock()
        async with self._database.read() as tx:
            feed = await feed_by_token(tx, hash_token(token.removesuffix(SUFFIX)))
            user = await find_user(tx, feed.user_id) if feed is not None else None
            if feed is None or user is None or user.disabled_at is not None:
                raise NotFound("There is no calendar at this address (any more).", code="no_such_calendar")
            reader = Reader(feed.user_id, everywhere=user.role is Role.ADMIN)
            found = await lessons_for(tx, reader, feed.course_id, now - PAST, now)
        name = "Lessons" if feed.course_id is None or not found else found[0].value.course_name
        return await feed_of(name, found, self._links)
