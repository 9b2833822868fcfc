"""What the services of accounts are made of."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.accounts.authenticator import Changes
from vtp.accounts.notices import Notices
from vtp.accounts.second_factor import SecondFactor
from vtp.accounts.service import AccountService, Clock, utc_now
from vtp.accounts.sessions import Sessions
from vtp.db import Database
from vtp.mail.links import Links
from vtp.mail.outbox import Outbox
from vtp.settings import Settings
from vtp.tasks import Tasks


@dataclass(frozen=True, slots=True)
class AccountParts:
    """Built once; `tasks` does what must not be measured by how long an answer takes."""

    database: Database
    settings: Settings
    accounts: AccountService
    sessions: Sessions
    changes: Changes
    audit: AuditLog
    mails: Outbox
    links: Links
    notices: Notices
    tasks: Tasks
    second_factor: SecondFactor
    clock: Clock = utc_now
