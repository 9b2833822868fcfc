"""Builds the accounts' services once, in the order they need each other; the composition root keeps the
result.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from vtp.accounts.administration import Administration
from vtp.accounts.audit import AuditLog
from vtp.accounts.authenticator import Changes, TokenAuthenticator
from vtp.accounts.devices import Devices
from vtp.accounts.invitations import Invitations
from vtp.accounts.keyring import open_keyring
from vtp.accounts.lockout import Lockout
from vtp.accounts.notices import Notices
from vtp.accounts.own_sessions import OwnSessions
from vtp.accounts.parts import AccountParts
from vtp.accounts.passwords import Passwords
from vtp.accounts.recovery import Recovery
from vtp.accounts.registration import Registration
from vtp.accounts.service import AccountService, utc_now
from vtp.accounts.sessions import Sessions
from vtp.accounts.tokens import Tokens
from vtp.accounts.verification import Verification
from vtp.db import Database
from vtp.mail.links import Links
from vtp.mail.outbox import Outbox
from vtp.sealing import Sealer, open_sealer
from vtp.settings import Settings
from vtp.tasks import Tasks


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
    mails: Outbox
    links: Links
    notices: Notices
    devices: Devices
    registration: Registration
    verification: Verification
    recovery: Recovery
    invitations: Invitations
    own_sessions: OwnSessions
    tasks: Tasks

    @classmethod
    def build(cls, database: Database, settings: Settings, *, rotate_keys: bool = False) -> Self:
        """Reads (or makes) the keys in `data_dir/secrets`. Raises StartupError when that fails.

        `rotate_keys`: for the server, which alone may replace an old key.
        """
        secrets = settings.data_dir / "secrets"
        keyring, sealer = open_keyring(secrets, utc_now(), rotate=rotate_keys), open_sealer(secrets)
        tokens, audit = Tokens(keyring), AuditLog(database)
        mails, links = Outbox(sealer, sends=settings.mail.sends), Links(settings.http.public_url)
        notices, devices, tasks = Notices(mails, links), Devices(sealer), Tasks()
        passwords = Passwords(settings.accounts)
        sessions = Sessions(settings.accounts, keyring.refresh_key)
        changes = Changes(timedelta(seconds=settings.accounts.access_token_ttl_s))
        service = AccountService(
            database,
            settings.accounts,
            settings.limits,
            passwords=passwords,
            tokens=tokens,
            sessions=sessions,
            changes=changes,
            audit=audit,
            lockout=Lockout(settings.limits, devices),
            notices=notices,
        )
        parts = AccountParts(
            database, settings, service, sessions, changes, audit, mails, links, notices, tasks
        )
        verification = Verification(parts)
        administration = Administration(
            database, settings.accounts, service, sessions=sessions, changes=changes, audit=audit
        )
        authenticator = TokenAuthenticator(tokens, changes)
        return cls(
            service=service,
            administration=administration,
            authenticator=authenticator,
            tokens=tokens,
            audit=audit,
            passwords=passwords,
            sealer=sealer,
            mails=mails,
            links=links,
            notices=notices,
            devices=devices,
            registration=Registration(parts, verification),
            verification=verification,
            recovery=Recovery(parts),
            invitations=Invitations(parts),
            own_sessions=OwnSessions(parts),
            tasks=tasks,
        )

    async def start(self) -> None:
        """Recalls what must not be forgotten over a restart; call once before serving."""
        await self.service.start()

    async def finish(self) -> None:
        """Waits for what was promised to who is not signed in: mails that are being put."""
        await self.tasks.settle()
        await self.tasks.close()

    def close(self) -> None:
        """Ends the password threads."""
        self.passwords.close()
