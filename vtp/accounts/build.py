"""Builds the accounts' services once, in the order they need each other; the composition root keeps the
result.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from urllib.parse import urlsplit

from vtp.accounts.administration import Administration
from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.audit_trail import AuditTrail
from vtp.accounts.authenticator import Changes, TokenAuthenticator
from vtp.accounts.backup_codes import BackupCodes
from vtp.accounts.code_tries import CodeTries
from vtp.accounts.devices import Devices
from vtp.accounts.invitations import Invitations
from vtp.accounts.kept_waits import KeptWaits
from vtp.accounts.keyring import open_keyring
from vtp.accounts.lockout import Lockout
from vtp.accounts.lockout_watch import CODES, PASSWORDS, LockoutWatch
from vtp.accounts.moments import utc_now
from vtp.accounts.notices import Notices
from vtp.accounts.oidc.sign_in import OidcSignIn
from vtp.accounts.own_sessions import OwnSessions
from vtp.accounts.parts import AccountParts
from vtp.accounts.passwords import Passwords
from vtp.accounts.reauthentication import Reauthentication
from vtp.accounts.recovery import Recovery
from vtp.accounts.registration import Registration
from vtp.accounts.revocations import AccountRevocations, Revocations
from vtp.accounts.second_factor import SecondFactor
from vtp.accounts.service import AccountService
from vtp.accounts.sessions import Sessions
from vtp.accounts.tokens import Tokens
from vtp.accounts.user_administration import UserAdministration
from vtp.accounts.verification import Verification
from vtp.db import Database
from vtp.errors import Unavailable
from vtp.mail.links import Links
from vtp.mail.outbox import Outbox
from vtp.sealing import Sealer, open_sealer
from vtp.settings import Settings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accounts:
    """Everything about accounts: `authenticator` for the middleware, the services for routes, `tokens` to
    sign.
    """

    service: AccountService
    administration: Administration
    users: UserAdministration
    trail: AuditTrail
    authenticator: TokenAuthenticator
    changes: Changes
    tokens: Tokens
    audit: AuditLog
    passwords: Passwords
    sealer: Sealer
    second_factor: SecondFactor
    reauthentication: Reauthentication
    oidc: OidcSignIn
    mails: Outbox
    links: Links
    new_key: str | None
    notices: Notices
    devices: Devices
    registration: Registration
    verification: Verification
    recovery: Recovery
    invitations: Invitations
    own_sessions: OwnSessions
    tasks: Tasks
    revocations: Revocations

    @classmethod
    def build(cls, database: Database, settings: Settings, *, rotate_keys: bool = False) -> Self:
        """Reads (or makes) the keys in `data_dir/secrets`. Raises StartupError when that fails.

        `rotate_keys`: for the server, which alone may replace an old key.
        """
        secrets = settings.secrets_folder()
        now = utc_now()
        keyring, sealer = open_keyring(secrets, now, rotate=rotate_keys), open_sealer(secrets)
        new_key = keyring.current.kid if keyring.current.created_at == now else None
        tokens, audit = Tokens(keyring), AuditLog(database)
        mails, links = Outbox(sealer, sends=settings.mail.sends), Links(settings.http.public_url)
        notices, devices, tasks = Notices(mails, links), Devices(sealer), Tasks()
        passwords = Passwords(settings.accounts)
        sessions = Sessions(settings.accounts, keyring.refresh_key)
        ttl = timedelta(seconds=settings.accounts.access_token_ttl_s)
        changes = Changes(ttl, frozenset[str](settings.accounts.require_second_factor_for))
        revocations = Revocations(database, ttl)
        revocations.add_reader(AccountRevocations(sessions, changes, tokens).read)
        lockout = Lockout(settings.limits, devices, sealer)
        code_waits = KeptWaits(settings.limits, sealer, "codes")
        longest_wait = timedelta(seconds=settings.limits.sign_in_delay_max_s)
        kinds = {PASSWORDS: lockout.waits, CODES: code_waits}
        revocations.add_reader(LockoutWatch(kinds, longest_wait).read)
        second_factor = SecondFactor(
            database,
            sealer,
            BackupCodes(passwords, sealer),
            changes=changes,
            audit=audit,
            notices=notices,
            tries=CodeTries(code_waits, audit),
            name=urlsplit(settings.http.public_url).hostname or "vtp",
        )
        service = AccountService(
            database,
            settings.accounts,
            settings.limits,
            passwords=passwords,
            tokens=tokens,
            sessions=sessions,
            changes=changes,
            audit=audit,
            lockout=lockout,
            notices=notices,
            second_factor=second_factor,
        )
        parts = AccountParts(
            database, settings, service, sessions, changes, audit, mails, links, notices, tasks, second_factor
        )
        verification = Verification(parts)
        invitations, recovery = Invitations(parts), Recovery(parts)
        authenticator = TokenAuthenticator(tokens, changes)
        return cls(
            service=service,
            administration=Administration(database, settings.accounts, service),
            users=UserAdministration(parts, invitations, recovery),
            trail=AuditTrail(database, audit),
            authenticator=authenticator,
            changes=changes,
            tokens=tokens,
            audit=audit,
            passwords=passwords,
            sealer=sealer,
            revocations=revocations,
            second_factor=second_factor,
            reauthentication=Reauthentication(parts),
            oidc=OidcSignIn(parts, settings.oidc.providers),
            mails=mails,
            links=links,
            notices=notices,
            devices=devices,
            registration=Registration(parts, verification),
            verification=verification,
            recovery=recovery,
            invitations=invitations,
            own_sessions=OwnSessions(parts),
            tasks=tasks,
            new_key=new_key,
        )

    async def start(self) -> None:
        """Recalls what must not be forgotten over a restart; call once before serving."""
        await self.service.start()
        await self.revocations.look()
        if self.new_key is not None:
            details = {"kid": self.new_key}
            await self.audit.note(Event.KEY_MADE, Origin(user_agent="vtp"), subject="keys", details=details)

    async def finish(self) -> None:
        """Waits for what was promised to who is not signed in: mails that are being put."""
        await self.tasks.settle()
        await self.tasks.close()
        try:
            await self.audit.sum_up()
        except Unavailable:
            logger.warning("Refusals that were left out of the audit log could not be counted: no database.")

    def close(self) -> None:
        """Ends the password threads."""
        self.passwords.close()
