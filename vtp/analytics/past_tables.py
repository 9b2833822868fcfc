"""What is stored of figures that are nobody's any more. Imported by `tables`. Decision 0123."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type


def _of(table: str, name: str) -> Column[str]:
    return Column(name, id_type(), ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)


course_totals = Table(
    "course_totals",
    metadata,
    _of("courses", "course_id"),
    Column("anonymized_at", UtcDateTime, nullable=False, comment="what began since is somebody's"),
    Column("totals", json_type(), nullable=False),
)

recording_totals = Table(
    "recording_totals",
    metadata,
    _of("recordings", "recording_id"),
    Column("anonymized_at", UtcDateTime, nullable=False, comment="when last some were added"),
    Column("totals", json_type(), nullable=False),
)

analytics_anonymizing = Table(
    "analytics_anonymizing",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    Column("claimed_until", UtcDateTime, nullable=False, comment="by the process that does it"),
    Column("claimed_by", id_type(), nullable=False, comment="that process, made up at its start"),
    Column("finished_at", UtcDateTime, comment="when last nothing was left to do"),
    Column("courses", BigInteger, nullable=False),
    Column("viewers", BigInteger, nullable=False, comment="of recordings, each of each"),
)
