"""Sign-ins by a provider of which it has said that the person showed there, a moment ago, who they are.

A sign-in alone shows nothing: a browser that its owner left is still signed in at the provider, which lets
anybody in who presses the button (OWASP ASVS 5.0, 7.5.1). The rows are beside those of the flows, which last
as long, in `oidc_flows`; what is not there was not shown.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.oidc.flows import LIFETIME
from vtp.accounts.oidc.id_token import LEEWAY_S
from vtp.accounts.sessions import hash_token
from vtp.accounts.tables import oidc_flows

LASTS = LIFETIME
"""From when the person showed it, by the provider's clock."""
_PROVED = "+proved"  # in the place of a provider's name, which has no plus


def shown_at(claims: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the person showed the provider who they are, if its ID token says that it was a moment ago."""
    said, now_s = claims.get("auth_time"), now.timestamp()
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    if not now_s - LASTS.total_seconds() < said <= now_s + LEEWAY_S:
        return None
    return datetime.fromtimestamp(min(said, now_s), UTC)


async def add_proof(tx: AsyncConnection, key: str, user_id: str, at: datetime) -> None:
    """Keeps it of a session, by its id; or of a sign-in that waits for a code, by its ticket."""
    values = {"state_hash": _hash_of(key), "provider": _PROVED, "user_id": user_id, "created_at": at}
    nothing = dict.fromkeys(("nonce", "code_verifier", "browser_hash", "return_to"), "")
    await tx.execute(insert(oidc_flows).values(**values, **nothing))


async def pass_on_proof(tx: AsyncConnection, ticket: str, session_id: str) -> None:
    """Keeps of a session what was kept of the sign-in that waited, if anything was."""
    of = (oidc_flows.c.state_hash == _hash_of(ticket), oidc_flows.c.provider == _PROVED)
    await tx.execute(update(oidc_flows).where(*of).values(state_hash=_hash_of(session_id)))


async def is_proved(tx: AsyncConnection, session_id: str, now: datetime) -> bool:
    """Whether the person has shown their provider, a moment ago, who they are, and so began the session."""
    of = (oidc_flows.c.state_hash == _hash_of(session_id), oidc_flows.c.provider == _PROVED)
    found = select(oidc_flows.c.state_hash).where(*of, oidc_flows.c.created_at > now - LASTS)
    return (await tx.execute(found)).first() is not None


def _hash_of(key: str) -> str:
    """Of no flow's state or ticket: those have no plus."""
    return hash_token(f"{_PROVED} {key}")
