"""Settings for eyes: each with where it comes from, and nothing of what is secret in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, SecretStr

from vtp.overview.schemas import SettingReply
from vtp.settings import Settings

_SECRET_IN_ADDRESS = re.compile(r"(?<=://)[^?@]*\?.*@.*|(?<=://)[^?]*@|(?<=\?).*", re.DOTALL)
"""Name and password before the host, and the query: databases and stores take passwords in both, and read one
with a slash or a space in it, too. Where a question mark stands before the first @ nobody knows which of both
it ends: all of that is left out."""


def without_secrets(address: str) -> str:
    """An address without name, password and query."""
    return _SECRET_IN_ADDRESS.sub(lambda found: "…@" if found[0].endswith("@") else "…", address)


def shown_settings(settings: Settings) -> list[SettingReply]:
    """Every setting that is in force."""
    return [_shown(name, value, settings.origin(name)) for name, value in _leaves(settings)]


def _leaves(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _shown(name: str, value: Any, origin: str) -> SettingReply:
    told = PurePath(origin).name
    if isinstance(value, SecretStr):
        return SettingReply(
            name=name, value="", secret=True, is_set=bool(value.get_secret_value()), origin=told
        )
    text = json.dumps(_plain(value), ensure_ascii=False)
    return SettingReply(name=name, value=text, secret=False, is_set=True, origin=told)


def _plain(value: Any) -> Any:
    """As JSON has it; secrets within lists and tables are left out, too."""
    if isinstance(value, SecretStr):
        return "…" if value.get_secret_value() else ""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return without_secrets(str(value))
