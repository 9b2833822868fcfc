"""The settings of this process, from all of their sources, or one sentence that says what is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vtp.counted import counted
from vtp.errors import StartupError
from vtp.settings import Settings
from vtp.settings_sources import Layers, Tree, default_config_dir, read_dotenv, read_layers


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    config_dir: Path | None = None,
    overrides: Tree | None = None,
) -> Settings:
    """Reads all sources; `overrides` (from the command line) rank above the environment.

    Raises StartupError, one sentence that says what to do, for a bad file, key or value.
    """
    known = read_dotenv(os.environ, Path(".env")) if environ is None else environ
    layers = read_layers(Settings, known, config_dir or default_config_dir(known))
    layers.add(overrides or {}, "the command line")
    try:
        return Settings(**layers.tree).from_sources(layers.origins)
    except ValidationError as error:
        raise StartupError(_sentence(error, layers)) from error


def _sentence(error: ValidationError, layers: Layers) -> str:
    problems = error.errors(include_url=False, include_context=False)
    first: Any = problems[0]
    path = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    origin = layers.origin(path)
    where = f" (in {origin})" if origin else ""
    others = len(problems) - 1
    more = f"; {counted(others, 'more setting is', 'more settings are')} wrong too" if others else ""
    reason = f"{reason[:1].lower()}{reason[1:]}"
    return f"The setting {path}{where} is not acceptable: {reason}{more}; correct it and start again."
