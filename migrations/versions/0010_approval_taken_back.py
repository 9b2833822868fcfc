"""Approval that an administrator took back; whom the answers kept for repeated requests name; addresses in
the one spelling that each has by now."""

import unicodedata

import idna
import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("approval_withdrawn_at", UtcDateTime()))
    op.add_column("idempotency_keys", sa.Column("people", sa.Text()))
    op.create_index("ix_idempotency_keys_principal", "idempotency_keys", ["principal"])
    _spell_addresses()


def _spell_addresses() -> None:
    """In accounts, then in links and invitations that are under way to them."""
    connection, users = op.get_bind(), sa.table("users", sa.column("email"))
    known = set(connection.execute(sa.select(users.c.email)).scalars())
    for table in (users, *(sa.table(name, sa.column("email")) for name in ("account_tokens", "invitations"))):
        for email in list(connection.execute(sa.select(table.c.email).distinct()).scalars()):
            spelt = _spelling(email)
            if spelt == email or (spelt if table is users else email) in known:
                continue  # what is no name; or somebody else has it, or it is an account's that kept its own
            connection.execute(sa.update(table).where(table.c.email == email).values(email=spelt))
            known ^= {email, spelt} if table is users else set()


def _spelling(email: str) -> str:
    """The one that sign-in looks for: composed, the domain as people read it."""
    local, _, domain = email.rpartition("@")
    if email.isascii() and "xn--" not in domain:
        return email
    try:
        return f"{unicodedata.normalize('NFC', local)}@{idna.decode(idna.encode(domain, uts46=True))}"
    except idna.IDNAError:
        return email
