"""Devices that have signed in to an account before: each holds a token for it, which proves that and opens
nothing.

A token is a random id and an HMAC over it and the account's address, so nothing is stored here. Several
accounts may use one browser: its cookie holds the tokens of the last eight.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence

from vtp.sealing import Sealer

MOST_PER_BROWSER = 8
_ID_BYTES = 16
_SEPARATOR = "."
_PURPOSE = "device"
_TOKEN = re.compile(r"[\w-]{22}\.[0-9a-f]{64}", re.ASCII)
"""What goes back into a cookie: nothing else that somebody may have put there."""


class Devices:
    """Makes tokens of devices and knows them again."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def recognize(self, email: str, tokens: Sequence[str]) -> str | None:
        """The id of the device that one of these tokens stands for, when it is one of this account's."""
        for token in tokens[:MOST_PER_BROWSER]:
            device_id, _, proof = token.partition(_SEPARATOR)
            if _TOKEN.fullmatch(token) and hmac.compare_digest(proof, self._proof(email, device_id)):
                return device_id
        return None

    def remember(self, email: str, tokens: Sequence[str]) -> list[str]:
        """What a browser is to hold from now on: this account's token first, then others'."""
        mine = [token for token in tokens[:MOST_PER_BROWSER] if self.recognize(email, [token])][:1]
        others = [token for token in tokens if token not in mine and _TOKEN.fullmatch(token)]
        return [*(mine or [self._new(email)]), *others][:MOST_PER_BROWSER]

    def _new(self, email: str) -> str:
        device_id = secrets.token_urlsafe(_ID_BYTES)
        return f"{device_id}{_SEPARATOR}{self._proof(email, device_id)}"

    def _proof(self, email: str, device_id: str) -> str:
        return self._sealer.digest(_PURPOSE, f"{email}\0{device_id}")
