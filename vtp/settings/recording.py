"""Recording and playback."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vtp.settings.section import Section


class RecordingSettings(Section):
    """Recording and playback."""

    min_free_bytes: Annotated[int, Field(ge=0)] = 536_870_912
    warn_free_bytes: Annotated[int, Field(ge=0)] = 5_368_709_120
    quota_per_room_bytes: Annotated[int, Field(ge=0)] = 0
    quota_per_owner_bytes: Annotated[int, Field(ge=0)] = 0
    idle_stop_s: Annotated[int, Field(ge=0)] = 1800
    live_transcodes: Annotated[int, Field(ge=0, le=64)] = 1
    mixed_voices: Annotated[int, Field(ge=1, le=64)] = 8
    layers: Annotated[int, Field(ge=1, le=4)] = 3
    tracks_at_once: Annotated[int, Field(ge=1, le=256)] = 16
    access_log_keep_days: Annotated[int, Field(ge=0)] = 180
    keep_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    trash_keep_days: Annotated[int, Field(ge=0, le=36_500)] = 30
