"""Builds the accounts' services once, in the order they need each other; the composition root keeps the
result.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from vtp.accounts.administration import Administration
from vtp.accounts.audit import AuditLog
from vtp.accounts.authenticator import Changes, TokenAuthenticator
from vtp.accounts.keyring import open_keyring
from vtp.accounts.passwords import Passwords
from vtp.accounts.revocations import AccountRevocations, Revocations
from vtp.accounts.service import AccountService, utc_now
from vtp.accounts.sessions import Sessions
from vtp.accounts.tokens import Tokens
from vtp.db import Database
from vtp.sealing import Sealer, open_sealer
from vtp.settings import Settings


@dataclass(frozen=True)
class Accounts:
    """Everything about accounts: `authenticator` for the middleware, the services for routes, `tokens` to
    sign.
    """

    service: AccountService
    administration: Administration
    authenticator: TokenAuthenticator
    tokens: Tokens
    audit: AuditLog
    passwords: Passwords
    sealer: Sealer
    revocations: Revocations

    @classmethod
    def build(cls, database: Database, settings: Settings, *, rotate_keys: bool = False) -> Self:
        """Reads (or makes) the keys in `data_dir/secrets`. Raises StartupError when that fails.

        `rotate_keys`: for the server, which alone may replace an old key.
        """
        secrets = settings.secrets_folder()
        keyring, sealer = open_keyring(secrets, utc_now(), rotate=rotate_keys), open_sealer(secrets)
        tokens, audit = Tokens(keyring), AuditLog(database)
        passwords = Passwords(settings.accounts)
        sessions = Sessions(settings.accounts, keyring.refresh_key)
        ttl = timedelta(seconds=settings.accounts.access_token_ttl_s)
        changes = Changes(ttl)
        revocations = Revocations(database, ttl)
        revocations.add_reader(AccountRevocations(sessions, changes).read)
        service = AccountService(
            database,
            settings.accounts,
            settings.limits,
            passwords=passwords,
            tokens=tokens,
            sessions=sessions,
            changes=changes,
            audit=audit,
        )
        administration = Administration(
            database, settings.accounts, service, sessions=sessions, changes=changes, audit=audit
        )
        authenticator = TokenAuthenticator(tokens, changes)
        return cls(service, administration, authenticator, tokens, audit, passwords, sealer, revocations)

    async def start(self) -> None:
        """Recalls what must not be forgotten over a restart; call once before serving."""
        await self.service.start()
        await self.revocations.look()

    def close(self) -> None:
        """Ends the password threads."""
        self.passwords.close()
