"""What is written to standard error."""

from __future__ import annotations

from typing import Literal

from vtp.settings.section import Section


class LogSettings(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"
