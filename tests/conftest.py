"""Fixtures that several kinds of tests share: databases on SQLite and PostgreSQL alike; scheduling."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import LRUCache

from tests import one_chromium
from tests.copies import Copies
from tests.drawn import SEED, is_on_postgresql, not_drawn, seed_of_run
from tests.fresh_database import begin_fresh, fresh_database, migrated
from tests.longest_first import put_longest_first
from tests.postgres import PostgresServer, run_apart, why_not
from tests.prepared_commands import PreparedCommands
from vtp.accounts import passwords
from vtp.db import Database, engine, postgresql_engine, sqlite_engine

WITH_BROWSER = pytest.StashKey[set[Path]]()
"""The files of which a test takes `playwright`."""
COMMANDS = pytest.StashKey[PreparedCommands]()
API_TESTS = Path(__file__).parent / "api"
DATABASES = ("sqlite", "postgresql")
COMPILED = 4000  # statements: more than all tests together send


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-database", action="store_true", help="tests of the server on one each, drawn")
    parser.addoption("--drawn", action="store_true", help="of tests marked `drawn` some cases, by DRAW_SEED")
    parser.addoption("--copies", type=int, default=0, help="so many files at a time, by copies")
    parser.addoption("--second-tries", action="store_true", help="with --copies: what failed once more alone")


def pytest_report_header(config: pytest.Config) -> str:
    draws = config.getoption("--drawn") or config.getoption("--one-database")
    return f"cases drawn with {SEED}={seed_of_run()}" if draws else "all cases"


def pytest_configure(config: pytest.Config) -> None:
    seed_of_run()  # before there are workers to be told
    gc.disable()  # until all tests are loaded: for a quarter of that time it would look through what stays
    config.stash[COMMANDS] = commands = PreparedCommands()
    config.add_cleanup(commands.end)
    commands.begin()
    if most := config.getoption("--copies"):
        config.pluginmanager.register(Copies(config, most, second_tries=config.getoption("--second-tries")))


hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")  # how long an example takes is up to what else runs


def pytest_collection_finish() -> None:
    """What has been loaded stays: collections of garbage need not walk it."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[WITH_BROWSER] = {
        item.path for item in items if "playwright" in getattr(item, "fixturenames", ())
    }
    if config.getoption("--one-database"):
        deselect(config, items, {item for item in items if is_of_other_database(item)})
    if config.getoption("--drawn"):
        deselect(config, items, not_drawn(items, seed_of_run()))
    is_one_of_several = hasattr(config, "workerinput")
    if config.getoption("--copies") or is_one_of_several:  # alone, files go in the order they were named
        put_longest_first(items)


def deselect(config: pytest.Config, items: list[pytest.Item], left: set[pytest.Item]) -> None:
    """Leaves these out of the run."""
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = [item for item in items if item not in left]


def is_of_other_database(item: pytest.Item) -> bool:
    """Of a test of the whole server that runs once on each, which it is left on is drawn by the run's seed;
    one marked `both_databases` is left on both.
    """
    marked = item.get_closest_marker("both_databases") or item.get_closest_marker("sqlite_alone")
    if marked or API_TESTS not in item.path.parents or not isinstance(item, pytest.Function):
        return False
    callspec = getattr(item, "callspec", None)
    kind = callspec.params.get("database_url") if callspec is not None else None
    if kind not in DATABASES:
        return False
    drawn = DATABASES[is_on_postgresql(item.nodeid.replace(kind, ""), seed_of_run())]
    return bool(kind != drawn)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    commands = item.config.stash[COMMANDS]
    commands.from_disk = item.get_closest_marker("from_disk") is not None
    if hasattr(item.config, "workerinput") and API_TESTS in item.path.parents:
        commands.prepare().wait()  # else the first test that needs it would, in its event loop
    if item.path not in item.config.stash[WITH_BROWSER]:
        one_chromium.end()


def pytest_sessionfinish() -> None:
    one_chromium.end()
    gc.collect()
    gc.freeze()  # pytest collects five times more before it ends, for interpreters that need it


@pytest.fixture
def prepared_commands(pytestconfig: pytest.Config) -> None:
    """For who counts processes: what commands are copied from has begun before."""
    pytestconfig.stash[COMMANDS].prepare()


@pytest.fixture(scope="session", autouse=True)
def cheap_codes() -> Iterator[None]:
    """What hashing backup codes costs is a test of its own; ten at a time would be most of many others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "CODE_COST", {"time_cost": 1, "memory_cost": 8, "parallelism": 1})
        yield


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    """Servers within the tests' own process share what SQLAlchemy compiles: a tenth of all they do.

    Dialects of one kind, told apart by default, are the same here: all speak to one version of a database.
    """
    options = {"compiled_cache": LRUCache[Any, Any](COMPILED)}
    with pytest.MonkeyPatch.context() as patch:
        for kind in (SQLiteDialect_aiosqlite, PGDialect_asyncpg):
            patch.setattr(kind, "__hash__", lambda dialect: hash(type(dialect)))
            patch.setattr(kind, "__eq__", lambda dialect, other: type(dialect) is type(other))
        for module in (postgresql_engine, sqlite_engine):
            made = partial(create_async_engine, execution_options=options)
            patch.setattr(module, "create_async_engine", made)
        yield


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's PostgreSQL is slow, not away; tests marked `outage` have the product's limits."""
    if request.node.get_closest_marker("outage") is None:
        for name in ("ANSWER_LIMIT_S", "BUSY_LIMIT_S", "COMMAND_TIMEOUT_S"):
            monkeypatch.setattr(engine, name, 60)


@pytest.fixture(autouse=True)
def unprivileged_scheduling() -> Iterator[None]:
    """No test runs under the real-time scheduling that SVT-AV1, opened by root, leaves behind."""
    end_real_time()
    yield
    end_real_time()


def end_real_time() -> None:
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL for the whole test run; skips with the reason where there can be none."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'vtp.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="session")
def migrated_sqlite() -> Path:
    """A file with the present schema, to be copied."""
    return fresh_database()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> tuple[str, str]:
    """The address of a database with the present schema, to be copied, and its shape."""
    url = postgres.create_database()
    run_apart(migrated(url))
    return url, postgres.shape(url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the present schema and nothing in it, once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{begin_fresh(tmp_path)}"
        return
    template, shape = request.getfixturevalue("migrated_postgres")
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.take_copy(template)
    yield url
    server.give_back(url, shape)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On SQLite alone what is the same on both: marked `sqlite_alone`."""
    if "database_url" in metafunc.fixturenames and metafunc.definition.get_closest_marker("sqlite_alone"):
        metafunc.definition.add_marker(pytest.mark.parametrize("database_url", ["sqlite"], indirect=True))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with the present schema, once on each kind."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close()
