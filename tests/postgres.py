"""A PostgreSQL of our own for tests: Debian's server in a temporary folder, reached by a Unix socket only."""

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

SYSTEM_USER = "postgres"  # PostgreSQL refuses to run as root
KEPT = Path(__file__).resolve().parents[1] / ".make" / "schema"
INITDB = ("-U", "vtp", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
CLEAN_UP = """
cat >/dev/null
[ -d "$1" ] || exit 0
if read -r first <"$1/data/postmaster.pid"; then
  kill -QUIT "$first" && kill -CONT "$first"
  while kill -0 "$first"; do sleep 0.1; done
fi
rm -rf "$1"
"""
"""What a shell of its own does when the tests are gone, however they ended: it reads from them until then."""


def find_binaries() -> Path | None:
    """The folder of the newest installed server, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def why_not() -> str | None:
    """Why no server can be started here, as a sentence; None when one can."""
    if find_binaries() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            return f"tests run as root, and there is no user {SYSTEM_USER} to run PostgreSQL as"
    return None


def run_apart(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs it on an event loop in a thread of its own, so that a test may be running one here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


# Which transactions made a database's columns and constraints, and its revision: no copy of who changed them
# is left to the next test.
CHANGES = """
SELECT concat_ws(' ',
  (SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM pg_attribute WHERE attrelid >= 16384),
  (SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM pg_constraint WHERE conrelid >= 16384),
  (SELECT version_num FROM alembic_version))
"""
END_OTHERS = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
USED_TABLES = """SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
AND pg_relation_size(oid) > 0"""
"""Those with anything in their files. Deleted rows leave holes: the next test's would lie in another order
than they came.
"""
EMPTY = "SET session_replication_role = replica; DELETE FROM {}"  # no foreign key is looked after
SHORTEN = "VACUUM {}"
"""Leaves nothing of a file without rows. TRUNCATE makes new files for the table, for all that refer to it and
for their indexes: it takes a third of a second of a processor, and this a hundredth.
"""
FORGET = """SET allow_system_table_mods = on;
UPDATE pg_class SET relpages = 0, reltuples = -1, relallvisible = 0
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND reltuples <> -1;
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"""
"""That VACUUM has seen them: of tables that it has not, PostgreSQL expects rows."""


def _copy(folder: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)  # with its owner


class PostgresServer:
    """One cluster; `start` and `stop` as often as a test likes, `remove` at the end."""

    def __init__(self) -> None:
        binaries = find_binaries()
        assert binaries is not None
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="vtp-pg-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, SYSTEM_USER)
        self._data = self.folder / "data"
        self._watcher = subprocess.Popen(
            ["sh", "-c", CLEAN_UP, "sh", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._init()
        self._count = 0
        self._spare: list[str] = []

    def _init(self) -> None:
        """What initdb makes in a second of a processor; kept, and copied from then on in a third of that."""
        initdb = self._binaries / "initdb"
        made_by = f"{initdb} {initdb.stat().st_mtime_ns} {INITDB} {os.geteuid()}"
        kept = KEPT / f"cluster-{hashlib.sha256(made_by.encode()).hexdigest()[:16]}"
        if kept.exists():
            _copy(kept, self._data)
            return
        self._run("initdb", "-D", str(self._data), *INITDB)
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            _copy(self._data, Path(folder) / "data")
            with suppress(OSError):  # somebody else was sooner
                (Path(folder) / "data").rename(kept)

    def start(self) -> None:
        """Starts the server and waits until it answers; durability is off, for speed."""
        quick = "-c fsync=off -c full_page_writes=off -c jit=off -c timezone=UTC -c log_timezone=UTC"
        options = f"-k {self.folder} -h '' {quick} -c max_connections=60"
        self._run(
            "pg_ctl", "-D", str(self._data), "-l", str(self.folder / "log"), "-o", options, "-w", "start"
        )

    def stop(self) -> None:
        """Ends the server as a crash of its machine would look to clients: at once."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def freeze(self) -> None:
        """Stops all its processes where they are: connections stay open and silent."""
        for process in self._processes():
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets them go on."""
        for process in self._processes():
            os.kill(process, signal.SIGCONT)

    def _processes(self) -> list[int]:
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def create_database(self, template: str = "") -> str:
        """Makes an empty database, or a copy of that one, and gives its address."""
        self._count += 1
        name = f"test_{self._count}"
        copied = f" TEMPLATE {self._name(template)} STRATEGY FILE_COPY" if template else ""
        self._administrate(f"CREATE DATABASE {name}{copied}")
        return f"postgresql://vtp@/{name}?host={self.folder}"

    def drop_database(self, url: str) -> None:
        """Removes a database, whoever is still connected."""
        self._administrate(f"DROP DATABASE {self._name(url)} WITH (FORCE)")

    def take_copy(self, template: str) -> str:
        """A database like that one, which has no rows: one that was given back, or a new one."""
        return self._spare.pop() if self._spare else self.create_database(template)

    def give_back(self, url: str, shape: str) -> None:
        """Empties a copy for whoever takes the next one: sooner done than another copy."""
        if self._empty(url, shape):
            self._spare.append(url)
        else:
            self.drop_database(url)

    def shape(self, url: str) -> str:
        """What `give_back` knows the copies of this database by."""
        found: list[str] = []

        async def execute() -> None:
            async with self._connected(self._name(url)) as connection:
                found.append(await connection.fetchval(CHANGES))

        run_apart(execute())
        return found[0]

    def _empty(self, url: str, shape: str) -> bool:
        """Whether the copy is by now as it was made."""
        done: list[bool] = []

        async def execute() -> None:
            async with self._connected(self._name(url)) as connection:
                await connection.execute(END_OTHERS)
                if await connection.fetchval(CHANGES) != shape:
                    return
                used = [f'"{row[0]}"' for row in await connection.fetch(USED_TABLES)]
                if used:
                    await connection.execute(EMPTY.format("; DELETE FROM ".join(used)))
                    await connection.execute(SHORTEN.format(", ".join(used)))
                    await connection.execute(FORGET)
                if not await connection.fetch(USED_TABLES):
                    done.append(True)

        with suppress(asyncpg.PostgresError):
            run_apart(execute())
        return bool(done)

    def remove(self) -> None:
        """Ends the server if it runs, and removes all it left."""
        if (self._data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)
        self._watcher.communicate()

    @asynccontextmanager
    async def _connected(self, database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(host=str(self.folder), user="vtp", database=database)
        try:
            yield connection
        finally:
            await connection.close()

    @staticmethod
    def _name(url: str) -> str:
        return url.partition("?")[0].rpartition("/")[2]

    def _administrate(self, statement: str) -> None:
        """By a connection of its own: a program for it would take longer than what it does."""

        async def execute() -> None:
            async with self._connected("postgres") as connection:
                await connection.execute(statement)

        run_apart(execute())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        if os.geteuid() == 0:
            command = [
                "setpriv",
                f"--reuid={SYSTEM_USER}",
                f"--regid={SYSTEM_USER}",
                "--clear-groups",
                *command,
            ]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, f"{program} failed: {done.stdout.decode(errors='replace')}"
