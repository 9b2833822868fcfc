"""The REST service for server-side programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vtp.accounts.users import User, find_user
from vtp.building.classes import Classes
from vtp.building.foundation import Foundation
from vtp.db import Database
from vtp.http.metrics import HttpMetrics
from vtp.media.ice_servers import IceServers
from vtp.signalling.plain import PlainRtp
from vtp.signalling.sfu_face import SfuFace
from vtp.signalling.sfu_peers import SfuParts, SfuPeers


def build_sfu(base: Foundation, classes: Classes, metrics: HttpMetrics) -> SfuFace:
    """Over rooms that are built."""
    find_account = _account_finder(base.database)
    peers = SfuPeers(SfuParts(classes.live, classes.entrance, classes.rooms, base.doors, find_account))
    base.accounts.authenticator.add_listener(peers.end_peers)
    base.tasks.start(peers.run(), "abandoned peers of services")
    metrics.add_numbers("vtp_sfu", "The service under /sfu.", lambda: {"peers": len(peers)})
    plain = PlainRtp(allow_private=base.settings.plain.allow_private_addresses)
    return SfuFace(peers, classes.rooms, classes.media, IceServers(base.settings.media), plain)


def _account_finder(database: Database) -> Callable[[str], Awaitable[User | None]]:
    async def find_account(user_id: str) -> User | None:
        async with database.read() as tx:
            return await find_user(tx, user_id)

    return find_account
