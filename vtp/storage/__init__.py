"""Object storage: one interface to the places where recordings can lie."""

from vtp.storage.cache import FileCache
from vtp.storage.remote import RemoteStore, StoreAway
from vtp.storage.store import Store

__all__ = ["FileCache", "RemoteStore", "Store", "StoreAway"]
