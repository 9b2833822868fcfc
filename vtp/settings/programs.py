"""What other programs are told and may ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from vtp.settings.section import Section
from vtp.settings_values import AllowedHosts, Count, Networks, split_list


class WebhookSettings(Section):
    """Messages to other programs."""

    allow_private_addresses: bool = False
    allowed_hosts: AllowedHosts = []
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    retry_delays_s: Annotated[
        list[Annotated[float, Field(ge=0, le=604_800)]], BeforeValidator(split_list), Field(max_length=20)
    ] = [5, 30, 120, 600, 3600, 14_400, 43_200, 86_400]
    keep_days: Count = 14


class SfuSettings(Section):
    """The REST service for server-side programs."""

    enabled: bool = False
    trusted_addresses: Networks = []
