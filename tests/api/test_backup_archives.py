"""The files that backups are: whole or not there, and refused where they are damaged."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.api.backup_material import filled, settings_of, stored, write_archive
from tests.filled import fill
from tests.server_process import ROOT, command, environment, run_vtp
from vtp.backup.archive import Archive, appearing_whole
from vtp.backup.make import make_backup
from vtp.backup.restore import restore_backup
from vtp.db import Database
from vtp.errors import StartupError

pytestmark = pytest.mark.both_databases


async def test_a_damaged_or_cut_backup_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    """Wherever a byte is wrong: it is refused, or it was one that nothing depends on."""
    source = f"sqlite:///{tmp_path / 'vtp.sqlite3'}"
    before = await filled(source)
    await make_backup(settings_of(tmp_path / "a", source), tmp_path / "b.vtp", media=False)
    whole = (tmp_path / "b.vtp").read_bytes()
    target = f"sqlite:///{tmp_path / 'target.sqlite3'}"
    there = await filled(target, 3)
    settings = settings_of(tmp_path / "c", target)
    refused = 0
    for seed in range(24):
        chance = random.Random(seed)
        bad = bytearray(whole)
        if seed % 3 == 0:
            del bad[chance.randrange(len(bad)) :]
        else:
            bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        (tmp_path / "bad.vtp").write_bytes(bad)
        try:
            with (tmp_path / "bad.vtp").open("rb") as file:
                archive = Archive(file)
                archive.verify()
        except Exception:  # noqa: BLE001
            with pytest.raises(StartupError, match=r"Nothing was changed\.$"):
                await restore_backup(settings, tmp_path / "bad.vtp", force=True)
            refused += 1
    assert refused >= 16
    assert await stored(target) == there
    assert before != there


def test_a_full_disk_leaves_nothing_of_a_backup(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run_vtp(data, "admin", "migrate").code == 0
    (data / "recordings").mkdir()
    (data / "recordings" / "noise.bin").write_bytes(random.Random(1).randbytes(300_000))
    out = tmp_path / "out"
    out.mkdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    ended = subprocess.run(
        command("admin", "backup", "--media", str(out / "b.vtp")),
        cwd=ROOT,
        env=environment(data, {}),
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )
    assert ended.returncode == 1
    assert "cannot be written (File too large): nothing is left of it." in ended.stderr
    assert list(out.iterdir()) == []


async def test_a_backup_that_is_killed_leaves_no_half_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    url = f"sqlite:///{data / 'vtp.sqlite3'}"
    database = await Database.open(url)
    async with database.transaction() as tx:
        await fill(tx, 5, {"audit_log": 40_000})
    await database.close()
    out = tmp_path / "out"
    out.mkdir()
    process = subprocess.Popen(  # noqa: ASYNC220
        command("admin", "backup", str(out / "b.vtp")), cwd=ROOT, env=environment(data, {})
    )
    descriptors = Path(f"/proc/{process.pid}/fd")
    while not any(_is_draft(one, out) for one in descriptors.iterdir()):
        assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert list(out.iterdir()) == []


def _is_draft(descriptor: Path, folder: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith(str(folder)) and descriptor.stat().st_size > 10_000
    except OSError:
        return False


def test_a_database_that_is_not_there_is_not_made_to_be_found_empty(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for command_ in (["backup", str(tmp_path / "b.vtp")], ["check"]):
        ended = run_vtp(tmp_path / "data", "admin", *command_)
        assert ended.code == 1 and "There is no database" in ended.errors and "Traceback" not in ended.errors
    assert not (tmp_path / "data" / "vtp.sqlite3").exists() and not (tmp_path / "b.vtp").exists()


def test_a_backup_goes_onto_file_systems_without_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As exFAT and SMB: no files without a name, no second names."""
    really = os.open

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def named_only(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return really(path, flags, *rest, **more)

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "open", named_only)
    with appearing_whole(tmp_path / "b.vtp") as file:
        file.write(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["b.vtp"]
    with pytest.raises(FileExistsError), appearing_whole(tmp_path / "b.vtp"):
        pass


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "b.vtp"
    made = run_vtp(data, "admin", "migrate")
    assert made.code == 0
    made = run_vtp(data, "admin", "backup", str(backup))
    assert made.code == 0 and "rows" in made.output and "sign in as anybody" in made.errors
    again = run_vtp(data, "admin", "backup", str(backup))
    assert again.code == 1 and "exists: choose another name" in again.errors
    restored = run_vtp(tmp_path / "new", "admin", "restore", str(backup))
    assert restored.code == 0 and "Restored 0 rows" in restored.output
    checked = run_vtp(tmp_path / "new", "admin", "check")
    assert checked.code == 1 and "keys.json is missing" in checked.output


def test_a_backup_is_a_zip_that_other_tools_read(tmp_path: Path) -> None:
    write_archive(tmp_path / "b.vtp", "0001")
    with zipfile.ZipFile(tmp_path / "b.vtp") as archive:
        assert archive.testzip() is None and "contents.json" in archive.namelist()
