"""Classes, also those that are watched live."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vtp.settings.section import Section


class RoomSettings(Section):
    """What a class may be."""

    open: bool = False


class StreamingSettings(Section):
    """Classes that are watched live without being recorded."""

    window_s: Annotated[int, Field(ge=30, le=14_400)] = 600
    folder: str = ""
