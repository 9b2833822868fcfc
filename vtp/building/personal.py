"""What the server holds of people, and what of it is tidied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from vtp.accounts.picture_files import PictureFiles
from vtp.accounts.pictures import Pictures
from vtp.building.foundation import Foundation
from vtp.building.recordings import Taking
from vtp.personal.erasure import Erasure, ErasureParts, Files
from vtp.personal.export import Export
from vtp.personal.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What the server holds of people: taken away, erased, kept for as long as it may be."""

    export: Export
    erasure: Erasure
    upkeep: Upkeep


async def build_pictures(base: Foundation, taking: Taking) -> Pictures:
    """People's pictures."""
    files = PictureFiles(base.database, taking.store, taking.jobs.remote, taking.instance)
    pictures = Pictures(base.database, files, base.accounts.audit)
    await files.start()
    return pictures


def build_personal(
    base: Foundation,
    pictures: Pictures,
    files: Sequence[Files],
    trims: Sequence[Callable[[], Awaitable[object]]],
) -> PersonalData:
    """`files` are erased with who put them there; `trims` begin now, and come again."""
    accounts, database = base.accounts, base.database
    erasure = Erasure(ErasureParts(database, tuple(files), accounts.changes, accounts.audit, accounts.sealer))
    export = Export(database, pictures, accounts.audit)
    keep_days = base.settings.accounts.audit_keep_days
    upkeep = Upkeep(accounts.service, accounts.trail, erasure, keep_days, trims)
    base.tasks.start(upkeep.run(), "personal data")
    return PersonalData(export, erasure, upkeep)
