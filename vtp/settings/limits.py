"""How often one account or one address may do what."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vtp.settings.section import Section
from vtp.settings_values import Count


class LimitSettings(Section):
    """How often one account or one address may do what; 0 switches a limit off."""

    sign_in_failures_per_account: Annotated[int, Field(ge=0)] = 5
    sign_in_failures_window_s: Count = 900
    sign_in_delay_s: Count = 30
    sign_in_delay_max_s: Count = 3600
    sign_in_failures_per_address_per_minute: Annotated[int, Field(ge=0)] = 300
    registrations_per_address_per_hour: Annotated[int, Field(ge=0)] = 300
    recoveries_per_address_per_hour: Annotated[int, Field(ge=0)] = 300
    password_resets_per_account_per_hour: Annotated[int, Field(ge=0)] = 3
    verification_mails_per_address_per_minute: Annotated[int, Field(ge=0)] = 1
    refreshes_per_account_per_5_minutes: Annotated[int, Field(ge=0)] = 150
    requests_per_account_per_minute: Annotated[int, Field(ge=0)] = 600
    signalling_calls_per_10_seconds: Annotated[int, Field(ge=0)] = 400
    signalling_announcements_per_10_seconds: Annotated[int, Field(ge=0)] = 60
    signalling_connections_per_account: Annotated[int, Field(ge=0)] = 32
    signalling_connections_per_address: Annotated[int, Field(ge=0)] = 2000
    chat_messages_per_10_seconds: Annotated[int, Field(ge=0)] = 10
    chat_messages_per_room: Annotated[int, Field(ge=0)] = 50_000
    sfu_calls_per_10_seconds: Annotated[int, Field(ge=0)] = 5000
    requests_per_address_per_minute: Annotated[int, Field(ge=0)] = 30_000
    media_per_token_per_minute: Annotated[int, Field(ge=0)] = 300
    connection_checks_per_address_per_minute: Annotated[int, Field(ge=0)] = 60
    connection_checks_at_a_time: Annotated[int, Field(ge=0)] = 8
