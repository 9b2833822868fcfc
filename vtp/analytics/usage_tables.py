"""What is stored of how much a server is used. Imported by `tables`."""

from typing import Final

from sqlalchemy import BigInteger, Column, Float, String, Table

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type

FIGURES: Final = (
    "people",
    "classes",
    "participant_ms",
    "most_at_once",
    "recordings",
    "recording_ms",
    "recording_bytes",
)

usage_days = Table(
    "usage_days",
    metadata,
    Column("day", String(10), primary_key=True, comment="in UTC: 2026-11-29"),
    *(Column(name, BigInteger, nullable=False) for name in FIGURES),
)

server_load = Table(
    "server_load",
    metadata,
    Column("hour", UtcDateTime, primary_key=True),
    Column("process_id", id_type(), primary_key=True, comment="of one `vtp serve`, from its start on"),
    Column("readings", BigInteger, nullable=False),
    Column("cpu_sum", Float, nullable=False, comment="processors that it used, at each reading"),
    Column("cpu_most", Float, nullable=False),
    Column("load_most", Float, nullable=False, comment="of the machine, by processor"),
    Column("memory_most_bytes", BigInteger, nullable=False),
    Column("participants_most", BigInteger, nullable=False),
    Column("first_at", UtcDateTime, comment="from when on it was read; null: was not kept then"),
    Column("last_at", UtcDateTime, comment="up to when it was read"),
)
