"""Passwords, tokens and sessions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from vtp.settings.section import Section
from vtp.settings_values import Count, Strings, split_list


class AccountSettings(Section):
    """Passwords, tokens and sessions."""

    registration: Literal["open", "closed"] = "open"
    password_min_length: Annotated[int, Field(ge=8, le=64)] = 8
    password_max_bytes: Annotated[int, Field(ge=64, le=1024)] = 1024
    argon2_memory_kib: Annotated[int, Field(ge=19456)] = 19456
    argon2_time_cost: Annotated[int, Field(ge=2)] = 2
    argon2_parallelism: Annotated[int, Field(ge=1)] = 1
    hash_threads: Annotated[int, Field(ge=0, le=32)] = 0
    access_token_ttl_s: Count = 900
    refresh_idle_s: Count = 1_209_600
    refresh_absolute_s: Count = 2_592_000
    admin_refresh_idle_s: Count = 1800
    admin_refresh_absolute_s: Count = 43_200
    refresh_grace_s: Annotated[int, Field(ge=0)] = 10
    setup_link_ttl_s: Count = 86_400
    audit_keep_days: Annotated[int, Field(ge=0)] = 0
    approval: Literal["mail", "admin"] = "mail"
    notify_of_new_devices: bool = True
    password_forbidden_words: Strings = []
    require_second_factor_for: Annotated[
        list[Literal["admin", "teacher", "assistant", "student"]], BeforeValidator(split_list)
    ] = []
