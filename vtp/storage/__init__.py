"""Object storage: one interface to the places where recordings can lie."""

from vtp.storage.store import Store

__all__ = ["Store"]
