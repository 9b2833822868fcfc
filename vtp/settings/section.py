"""Base of the sections of settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of the sections: unknown keys refused, nothing changes after start."""

    model_config = ConfigDict(extra="forbid", frozen=True)
