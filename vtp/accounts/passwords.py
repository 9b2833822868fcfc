"""Passwords: which are good enough, and argon2id in a bounded thread pool so that no hash delays the event
loop.

Values: OWASP Password Storage Cheat Sheet (m = 19456 KiB, t = 2, p = 1 at least); rules: OWASP ASVS 5.0,
V6.2.
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret_raw
from argon2.profiles import RFC_9106_LOW_MEMORY

from vtp.errors import Unavailable
from vtp.settings import AccountSettings
from vtp.threads import be_patient

MAX_WAITING = 256  # hashes queued before a sign-in is answered 503 instead of waiting longer
_NICENESS = 10  # hashing yields to media and requests
_HASH_BYTES = RFC_9106_LOW_MEMORY.hash_len
_SALT_BYTES = RFC_9106_LOW_MEMORY.salt_len

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and whether its hash was made with weaker parameters than today's."""

    right: bool
    needs_rehash: bool


class Passwords:
    """Hashes and verifies; one thread pool for the whole process, closed by `close()`."""

    def __init__(self, settings: AccountSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self._pool = ThreadPoolExecutor(
            settings.hash_threads,
            thread_name_prefix="vtp-password",
            initializer=be_patient,
            initargs=(_NICENESS,),
        )
        self._waiting = 0
        self._nobodys_hash = _unmatched_hash(settings)

    async def hash(self, password: str) -> str:
        """Gives the encoded argon2id hash. Raises Unavailable when too many are waiting."""
        return await self._run(self._hasher.hash, _normalize(password))

    async def verify(self, encoded: str | None, password: str) -> Verdict:
        """Compares; None (an unknown account) and an empty one (an account without a password) take the same
        time as a wrong password."""
        verdict = await self._run(self._verify, encoded or self._nobodys_hash, _normalize(password))
        return verdict if encoded else Verdict(right=False, needs_rehash=False)

    async def derive(self, text: str, salt: bytes) -> bytes:
        """argon2id of a text with a given salt, by OWASP's least cost: for codes, which are found by their
        hash, so that cost must never change. Raises Unavailable."""
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
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many people are signing in at once; try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)
        finally:
            self._waiting -= 1


def _derive(text: bytes, salt: bytes) -> bytes:
    return hash_secret_raw(
        text, salt, time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, type=Type.ID
    )


def _normalize(password: str) -> bytes:
    """One spelling for the same characters typed on different keyboards (NIST SP 800-63B, NFKC)."""
    return unicodedata.normalize("NFKC", password).encode()


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
