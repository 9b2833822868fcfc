"""A SQLite file with the present schema and nothing in it, which servers of tests begin on copies of.

Bringing an empty file up to date takes ten times as long as the rest of a start. It is done once for each
state of the revisions and of what applies them; tests of first starts and of upgrades begin on nothing.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.postgres import run_apart
from vtp.db import Database

ROOT = Path(__file__).resolve().parents[1]
NAME = "vtp.sqlite3"


@cache
def fresh_database() -> Path:
    """The file, which may be there already; who makes it at the same time makes the same."""
    sources = [*(ROOT / "migrations").rglob("*.py"), *(ROOT / "vtp" / "db").glob("*.py")]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sorted(sources))).hexdigest()[:16]
    path = ROOT / ".make" / "schema" / f"{digest}.sqlite3"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / NAME
            run_apart(migrated(f"sqlite:///{made}"))
            made.replace(path)
    return path


async def migrated(url: str) -> None:
    """Brings an empty database up to date."""
    opened = await Database.open(url)
    await opened.close()


def begin_fresh(data_dir: Path, name: str = NAME) -> Path:
    """Puts a copy into a data folder that has no database yet, as a server would make both."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = data_dir / name
    if not file.exists():
        shutil.copyfile(fresh_database(), file)
        file.chmod(0o600)
    return file
