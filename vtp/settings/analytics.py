"""What is kept of who watched what."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from vtp.settings.section import Section
from vtp.settings_values import Count, LrsUrl

SHORTEST_BY_NAME_DAYS = 30


class AnalyticsSettings(Section):
    """What is kept of who watched what, and to whom averages are told."""

    keep_days: Count = 400
    at_least: Annotated[int, Field(ge=1, le=1000)] = 5
    usage_keep_days: Count = 1100
    anonymize_after_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    lrs_url: LrsUrl = ""
    lrs_username: str = ""
    lrs_password: SecretStr = SecretStr("")
    lrs_ca_file: str = ""

    @field_validator("anonymize_after_days")
    @classmethod
    def _outlasts_pages(cls, days: int) -> int:
        if 0 < days < SHORTEST_BY_NAME_DAYS:
            raise ValueError(
                f"anonymize_after_days is 0 (never) or at least {SHORTEST_BY_NAME_DAYS}: for so long pages "
                "keep what they could not send"
            )
        return days

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if bool(self.lrs_username) != bool(self.lrs_password.get_secret_value()):
            raise ValueError(
                "analytics.lrs_username and analytics.lrs_password go together: set both or none"
            )
        return self
