"""The engine of PostgreSQL, and whether a server answers. Loaded where there is one only."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vtp.db.json_text import read_json
from vtp.db.postgresql_driver import OWN_OPTIONS, PostgresqlDriver
from vtp.db.postgresql_tls import with_tls
from vtp.db.urls import DatabaseUrl

CONNECT_TIMEOUT_S = 5
POOL_TIMEOUT_S = 10  # how long a request waits for a connection before it is answered 503
KEPT_ALIVE_S = 60
"""After which the kernel asks on a connection that is idle: routers and balancers forget silent ones after
some minutes, and tell neither end."""
_ASKED_AGAIN_S = 10
_ASKED = 3  # times without an answer, after which it is closed, which the pool sees
_CONNECTIONS = 10
_NO_TLS = "rejected SSL upgrade"  # in asyncpg's sentence
_BELIEVED = "(name its authority in database.url, ?sslrootcert=/path, or believe any, ?sslmode=require)"
_NAMED = (
    "(write the name that it is for in database.url, or check its authority alone, "
    "?sslmode=verify-ca&sslrootcert=/path)"
)
_ANOTHER_NAME = {62, 64}  # OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
_UNENCRYPTED = "(switch it on there, or have everything sent in the clear, ?sslmode=disable in database.url)"
_IN_MEMORY = """SELECT set_config(name, '1.1', false) FROM pg_settings
WHERE name = 'random_page_cost' AND source = 'default'"""
"""Pages out of their order cost what others do, unless an operator has said what they cost: decision 0158."""


def postgresql_engine(url: DatabaseUrl, command_timeout_s: float | None) -> AsyncEngine:
    """A pool of connections; `command_timeout_s` is for one statement, or None."""
    return create_async_engine(
        url.url,
        module=PostgresqlDriver(),
        pool_size=_CONNECTIONS,
        pool_use_lifo=True,  # the last that was used: its server's process has everything at hand
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        hide_parameters=True,
        json_deserializer=read_json,
        pool_pre_ping=True,  # a restarted server costs nobody an error: see vtp.db.postgresql_driver
        connect_args={
            "async_creator_fn": _connect,
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": command_timeout_s,
        },
    )


async def takes_another(engine: AsyncEngine, limit_s: float) -> bool:
    """Whether the server takes another connection in that time, or says that it has as many as it may."""
    _, options = engine.dialect.create_connect_args(engine.url)
    for name in OWN_OPTIONS:
        options.pop(name, None)
    try:
        async with asyncio.timeout(limit_s):
            connection = await connect_asyncpg(**options)
    except ConnectionError as error:
        return isinstance(error.__cause__, asyncpg.TooManyConnectionsError)
    except (OSError, TimeoutError):
        return False
    connection.terminate()
    return True


async def _connect(*args: Any, **options: Any) -> Any:
    """A connection that stays while it is idle, whose plans are those of a database that fits into memory."""
    connection = await connect_asyncpg(*args, **options)
    try:
        _keep_alive(connection._transport.get_extra_info("socket"))
        await connection.execute(_IN_MEMORY)
    except BaseException as error:
        connection.terminate()
        if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
            raise ConnectionError(str(error)) from error
        raise
    return connection


def _keep_alive(connected: socket.socket) -> None:
    if connected.family == socket.AF_UNIX:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEPT_ALIVE_S)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ASKED_AGAIN_S)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _ASKED)


async def connect_asyncpg(*args: Any, **options: Any) -> Any:
    """asyncpg.connect whose refusals (starting up, wrong password, too many clients) are ConnectionErrors.

    SQLAlchemy lets the driver's own exceptions pass at this one place. Encrypted as `with_tls` says.
    """
    options = await asyncio.to_thread(with_tls, options)  # reads files
    try:
        return await asyncpg.connect(*args, **options)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectionError(str(error)) from error
    except ssl.SSLCertVerificationError as error:
        advice = _NAMED if error.verify_code in _ANOTHER_NAME else _BELIEVED
        raise ConnectionError(f"its certificate does not hold: {error.verify_message} {advice}") from error
    except ConnectionError as error:
        if _NO_TLS not in str(error):
            raise
        raise ConnectionError(f"it speaks no TLS {_UNENCRYPTED}") from error
