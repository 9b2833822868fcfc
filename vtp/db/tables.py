"""Tables that belong to no feature: answers kept for repeated requests (`Idempotency-Key`)."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, json_type

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("principal", String(255), primary_key=True),
    Column("route", String(255), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("status", Integer, comment="the HTTP status answered; null while the first request is in flight"),
    Column("headers", json_type(), comment="answer headers worth repeating, such as Location"),
    Column("response", Text, comment="the answered body"),
    Column("people", Text, comment="digests of the ids and addresses in it, by which an erasure finds it"),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
    Index(None, "principal"),
)
