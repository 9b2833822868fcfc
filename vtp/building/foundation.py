"""What all other services stand upon: the database, accounts, mails, what is told to other servers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from vtp.accounts.build import Accounts
from vtp.accounts.keys_watch import KeysWatch
from vtp.db import Database
from vtp.doors import Doors
from vtp.mail.sender import Sender as MailSender
from vtp.settings import Settings
from vtp.tasks import Tasks
from vtp.webhooks.deliveries import Deliveries
from vtp.webhooks.policy import Policy


@dataclass(frozen=True, slots=True)
class Foundation:
    """Built first; what a later stage must close goes on `stack`, and is closed before these."""

    settings: Settings
    stack: AsyncExitStack
    doors: Doors
    tasks: Tasks
    database: Database
    accounts: Accounts
    mail_sender: MailSender
    deliveries: Deliveries

    def watch_other_processes(self) -> None:
        """Follows their revocations and keys from now on: once all who read revocations are named."""
        keys = KeysWatch(self.accounts.tokens, self.settings.secrets_folder())
        self.tasks.start(self.accounts.revocations.watch(), "revocations by other processes")
        self.tasks.start(keys.run(), "signing keys")


async def build_foundation(settings: Settings, stack: AsyncExitStack) -> Foundation:
    """Opens the database and starts accounts. Raises StartupError."""
    doors, tasks = Doors(), Tasks()
    database = await Database.open(settings.database_url())
    stack.push_async_callback(database.close)
    accounts = await asyncio.to_thread(Accounts.build, database, settings, rotate_keys=True)
    stack.callback(accounts.close)
    stack.push_async_callback(accounts.finish)
    await accounts.start()
    stack.push_async_callback(tasks.close)
    mail_sender = MailSender(database, accounts.mails, settings.mail)
    tasks.start(mail_sender.run(), "mail")
    stack.push_async_callback(mail_sender.close)
    deliveries = Deliveries(database, Policy(settings.webhooks))
    stack.push_async_callback(deliveries.close)  # after rooms and recordings, whose ends it tells of
    return Foundation(settings, stack, doors, tasks, database, accounts, mail_sender, deliveries)
