"""What is stored of alerts. Imported by `tables`."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, Text

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type

analytics_alerts = Table(
    "analytics_alerts",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("course_id", id_type(), ForeignKey("courses.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("rule", String(32), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("recommendation", Text, nullable=False),
    Column("evidence", json_type(), nullable=False),
    Column("status", String(9), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("note", Text, nullable=False, comment="of who closed it"),
    CheckConstraint("status IN ('open', 'resolved', 'dismissed', 'over')", name="status"),
    Index(None, "course_id", "id"),
)
