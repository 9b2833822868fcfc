"""What is stored of coursework. The bytes of files lie in the store, by the id of their row."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type


def _course() -> Column[str]:
    return Column("course_id", id_type(), ForeignKey("courses.id", ondelete="CASCADE"), nullable=False)


def _loosely(name: str, to: str) -> Column[str]:
    return Column(name, id_type(), ForeignKey(f"{to}.id", ondelete="SET NULL"), index=True)


materials = Table(
    "materials",
    metadata,
    Column("id", id_type(), primary_key=True),
    _course(),
    _loosely("lesson_id", "lessons"),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("release_at", UtcDateTime, comment="hidden from students until then"),
    Column("versions", Integer, nullable=False, comment="uploaded so far; the number of the last one"),
    _loosely("created_by", "users"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "course_id", "id"),
)

coursework_files = Table(
    "coursework_files",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column(
        "course_id",
        id_type(),
        ForeignKey("courses.id", ondelete="SET NULL"),
        comment="whose quota it counts for",
    ),
    _loosely("uploaded_by", "users"),
    Column(
        "material_id",
        id_type(),
        ForeignKey("materials.id", ondelete="SET NULL"),
        comment="what holds it: without any holder its bytes are to be deleted, and then the row",
    ),
    Column("version", Integer, nullable=False, comment="of the material; 0 while it arrives"),
    Column("state", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size_bytes", BigInteger, nullable=False, comment="as announced, while it arrives"),
    Column("sha256", String(64), nullable=False, comment="hexadecimal"),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("state IN ('arriving', 'kept')", name="state"),
    Index(None, "material_id", "state", "version"),
    Index(None, "course_id", "uploaded_by"),
    Index(None, "state", "created_at"),
)
