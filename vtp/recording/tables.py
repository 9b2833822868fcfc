"""What the database knows of recordings: whose they are and how they ended. Their bytes know the rest."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type

recordings = Table(
    "recordings",
    metadata,
    Column("id", id_type(), primary_key=True),
    Column("room_id", id_type(), ForeignKey("rooms.id"), nullable=False),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("started_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("status", String(16), nullable=False, index=True),
    Column("format", String(8), nullable=False, comment="what was asked for: hls, mp4, webm"),
    Column("layout", String(8), nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("stopped_at", UtcDateTime),
    Column("duration_ms", BigInteger, nullable=False),
    Column("file_size_bytes", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("frame_rate", Float, nullable=False),
    Column("bitrate_bps", BigInteger, nullable=False),
    Column("codecs", String(200), nullable=False),
    Column("error_message", Text, nullable=False),
    Column("metadata", json_type(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime, comment="in the trash since"),
    Column("instance_id", id_type(), comment="of the data folder whose process records it"),
    Column(
        "storage", String(16), nullable=False, server_default="local", comment="vtp.recording.store.Storage"
    ),
    Column("stored_url", Text, comment="the object store that it lies in, once it does"),
    Column("stored_at", UtcDateTime),
    Column("visibility", String(8), nullable=False, server_default="members"),
    Column("access_changed_at", UtcDateTime, index=True, comment="visibility changed, or put into the trash"),
    Column("chapters_set_at", UtcDateTime, comment="since then they are as staff have set them"),
    Column(
        "status_before",
        String(16),
        index=True,
        comment="in the trash: what it was, and is again when it comes back",
    ),
    Column("purging_at", UtcDateTime, index=True, comment="to be deleted for good since; nothing stops that"),
    Column("restored_at", UtcDateTime, comment="came back from the trash: from then on it is kept anew"),
    Column("kept", Boolean, nullable=False, server_default=false(), comment="time does nothing to it"),
    Column(
        "expires_at", UtcDateTime, comment="goes into the trash by itself; in the trash: is deleted for good"
    ),
    Column("warned_at", UtcDateTime, comment="who may keep it was told that it will"),
    CheckConstraint(
        "status IN ('recording', 'finalizing', 'ready', 'interrupted', 'failed', 'deleted')", name="status"
    ),
    Index(None, "room_id", "id"),
)


recording_quotas = Table(
    "recording_quotas",
    metadata,
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("bytes", BigInteger, nullable=False, comment="what its recordings may take; 0: any number"),
    Column("updated_at", UtcDateTime, nullable=False),
)

recording_terms = Table(
    "recording_terms",
    metadata,
    Column("room_id", id_type(), ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("days", Integer, nullable=False, comment="for how long its recordings are kept; 0: for ever"),
    Column("updated_at", UtcDateTime, nullable=False),
)


def _of_recording() -> Column[str]:
    reference = ForeignKey("recordings.id", ondelete="CASCADE")
    return Column("recording_id", id_type(), reference, nullable=False)


def _account(name: str) -> Column[str]:
    return Column(name, id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True)


recording_shares = Table(
    "recording_shares",
    metadata,
    Column("id", id_type(), primary_key=True, comment="of the link's token, which is kept nowhere"),
    _of_recording(),
    Column("title", String(200), nullable=False),
    Column("download", Boolean, nullable=False),
    _account("created_by"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime, index=True),
    Index(None, "recording_id", "id"),
)

recording_progress = Table(
    "recording_progress",
    metadata,
    Column("user_id", id_type(), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "recording_id",
        id_type(),
        ForeignKey("recordings.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column(
        "pieces", json_type(), nullable=False, comment="[[start, end]…] in ms: what was watched at least once"
    ),
    Column("watched_ms", BigInteger, nullable=False, comment="all pieces together"),
    Column("watch_time_ms", BigInteger, nullable=False, comment="time spent, watching again included"),
    Column("position_ms", BigInteger, nullable=False),
    Column(
        "sittings",
        json_type(),
        nullable=False,
        comment="{session: [last number, its time, ms of grace left]}",
    ),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column(
        "reached",
        json_type(),
        nullable=False,
        comment="[[thousandths, Unix ms]…]: when so much of it was watched first, from half of it on",
    ),
)

recording_access_log = Table(
    "recording_access_log",
    metadata,
    Column("id", id_type(), primary_key=True),
    _of_recording(),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("action", String(16), nullable=False),
    _account("user_id"),
    Column("link_id", id_type(), comment="the token by which somebody without an account came"),
    Column("ip_address", String(64)),
    Column("user_agent", String(512)),
    Column("bytes_transferred", BigInteger, comment="of a download, all its ranges together"),
    Column("duration_ms", BigInteger, comment="how long sending them took"),
    Index(None, "recording_id", "id"),
    Index(None, "recording_id", "action", "at"),
)

recording_captions = Table(
    "recording_captions",
    metadata,
    Column("recording_id", id_type(), ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("language", String(35), primary_key=True, comment="BCP 47; after ~: deleted a moment ago"),
    Column("label", String(200), nullable=False),
    Column("is_typed", Boolean, nullable=False, comment="its cues are recording_caption_lines"),
    Column("text", Text, nullable=False, comment="WebVTT, as we have written it anew"),
    Column("cues", Integer, nullable=False),
    _account("written_by"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

recording_caption_lines = Table(
    "recording_caption_lines",
    metadata,
    Column("id", id_type(), primary_key=True),
    _of_recording(),
    Column("language", String(35), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    _account("written_by"),
    Index(None, "recording_id", "language"),
)

recording_chapters = Table(
    "recording_chapters",
    metadata,
    Column("id", id_type(), primary_key=True),
    _of_recording(),
    Column("start_ms", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("title", String(300), nullable=False, comment="empty: as the kind says"),
    _account("person_id"),
    Column("person_name", String(200), nullable=False),
    Index(None, "recording_id", "start_ms"),
)
