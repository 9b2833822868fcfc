"""What recordings have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table

from vtp.own_data.holding import ERASED_NAME, Deleted, Holding, without
from vtp.recording.tables import (
    recording_access_log,
    recording_caption_lines,
    recording_captions,
    recording_chapters,
    recording_progress,
    recording_quotas,
    recording_shares,
    recording_terms,
    recordings,
)

HOLDINGS: Final = (
    Holding(
        "recordings_started",
        recordings,
        lambda one: recordings.c.started_by == one.user_id,
        (
            "id",
            "room_id",
            "title",
            "description",
            "status",
            "format",
            "layout",
            "started_at",
            "stopped_at",
            "duration_ms",
            "file_size_bytes",
            "width",
            "height",
            "frame_rate",
            "bitrate_bps",
            "codecs",
            "error_message",
            "metadata",
            "created_at",
            "updated_at",
            "deleted_at",
            "visibility",
            "chapters_set_at",
            "status_before",
            "purging_at",
            "restored_at",
            "kept",
            "expires_at",
            "warned_at",
        ),
        ("started_by", "instance_id", "storage", "stored_url", "stored_at", "access_changed_at"),
        without("started_by"),
    ),
    Holding(
        "links_to_recordings",
        recording_shares,
        lambda one: recording_shares.c.created_by == one.user_id,
        ("id", "recording_id", "title", "download", "created_at", "expires_at", "revoked_at"),
        ("created_by",),
        without("created_by"),
    ),
    Holding(
        "recordings_watched",
        recording_progress,
        lambda one: recording_progress.c.user_id == one.user_id,
        (
            "recording_id",
            "pieces",
            "watched_ms",
            "watch_time_ms",
            "position_ms",
            "started_at",
            "updated_at",
            "reached",
        ),
        ("user_id", "sittings"),
        Deleted(),
    ),
    Holding(
        "recordings_opened",
        recording_access_log,
        lambda one: recording_access_log.c.user_id == one.user_id,
        (
            "id",
            "recording_id",
            "at",
            "action",
            "ip_address",
            "user_agent",
            "bytes_transferred",
            "duration_ms",
        ),
        ("user_id", "link_id"),
        without("user_id", ip_address=None, user_agent=None),
    ),
    Holding(
        "captions_written",
        recording_captions,
        lambda one: recording_captions.c.written_by == one.user_id,
        ("recording_id", "language", "label", "is_typed", "text", "cues", "created_at", "updated_at"),
        ("written_by",),
        without("written_by"),
    ),
    Holding(
        "captions_typed",
        recording_caption_lines,
        lambda one: recording_caption_lines.c.written_by == one.user_id,
        ("id", "recording_id", "language", "start_ms", "text"),
        ("written_by",),
        without("written_by"),
    ),
    Holding(
        "chapters_of_recordings",
        recording_chapters,
        lambda one: recording_chapters.c.person_id == one.user_id,
        ("id", "recording_id", "start_ms", "kind", "title", "person_name"),
        ("person_id",),
        without("person_id", person_name=ERASED_NAME),
    ),
)

EXEMPT: Final[Mapping[Table, str]] = {
    recording_quotas: "what rooms may hold",
    recording_terms: "how long what was made in rooms is kept",
}
