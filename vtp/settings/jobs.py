"""The process that works on recordings when they have ended."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from vtp.settings.section import Section
from vtp.settings_values import QueueUrl, split_list


class JobSettings(Section):
    """The process that works on recordings when they have ended."""

    embedded: bool = True
    url: QueueUrl = ""
    ladder: Annotated[
        list[Annotated[int, Field(ge=120, le=2160)]], BeforeValidator(split_list), Field(max_length=8)
    ] = []
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    niceness: Annotated[int, Field(ge=0, le=19)] = 10
    retry_delays_s: Annotated[
        list[Annotated[float, Field(ge=0, le=604_800)]],
        BeforeValidator(split_list),
        Field(min_length=1, max_length=20),
    ] = [10, 30, 120, 600, 1800]
