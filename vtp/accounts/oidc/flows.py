"""The rows of sign-ins that are at their provider: begun, taken once by the same browser, forgotten."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.sessions import hash_token
from vtp.accounts.tables import oidc_flows

LIFETIME = timedelta(minutes=10)
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Flow:
    """What must not be forgotten meanwhile; `user_id`: who links an identity to their account."""

    provider: str
    nonce: str
    code_verifier: str
    return_to: str
    user_id: str | None


_COLUMNS = [oidc_flows.c[name] for name in Flow.__slots__]


def new_secret() -> str:
    """256 bits from the system's randomness, as text for addresses."""
    return secrets.token_urlsafe(_BYTES)


async def add_flow(tx: AsyncConnection, flow: Flow, state: str, browser: str, now: datetime) -> None:
    """Stores a flow, and forgets those that nobody has ended in time."""
    await tx.execute(delete(oidc_flows).where(oidc_flows.c.created_at < now - LIFETIME))
    await tx.execute(
        insert(oidc_flows).values(
            state_hash=hash_token(state),
            provider=flow.provider,
            nonce=flow.nonce,
            code_verifier=flow.code_verifier,
            browser_hash=hash_token(browser),
            return_to=flow.return_to,
            user_id=flow.user_id,
            created_at=now,
        )
    )


async def take_flow(
    tx: AsyncConnection, provider: str, state: str, browser: str, now: datetime
) -> Flow | None:
    """Gives the flow of a state to the browser that began it, once; None to all others."""
    taken = delete(oidc_flows).where(*_good(provider, state, browser, now)).returning(*_COLUMNS)
    row = (await tx.execute(taken)).one_or_none()
    return Flow(*row) if row else None


async def read_flow(
    tx: AsyncConnection, provider: str, state: str, browser: str, now: datetime
) -> Flow | None:
    """The same without taking it."""
    row = (await tx.execute(select(*_COLUMNS).where(*_good(provider, state, browser, now)))).one_or_none()
    return Flow(*row) if row else None


async def forget_flows(tx: AsyncConnection, user_id: str) -> None:
    """Ends what somebody has begun: linking, and sign-ins that wait for a second factor."""
    await tx.execute(delete(oidc_flows).where(oidc_flows.c.user_id == user_id))


def _good(provider: str, state: str, browser: str, now: datetime) -> list[ColumnElement[bool]]:
    return [
        oidc_flows.c.state_hash == hash_token(state),
        oidc_flows.c.browser_hash == hash_token(browser),
        oidc_flows.c.provider == provider,
        oidc_flows.c.created_at >= now - LIFETIME,
    ]
