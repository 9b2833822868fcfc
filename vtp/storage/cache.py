"""Files of an object store that are kept on this machine for who asks next: the oldest go first."""

from __future__ import annotations

import asyncio
import shutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable
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
        self._coming: dict[str, asyncio.Future[Path]] = {}
        shutil.rmtree(root, ignore_errors=True)

    @property
    def size_bytes(self) -> int:
        """What it holds."""
        return self._bytes

    async def get(self, key: str, fetch: Fetch) -> Path:
        """The file of a key; fetched once for all who wait. Raises what `fetch` raises, and OSError."""
        path = self.root / key
        if key in self._kept and path.exists():
            self._kept.move_to_end(key)
            return path
        coming = self._coming.get(key)
        if coming is None:
            coming = asyncio.ensure_future(self._fetch(key, path, fetch))
            self._coming[key] = coming
            coming.add_done_callback(lambda _: self._coming.pop(key, None))
        return await asyncio.shield(coming)

    def forget(self, folder: str) -> None:
        """Deletes what is below a folder."""
        for key in [key for key in self._kept if key.startswith(f"{folder}/")]:
            self._drop(key)
        shutil.rmtree(self.root / folder, ignore_errors=True)

    async def _fetch(self, key: str, path: Path, fetch: Fetch) -> Path:
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
        while self._bytes > most_bytes and len(self._kept) > NEWEST_KEPT:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        self._bytes -= self._kept.pop(key)
        (self.root / key).unlink(missing_ok=True)
