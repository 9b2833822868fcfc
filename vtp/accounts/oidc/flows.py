"""The rows of sign-ins that are at their provider: begun, taken once by the same browser, forgotten.

Who links an account does so within a session, which must go on until they are back: the digest by which a
flow knows its browser is of the session, too.
"""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.sessions import alive_ids, hash_token
from vtp.accounts.tables import oidc_flows

LIFETIME = timedelta(minutes=10)
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Flow:
    """What must not be forgotten meanwhile; `user_id`: who links an identity to their account, in the session
    `session_id`; or, without a session, who is to show their second factor yet. `anew`: the provider was to
    ask them who they are, whether it knows them or not."""

    provider: str
    nonce: str
    code_verifier: str
    return_to: str
    user_id: str | None
    session_id: str | None = None
    anew: bool = False


_ANEW = "+anew"  # behind a provider's name, which has no plus
_KEPT = ("provider", "nonce", "code_verifier", "return_to", "user_id")
_COLUMNS = [oidc_flows.c[name] for name in _KEPT]


def new_secret() -> str:
    """256 bits from the system's randomness, as text for addresses."""
    return secrets.token_urlsafe(_BYTES)


async def add_flow(tx: AsyncConnection, flow: Flow, state: str, browser: str, now: datetime) -> None:
    """Stores a flow, and forgets those that nobody has ended in time."""
    await tx.execute(delete(oidc_flows).where(oidc_flows.c.created_at < now - LIFETIME))
    await tx.execute(
        insert(oidc_flows).values(
            state_hash=hash_token(state),
            provider=flow.provider + _ANEW * flow.anew,
            nonce=flow.nonce,
            code_verifier=flow.code_verifier,
            browser_hash=_bound_to(browser, flow.session_id),
            return_to=flow.return_to,
            user_id=flow.user_id,
            created_at=now,
        )
    )


async def take_flow(
    tx: AsyncConnection, provider: str, state: str, browser: str, now: datetime
) -> Flow | None:
    """Gives the flow of a state to the browser that began it, once; None to all others, and once the session
    in which it began is over."""
    flow = await read_flow(tx, provider, state, browser, now)
    if flow is None:
        return None
    bound = _bound_to(browser, flow.session_id)
    taken = delete(oidc_flows).where(*_of(provider, state, now), oidc_flows.c.browser_hash == bound)
    return flow if (await tx.execute(taken)).rowcount == 1 else None


async def read_flow(
    tx: AsyncConnection, provider: str, state: str, browser: str, now: datetime
) -> Flow | None:
    """The same without taking it."""
    statement = select(*_COLUMNS, oidc_flows.c.browser_hash).where(*_of(provider, state, now))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        return None
    began_by, *kept, bound = row
    flow = replace(Flow(provider, *kept), anew=began_by == provider + _ANEW)
    alive = await alive_ids(tx, flow.user_id, now) if flow.user_id is not None else []
    for session_id in (None, *alive):
        if hmac.compare_digest(bound, _bound_to(browser, session_id)):
            return replace(flow, session_id=session_id)
    return None


async def forget_flows(tx: AsyncConnection, user_id: str) -> None:
    """Ends what somebody has begun: linking, and sign-ins that wait for a second factor."""
    await tx.execute(delete(oidc_flows).where(oidc_flows.c.user_id == user_id))


def _of(provider: str, state: str, now: datetime) -> list[ColumnElement[bool]]:
    return [
        oidc_flows.c.state_hash == hash_token(state),
        oidc_flows.c.provider.in_((provider, provider + _ANEW)),
        oidc_flows.c.created_at >= now - LIFETIME,
    ]


def _bound_to(browser: str, session_id: str | None) -> str:
    """The digest of the browser's secret, and of the session in it."""
    return hash_token(browser if session_id is None else f"{browser}.{session_id}")
