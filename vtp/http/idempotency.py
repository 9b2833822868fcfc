"""Idempotency keys: a repeated POST gets the answer of the first instead of creating twice.

draft-ietf-httpapi-idempotency-key-header: kept 24 h; 409 while the first is in flight, 422 with another body.
Only successes are kept: a call that failed changed nothing and may be tried again. Whatever a keyed call
writes names the key in the same transaction (`Claim.carry`), so that of a call whose process died it is known
whether anything of it was done: then it is not done again (decision 0141).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.db.tables import idempotency_keys as table
from vtp.errors import Conflict, FieldError, Invalid
from vtp.sealing import Sealer

HEADER = "Idempotency-Key"
KEPT = dt.timedelta(hours=24)
IN_FLIGHT = dt.timedelta(minutes=2)  # a first call older than this died with its process
MAX_KEY_LENGTH = 255
WRITTEN = 0
"""In the place of a status: something of the call is stored, and its answer is not there (yet)."""
KEPT_HEADERS = ("Location", "ETag", "Content-Type")
_NAMES = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[^\s@\"<>,;:()\[\]\\]+@[^\s@\"<>,;:()\[\]\\]+"
)
_MARK_CHARACTERS = 32  # 128 bits: no two people of a school share one

Now = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One keyed call: who calls what with which key, and a digest of what is asked."""

    key: str
    principal: str
    route: str
    body_hash: str


class Claim:
    """Somebody's hold on a key, from `begin` to `finish` or `abandon`."""

    def __init__(self, ticket: Ticket, since: dt.datetime) -> None:
        self.ticket = ticket
        self._since = since
        self._held = True

    @property
    def condition(self) -> ColumnElement[bool]:
        """Its row, as long as it is its own and not answered."""
        unanswered = or_(table.c.status.is_(None), table.c.status == WRITTEN)
        return and_(_same(self.ticket), table.c.created_at == self._since, unanswered)

    def let_go(self) -> None:
        """What is written from now on is not of the call: a task of it may go on."""
        self._held = False

    async def carry(self, tx: AsyncConnection) -> None:
        """Notes within a transaction of the call that there is something of it. Raises Conflict when the call
        has taken so long that the key is another's: it is done there, and not here."""
        if not self._held:
            return
        noted = update(table).where(self.condition).values(status=WRITTEN)
        if not (await tx.execute(noted)).rowcount and self._held:
            raise Conflict(
                f"This call took so long that its {HEADER} was given away; look for what the other one made.",
                code="idempotency_key_lost",
            )


def read_key(request: web.Request) -> str | None:
    """The request's key, without the quotes of a structured-field string; raises Invalid for an odd one."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    key = key.strip().strip('"')
    if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise Invalid(
            f"{HEADER} must have 1 to {MAX_KEY_LENGTH} printable characters; a UUID is a good one.",
            errors=[FieldError(f"/header/{HEADER}", "1 to 255 printable characters")],
        )
    return key


def ticket_of(key: str, principal: str, route: str, path: str, body: bytes) -> Ticket:
    """Makes the ticket; path and body together are what must not differ between repetitions."""
    digest = hashlib.sha256(path.encode() + b"\n" + body).hexdigest()
    return Ticket(key, principal[:255], route[:255], digest)


class IdempotencyStore:
    """Keeps the answers of keyed calls in the database, sealed: there are secrets among them.

    `now` gives aware UTC times.
    """

    def __init__(
        self, database: Database, sealer: Sealer, now: Now = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._now = now

    @done_over
    async def begin(self, ticket: Ticket) -> Claim | web.Response:
        """Claims the key, or gives the kept answer of the first call.

        Raises Conflict (409) while the first call is in flight, and when it has written something and died
        before it was answered; Invalid (422) for another body.
        """
        # by our key: bodies hold passwords, at which one could guess by a plain hash from a stolen database
        ticket = replace(ticket, body_hash=self._sealer.digest("idempotency", ticket.body_hash))
        now = self._now()
        try:
            async with self._database.transaction() as tx:
                await tx.execute(delete(table).where(_over(ticket, now)))
                await tx.execute(insert(table).values(**_identity(ticket), created_at=now))
        except IntegrityError:
            return await self._earlier(ticket)
        return Claim(ticket, now)

    @done_over
    async def finish(self, claim: Claim, response: web.Response) -> None:
        """Keeps a success for 24 h; anything else frees the key again."""
        claim.let_go()
        body = response.body
        if response.status >= 300 or not isinstance(body, bytes | bytearray | None):
            await self.abandon(claim)
            return
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        text = bytes(body or b"").decode()
        kept = {"status": response.status, "headers": headers, "response": self._sealer.seal(text)}
        async with self._database.transaction() as tx:
            await tx.execute(
                update(table)
                .where(claim.condition)
                .values(**kept, people=" ".join(sorted(marks_in(self._sealer, text))))
            )

    @done_over
    async def abandon(self, claim: Claim, *, refused: bool = True) -> None:
        """Frees the key of a call that was refused, or else of one that has stored nothing."""
        claim.let_go()
        unwritten = true() if refused else table.c.status.is_(None)
        async with self._database.transaction() as tx:
            await tx.execute(delete(table).where(claim.condition, unwritten))

    async def _earlier(self, ticket: Ticket) -> web.Response:
        async with self._database.transaction() as tx:  # over once what it finds is on the disk
            row = (await tx.execute(select(table).where(_same(ticket)))).mappings().one_or_none()
        if row is not None and row["body_hash"] != ticket.body_hash:
            raise Invalid(
                f"This {HEADER} was used with another body; use a new key for a new call.",
                code="idempotency_key_reused",
                errors=[FieldError(f"/header/{HEADER}", "was used with another body")],
            )
        if row is not None and row["status"] == WRITTEN and row["created_at"] < self._now() - IN_FLIGHT:
            raise Conflict(
                f"The first call with this {HEADER} was broken off after it had stored something: look for "
                "what it made, and use a new key to do it again.",
                code="idempotency_answer_lost",
            )
        if row is None or row["status"] in (None, WRITTEN):
            raise Conflict(
                f"The first call with this {HEADER} is still being handled; repeat in a moment.",
                code="idempotency_in_flight",
            )
        kept = {**(row["headers"] or {}), "Idempotency-Replayed": "true", "Cache-Control": "no-store"}
        return web.Response(status=row["status"], body=self._unsealed(row["response"]), headers=kept)

    def _unsealed(self, response: str) -> bytes:
        try:
            return self._sealer.unseal(response).encode()
        except ValueError:
            raise Conflict(
                f"The call with this {HEADER} was answered, and the key that its answer was sealed with "
                "is gone: look for what it made.",
                code="idempotency_answer_lost",
            ) from None


def mark_of(sealer: Sealer, name: str) -> str:
    """What stands for somebody's id or address beside a sealed answer that has it."""
    return sealer.digest("idempotency person", name.lower())[:_MARK_CHARACTERS]


def marks_in(sealer: Sealer, text: str) -> set[str]:
    """The marks of all ids and addresses in an answer."""
    return {mark_of(sealer, name) for name in _NAMES.findall(text)}


async def forget_unmarked(tx: AsyncConnection) -> None:
    """Deletes the answers that were kept before there were marks: nobody can tell whom they name. A day after
    the upgrade there are none left."""
    await tx.execute(delete(table).where(table.c.people.is_(None), table.c.response.is_not(None)))


def _identity(ticket: Ticket) -> dict[str, str]:
    return {
        "key": ticket.key,
        "principal": ticket.principal,
        "route": ticket.route,
        "body_hash": ticket.body_hash,
    }


def _same(ticket: Ticket) -> ColumnElement[bool]:
    return and_(
        table.c.key == ticket.key, table.c.principal == ticket.principal, table.c.route == ticket.route
    )


def _over(ticket: Ticket, now: dt.datetime) -> ColumnElement[bool]:
    """What is kept no longer, and this key where its call died; a call that takes long keeps its own as long
    as nobody asks for it."""
    died = and_(_same(ticket), table.c.status.is_(None), table.c.created_at < now - IN_FLIGHT)
    return or_(table.c.created_at < now - KEPT, died)
