"""What a process puts off as it starts, until somebody needs it (decision 139)."""

from collections.abc import Callable

from vtp.late_methods import write_methods_late
from vtp.late_models import build_models_late
from vtp.late_orm import load_orm_late
from vtp.late_trust import import_aiohttp


def put_off_what_can_wait() -> Callable[[], None]:
    """Before the other modules are loaded. Gives what reads the system's authorities, for a thread."""
    write_methods_late()
    build_models_late()
    load_orm_late()
    return import_aiohttp()
