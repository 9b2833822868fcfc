"""What is said to people of a recording while it is made, and after."""

from __future__ import annotations

import logging
from typing import Final

logger = logging.getLogger(__name__)

TOO_BUSY: Final = "The server was too busy for a time, so parts of picture or sound are missing."


class Remarks:
    """Of one recording."""

    def __init__(self, recording_id: str) -> None:
        self._recording_id = recording_id
        self._said = ""
        self._dropped = 0

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(filter(None, (self._said, TOO_BUSY if self._dropped else "")))

    def say(self, message: str) -> str:
        """Puts a sentence in place of the one said before; gives all there is to say."""
        self._said = message
        return self.text

    def look(self, dropped: int) -> bool:
        """Takes how many packets came for which there was no room, as those before were not taken in time;
        whether these are the first."""
        is_first = dropped > 0 and not self._dropped
        if is_first:
            logger.warning("Recording %s cannot keep up: the server is too busy.", self._recording_id)
        self._dropped = max(self._dropped, dropped)
        return is_first

    def end(self) -> None:
        """Says in the log how much is missing."""
        if self._dropped:
            logger.warning("Recording %s lacks %d packets.", self._recording_id, self._dropped)
