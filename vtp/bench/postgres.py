"""A PostgreSQL of the benchmark's own, durable as by default, in a temporary folder, reached by a socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from vtp.bench.accounting import with_children
from vtp.bench.sfu import Unavailable

SYSTEM_USER = "postgres"
"""PostgreSQL refuses to run as root."""

_COUNTING = " -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track_utility=off"


@contextlib.asynccontextmanager
async def running_postgres(*, counting: bool = False) -> AsyncIterator[str]:
    """The address of an empty database, as long as the block runs; `counting`: where the extension
    pg_stat_statements may be made. Raises Unavailable with a sentence."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="vtp-bench-pg-"))
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            await asyncio.to_thread(shutil.chown, folder, SYSTEM_USER)
        await _run(folder, binaries / "initdb", "-D", data, "-U", "vtp", "-A", "trust", "-E", "UTF8")
        options = f"-k {folder} -h '' -c log_min_messages=fatal{_COUNTING if counting else ''}"
        await _run(
            folder, binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start"
        )
        try:
            yield f"postgresql://vtp@/postgres?host={folder}"
        finally:
            await _run(folder, binaries / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    except (LookupError, OSError) as error:
        raise Unavailable(f"PostgreSQL cannot be run: {error}.") from error
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def database_settings(kind: str, *, counting: bool = False) -> AsyncIterator[dict[str, str]]:
    """What a measured server is told of where its rows are: `sqlite` is where they are anyway, `postgresql`
    one that runs meanwhile, and counts its statements if that is wanted."""
    if kind == "sqlite":
        yield {}
        return
    async with running_postgres(counting=counting) as url:
        yield {"VTP_DATABASE__URL": url}


def postgres_pids(url: str) -> list[int]:
    """The processes of one that `running_postgres` runs, by its address; none for another database."""
    folder = parse_qs(urlsplit(url).query).get("host")
    if not url.startswith("postgresql:") or not folder:
        return []
    said = (Path(folder[0]) / "data" / "postmaster.pid").read_text()
    return with_children(int(said.splitlines()[0]))


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise Unavailable("PostgreSQL is not installed: apt-get install postgresql.")
    return Path(on_path).resolve().parent


async def _run(folder: Path, *words: str | Path) -> None:
    """One of PostgreSQL's programs. Raises Unavailable with its last words."""
    as_user = ["setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--clear-groups"]
    command = [*(as_user if os.geteuid() == 0 else []), *map(str, words)]
    log = folder / "said"  # a file: the server that pg_ctl leaves behind would hold a pipe open
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=said
        )
        code = await process.wait()
    if code:
        last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no reason"]
        raise Unavailable(f"PostgreSQL cannot be run: {last[0]}")
