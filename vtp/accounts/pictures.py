"""Profile pictures: one for each person, made by us, in the store under the person's id."""

import asyncio

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import require_verified
from vtp.accounts.picture_files import PictureFiles
from vtp.accounts.picture_store import folder_of
from vtp.accounts.picture_turns import PictureTurns
from vtp.accounts.portraits import make_portrait
from vtp.accounts.service import account_of
from vtp.accounts.users import User, change_user, find_user
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import NotFound, NotSignedIn
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id


class Pictures:
    """Put, removed, read."""

    def __init__(self, database: Database, files: PictureFiles, audit: AuditLog) -> None:
        self._database = database
        self.files = files
        self._audit = audit
        self._turns = PictureTurns()  # decoding may take 200 MB for a moment

    async def put(self, principal: Principal, data: bytes, origin: Origin) -> User:
        """Makes this the caller's picture. Raises Forbidden without an account, Invalid for no picture,
        RateLimited for a second one at the same time, Unavailable where many wait and for a full disk."""
        user_id = account_of(principal)
        async with self._turns.turn(user_id, verified=principal.verified, is_gone=origin.is_gone):
            portrait = await asyncio.to_thread(make_portrait, data)
        key = f"{folder_of(user_id)}/{new_id()}.jpg"
        await self.files.keep(key, user_id, portrait)
        return await self._change(user_id, key, origin)

    async def remove(self, principal: Principal, origin: Origin) -> None:
        """Removes the caller's picture, if there is one."""
        await self._change(account_of(principal), None, origin)

    async def named(self, principal: Principal, user_id: str) -> str:
        """The key of somebody's picture, which another picture of theirs does not have.

        For everybody with a verified account; one's own also before. Raises Forbidden, NotFound.
        """
        user_id = parse_id(user_id, "/path/user_id")
        if account_of(principal) != user_id:
            require_verified(principal)
        async with self._database.read() as tx:
            user = await find_user(tx, user_id)
        if user is None or user.picture_key is None:
            raise _no_picture()
        return user.picture_key

    async def read(self, key: str) -> bytes:
        """A picture, for who may see it. Raises NotFound, Unavailable while it cannot be had."""
        data = await self.files.read(key)
        if data is None:
            raise _no_picture()
        return data

    async def find(self, user: User) -> bytes | None:
        """The same; None without one."""
        return await self.files.read(user.picture_key) if user.picture_key is not None else None

    @done_over
    async def _change(self, user_id: str, key: str | None, origin: Origin) -> User:
        """The new file is there before its row, the old one until after: what is named can always be read."""
        async with self._database.transaction() as tx:
            user = await find_user(tx, user_id, lock=True)
            if user is None:
                raise NotSignedIn("This account does not exist any more.", code="session_ended")
            if key == user.picture_key:
                return user
            changed = await change_user(tx, user_id, {"picture_key": key})
            details = {"fields": ["picture"]}
            await self._audit.record(
                tx, Event.USER_UPDATED, origin, actor_id=user_id, subject=f"user:{user_id}", details=details
            )
        if user.picture_key is not None:
            await self.files.drop(user.picture_key)
        return changed or user


def _no_picture() -> NotFound:
    return NotFound("This person has no picture.")
