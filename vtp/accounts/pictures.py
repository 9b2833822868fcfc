"""Profile pictures: one for each person, made by us, in the store under the person's id."""

import asyncio

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import require_verified
from vtp.accounts.portraits import make_portrait
from vtp.accounts.service import account_of
from vtp.accounts.users import User, change_user, find_user
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import NotFound, NotSignedIn
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.storage import Store

_FOLDER = "pictures"
AT_ONCE = 1  # decoded together: each may take 200 MB for a moment


class Pictures:
    """Put, removed, read."""

    def __init__(self, database: Database, store: Store, audit: AuditLog) -> None:
        self._database = database
        self._store = store
        self._audit = audit
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def put(self, principal: Principal, data: bytes, origin: Origin) -> User:
        """Makes this the caller's picture. Raises Forbidden without an account, Invalid for no picture."""
        user_id = account_of(principal)
        async with self._turns:
            portrait = await asyncio.to_thread(make_portrait, data)
        key = f"{folder_of(user_id)}/{new_id()}.jpg"
        await self._store.put(key, portrait)
        return await self._change(user_id, key, origin)

    async def remove(self, principal: Principal, origin: Origin) -> None:
        """Removes the caller's picture, if there is one."""
        await self._change(account_of(principal), None, origin)

    async def read(self, principal: Principal, user_id: str) -> tuple[str, bytes]:
        """Somebody's picture, and the name of this version of it.

        For everybody with a verified account; one's own also before. Raises Forbidden, NotFound.
        """
        user_id = parse_id(user_id, "/path/user_id")
        if account_of(principal) != user_id:
            require_verified(principal)
        async with self._database.read() as tx:
            user = await find_user(tx, user_id)
        data = await self.find(user) if user is not None else None
        if user is None or user.picture_key is None or data is None:
            raise NotFound("This person has no picture.")
        return user.picture_key, data

    async def find(self, user: User) -> bytes | None:
        """Somebody's picture, for who may see it."""
        return await self._store.get(user.picture_key) if user.picture_key is not None else None

    async def start(self) -> None:
        """Deletes what is left of pictures whose process was killed while it wrote them."""
        await self._store.remove_drafts(_FOLDER)

    async def erase(self, user_id: str) -> None:
        """Deletes every file of somebody's."""
        await self._store.delete(folder_of(user_id))

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
            await self._store.remove(user.picture_key)
        return changed or user


def folder_of(user_id: str) -> str:
    """Where somebody's files lie in the store."""
    return f"{_FOLDER}/{user_id}"
