"""Points in time that people name: one rule for all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def _utc(value: datetime) -> datetime:
    """As it is stored and answered, whatever zone it came in, which the ends of the calendar do not bear."""
    if not 1970 <= value.year <= 9000:
        raise ValueError("take a year between 1970 and 9000")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
