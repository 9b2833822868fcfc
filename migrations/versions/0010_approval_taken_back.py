"""Approval that an administrator took back; whom the answers kept for repeated requests name; addresses whose
domain was written as DNS has it, in the one spelling of all others."""

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
    _spell_domains()


def _spell_domains() -> None:
    """Leaves alone what is no name, and whose spelling somebody else's account has."""
    connection, users = op.get_bind(), sa.table("users", sa.column("id"), sa.column("email"))
    known = set(connection.execute(sa.select(users.c.email)).scalars())
    found = connection.execute(sa.select(users.c.id, users.c.email).where(users.c.email.contains("xn--")))
    for user_id, email in found.all():
        local, _, domain = email.rpartition("@")
        try:
            spelt = f"{local}@{idna.decode(domain)}"
        except idna.IDNAError:
            continue
        if spelt not in known:
            connection.execute(sa.update(users).where(users.c.id == user_id).values(email=spelt))
            known.add(spelt)
