"""Files of an object store that are kept on this machine for who asks next: the oldest go first."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

NEWEST_KEPT = 64  # whatever they take: somebody may be about to open them

Fetch = Callable[[Path], Awaitable[None]]


class FileCache:
    """At most about `most_bytes` below `root`, and nothing while less than `min_free_bytes` are free there.

    Made in a thread: what a former process left is deleted.
    """

    def __init__(self, root: Path, most_bytes: int, min_free_bytes: int) -> None:
        self.root = root
        self._most_bytes = most_bytes
        self._min_free_bytes = min_free_bytes
        self._kept: OrderedDict[str, int] = OrderedDict()
        self._bytes = 0
        self._held: Counter[str] = Counter()
        self._coming: dict[str, asyncio.Future[Path]] = {}
        shutil.rmtree(root, ignore_errors=True)

    @property
    def size_bytes(self) -> int:
        """What it holds."""
        return self._bytes

    async def get(self, key: str, fetch: Fetch) -> Path:
        """The file of a key; fetched once for all who wait. Raises what `fetch` raises, and OSError."""
        found = self.find(key)
        return found if found is not None else await asyncio.shield(self._come(key, fetch))

    def find(self, key: str) -> Path | None:
        """The file of a key, if it is here."""
        path = self.root / key
        if key not in self._kept or not path.exists():
            return None
        self._kept.move_to_end(key)
        return path

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Keeps the file of a key, once it is here, until the context ends."""
        self._held[key] += 1
        try:
            yield
        finally:
            self._held[key] -= 1
            self._held += Counter()  # without what is at zero

    def begin(self, key: str, fetch: Fetch) -> None:
        """Has a file fetched for who will ask for it soon; a failure is told to them."""
        if self.find(key) is None:
            self._come(key, fetch)

    def folders(self) -> set[str]:
        """The first part of the keys of all that it holds."""
        return {key.partition("/")[0] for key in self._kept}

    def forget(self, folder: str) -> None:
        """Deletes what is below a folder."""
        for key in [key for key in self._kept if key.startswith(f"{folder}/")]:
            self._drop(key)
        shutil.rmtree(self.root / folder, ignore_errors=True)

    def _come(self, key: str, fetch: Fetch) -> asyncio.Future[Path]:
        coming = self._coming.get(key)
        if coming is None:
            coming = asyncio.ensure_future(self._fetch(key, self.root / key, fetch))
            self._coming[key] = coming
            coming.add_done_callback(partial(self._came, key))
        return coming

    def _came(self, key: str, coming: asyncio.Future[Path]) -> None:
        del self._coming[key]
        if not coming.cancelled():
            coming.exception()  # seen: of what was begun nobody may have waited

    def forget_all(self, folder: str, names: Collection[str]) -> None:
        """Deletes files of these names below a folder."""
        for key in list(self._kept):
            if key.startswith(f"{folder}/") and key.rpartition("/")[2] in names and key not in self._held:
                self._drop(key)

    async def _fetch(self, key: str, path: Path, fetch: Fetch) -> Path:
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            await fetch(path)
        except FileNotFoundError:
            raise
        except OSError:  # the disk is full: what is kept for later is worth less than this
            self._drop_oldest(0, 0)
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            await fetch(path)
        size = path.stat().st_size
        self._bytes += size - self._kept.pop(key, 0)
        self._kept[key] = size
        self._make_room()
        return path

    def _make_room(self) -> None:
        short = shutil.disk_usage(self.root).free < self._min_free_bytes
        most_bytes = 0 if short else self._most_bytes
        if self._bytes > most_bytes:
            self._drop_oldest(most_bytes, NEWEST_KEPT)

    def _drop_oldest(self, most_bytes: int, most_files: int) -> None:
        """Until no more than one or the other is left; what is held stays."""
        for key in list(self._kept):
            if self._bytes <= most_bytes or len(self._kept) <= most_files:
                return
            if key not in self._held:
                self._drop(key)

    def _drop(self, key: str) -> None:
        self._bytes -= self._kept.pop(key)
        (self.root / key).unlink(missing_ok=True)
