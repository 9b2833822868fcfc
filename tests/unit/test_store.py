"""The store of pictures: what a killed process left half written is found and taken away."""

from __future__ import annotations

import os
from pathlib import Path

from vtp.storage import Store


async def test_what_was_half_put_is_removed_once_nobody_can_be_about_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    await store.put("pictures/ada/face.jpg", b"whole")
    old, new = (tmp_path / "pictures" / "ada" / f"face.jpg#{number}" for number in (1, 2))
    for draft in (old, new):
        draft.write_bytes(b"ha")
    os.utime(old, (0, 0))
    os.utime(store.path("pictures/ada/face.jpg"), (0, 0))
    assert await store.remove_drafts("pictures") == 1
    assert (old.exists(), new.exists(), await store.get("pictures/ada/face.jpg")) == (False, True, b"whole")
    assert await store.remove_drafts("nothing/here") == 0


async def test_what_is_deleted_leaves_no_half_of_it(tmp_path: Path) -> None:
    """Else a face would outlive the erasure of its owner."""
    store = Store(tmp_path)
    await store.put("pictures/ada/face.jpg", b"whole")
    (tmp_path / "pictures" / "ada" / "other.jpg#1").write_bytes(b"ha")
    assert await store.delete("pictures/ada") == 1
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]
