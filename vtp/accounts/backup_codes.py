"""Backup codes: what lets somebody in whose authenticator is lost. Ten of them, each good once.

A code has 50 bits. OWASP ASVS 5.0, 6.5.2 asks for a password's hash below 112, so argon2id it is, with a salt
for each set of codes; and an HMAC with the server's key over it, without which a stolen database tells
nothing. The salt is made by that key too: from the person and the moment, so that one hash finds the code
among the ten.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Origin
from vtp.accounts.claims import of_person
from vtp.accounts.passwords import Passwords
from vtp.accounts.tables import backup_codes
from vtp.sealing import Sealer

COUNT = 10
CHARACTERS = 10
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base32: nothing in it looks like another
_LOOKALIKES = str.maketrans("oil", "011", " -")
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class CodesLeft:
    """How many of the present codes are unused, and when they were made."""

    left: int
    created_at: datetime | None


def new_codes() -> list[str]:
    """Codes from the system's randomness, as they are shown: `x4k2-9fmw-t7`."""
    return [_shown("".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))) for _ in range(COUNT)]


def read_code(text: str) -> str | None:
    """A code as somebody typed it, in its one spelling; None for what cannot be one."""
    code = text.lower().translate(_LOOKALIKES)
    return code if len(code) == CHARACTERS and set(code) <= set(ALPHABET) else None


class BackupCodes:
    """Hashes codes, and keeps and uses them within the caller's transaction."""

    def __init__(self, passwords: Passwords, sealer: Sealer) -> None:
        self._passwords = passwords
        self._sealer = sealer

    async def hash(self, user_id: str, code: str, made_at: datetime, origin: Origin) -> str:
        """What is stored of a code of the set made at that moment. Slow by intention: in no transaction."""
        spelled = read_code(code) or ""
        salt = self._salt(user_id, made_at)
        derived = await self._passwords.derive(spelled, salt, of_person(user_id, origin))
        return self._sealer.digest("backup_code", derived.hex())

    async def replace(self, tx: AsyncConnection, user_id: str, hashes: list[str], made_at: datetime) -> None:
        """Stores a new set in place of what there was."""
        await self.remove(tx, user_id)
        rows = [{"user_id": user_id, "code_hash": one, "created_at": made_at} for one in hashes]
        await tx.execute(insert(backup_codes), rows)

    async def remove(self, tx: AsyncConnection, user_id: str) -> None:
        """Forgets all codes of a person."""
        await tx.execute(delete(backup_codes).where(backup_codes.c.user_id == user_id))

    async def use(self, tx: AsyncConnection, user_id: str, code_hash: str, now: datetime) -> bool:
        """Uses a code up; False when there is none such, or somebody was faster."""
        used = await tx.execute(
            update(backup_codes)
            .where(
                backup_codes.c.user_id == user_id,
                backup_codes.c.code_hash == code_hash,
                backup_codes.c.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return used.rowcount == 1

    async def count(self, tx: AsyncConnection, user_id: str) -> CodesLeft:
        """How many are left."""
        unused = func.sum(case((backup_codes.c.used_at.is_(None), 1), else_=0))
        statement = select(unused, func.max(backup_codes.c.created_at)).where(
            backup_codes.c.user_id == user_id
        )
        left, created_at = (await tx.execute(statement)).one()
        return CodesLeft(int(left or 0), created_at)

    def _salt(self, user_id: str, made_at: datetime) -> bytes:
        moment = int(made_at.timestamp())
        return bytes.fromhex(self._sealer.digest("backup_salt", f"{user_id} {moment}"))[:_SALT_BYTES]


def _shown(code: str) -> str:
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"
