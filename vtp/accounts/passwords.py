"""Passwords: argon2id in few patient threads, so that no hash delays the event loop; whose turn it is follows
from the claim of who asks.

Values: OWASP Password Storage Cheat Sheet (m = 19456 KiB, t = 2, p = 1 at least); rules: OWASP ASVS 5.0,
V6.2.
"""

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret_raw
from argon2.profiles import RFC_9106_LOW_MEMORY

from vtp.accounts.claims import Claim
from vtp.accounts.hash_turns import HashTurns
from vtp.accounts.password_rules import normal_password
from vtp.settings import AccountSettings
from vtp.threads import be_patient

MOST_THREADS = 4
"""Unless more are asked for. More than processors make no more hashes, but each takes longer, and who is next
waits for one of those under way.
"""
_BESIDE_THREADS = 2
"""Turns beyond threads: beside what is hashed, others ask the database who it is, or write that it failed."""
CODE_COST = {"time_cost": 2, "memory_cost": 19456, "parallelism": 1}
_NICENESS = 10  # hashing yields to media and requests
_HASH_BYTES = RFC_9106_LOW_MEMORY.hash_len
_SALT_BYTES = RFC_9106_LOW_MEMORY.salt_len

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and whether its hash was made with weaker parameters than today's."""

    right: bool
    needs_rehash: bool


class Hasher:
    """Hashes and verifies in its threads. For who holds a turn: see `Passwords`."""

    def __init__(self, settings: AccountSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self.threads = settings.hash_threads or min(MOST_THREADS, len(os.sched_getaffinity(0)))
        self._pool = ThreadPoolExecutor(
            self.threads, thread_name_prefix="vtp-password", initializer=be_patient, initargs=(_NICENESS,)
        )
        self._nobodys_hash = _unmatched_hash(settings)

    async def hash(self, password: str) -> str:
        """Gives the encoded argon2id hash."""
        return await self._run(self._hasher.hash, normal_password(password).encode())

    async def verify(self, encoded: str | None, password: str) -> Verdict:
        """Compares; None (an unknown account) and an empty one (an account without a password) take the same
        time as a wrong password."""
        text = normal_password(password).encode()
        verdict = await self._run(self._verify, encoded or self._nobodys_hash, text)
        return verdict if encoded else Verdict(right=False, needs_rehash=False)

    async def derive(self, text: str, salt: bytes) -> bytes:
        """argon2id of a text with a given salt, by OWASP's least cost: for codes, which are found by their
        hash, so that cost must never change."""
        return await self._run(_derive, text.encode(), salt)

    def close(self) -> None:
        """Ends the threads after the hashes already begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _verify(self, encoded: str, password: bytes) -> Verdict:
        try:
            self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return Verdict(right=False, needs_rehash=False)
        return Verdict(right=True, needs_rehash=self._hasher.check_needs_rehash(encoded))

    async def _run(self, function: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)


class Passwords:
    """Hashes in turn; one for the whole process, closed by `close()`.

    What takes a claim raises Unavailable when too many are waiting, and what the claim's checks raise.
    """

    def __init__(self, settings: AccountSettings) -> None:
        self._hasher = Hasher(settings)
        self._turns = HashTurns(self._hasher.threads + _BESIDE_THREADS)

    @asynccontextmanager
    async def turn(self, claim: Claim) -> AsyncIterator[Hasher]:
        """A turn for all that a try costs, what it asks of the database too. Take none within another."""
        async with self._turns.turn(claim):
            yield self._hasher

    async def hash(self, password: str, claim: Claim) -> str:
        """Gives the encoded argon2id hash."""
        async with self.turn(claim) as hasher:
            return await hasher.hash(password)

    async def verify(self, encoded: str | None, password: str, claim: Claim) -> Verdict:
        """Compares, see `Hasher`."""
        async with self.turn(claim) as hasher:
            return await hasher.verify(encoded, password)

    async def derive(self, text: str, salt: bytes, claim: Claim) -> bytes:
        """Hashes a code, see `Hasher`."""
        async with self.turn(claim) as hasher:
            return await hasher.derive(text, salt)

    def numbers(self) -> Mapping[str, int]:
        """Who waits, and what became of who did; for `/metrics`."""
        return self._turns.numbers()

    def close(self) -> None:
        """Ends the threads after the hashes already begun; who waits is cancelled."""
        self._turns.close()
        self._hasher.close()


def _derive(text: bytes, salt: bytes) -> bytes:
    return hash_secret_raw(text, salt, **CODE_COST, hash_len=32, type=Type.ID)


def _unmatched_hash(settings: AccountSettings) -> str:
    """An encoded hash of today's cost that no password matches: random bytes in the place of salt and
    hash.
    """
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (_SALT_BYTES, _HASH_BYTES)
    )
    cost = f"m={settings.argon2_memory_kib},t={settings.argon2_time_cost},p={settings.argon2_parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"
