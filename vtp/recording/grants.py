"""Media grants: leave to fetch one recording's files, checked by HMAC without the database.

A grant is `<expiry>.<scope>.<holder>.<mac>`; the mac covers the recording's id, so that it opens no other; of
a link that downloads it covers which download, which is all that it opens. Whether its holder may still see
the recording is `holders`' to say. It travels in an HttpOnly cookie whose path is the recording's, or in the
query of such a link.
"""

from __future__ import annotations

import base64
import enum
import functools
import hashlib
import hmac
import time
from collections.abc import Callable

TTL_S = 6 * 3600
GRANTS_KEPT = 4096
MOST_CHARACTERS = 512  # of what is looked at; ours are a third of it
SECURE_NAME = "__Secure-vtp_media"
PLAIN_NAME = "vtp_media"


class Scope(enum.StrEnum):
    """What a grant is good for."""

    PLAY = "p"
    DOWNLOAD = "d"


class Grants:
    """Makes and checks grants with one key; `now_s` is the wall clock."""

    def __init__(self, key: bytes, now_s: Callable[[], float] = time.time) -> None:
        self._key = key
        self._now_s = now_s
        self._head = functools.lru_cache(GRANTS_KEPT)(self._head_of)  # players show theirs all the time

    def make(
        self,
        recording_id: str,
        scope: Scope,
        holder: str,
        ttl_s: int = TTL_S,
        *,
        latest_s: float | None = None,
    ) -> str:
        """A grant that ends in `ttl_s` seconds, or at the wall time `latest_s` when that is sooner."""
        expiry = int(self._now_s()) + ttl_s
        head = f"{expiry if latest_s is None else min(expiry, int(latest_s))}.{scope}.{holder}"
        return f"{head}.{self._mac(recording_id, head).decode()}"

    def check(self, grant: str, recording_id: str, scope: Scope) -> str | None:
        """Who holds this grant, when it opens this recording now; leave to download is leave to play."""
        head = self._head(grant, recording_id) if len(grant) <= MOST_CHARACTERS else ""
        if not head:
            return None
        expiry, _, granted = head.partition(".")
        granted, _, holder = granted.partition(".")
        opens = int(expiry) > self._now_s() and granted in (scope, Scope.DOWNLOAD)
        return holder if opens and holder else None  # older servers' grants had no holder

    def is_worn(self, grant: str, latest_s: float | None = None) -> bool:
        """Whether a grant that was checked has less than half the time left that one has at most, and another
        that ends at the wall time `latest_s` at the latest would end after it.
        """
        end_s = self.end_of(grant)
        return end_s - self._now_s() < TTL_S / 2 and (latest_s is None or end_s < int(latest_s))

    @staticmethod
    def end_of(grant: str) -> float:
        """When a grant that was checked ends, by the wall clock."""
        return float(grant.partition(".")[0])

    def is_over(self, end_s: float) -> bool:
        """Whether that is now or before."""
        return self._now_s() >= end_s

    def _head_of(self, grant: str, recording_id: str) -> str:
        """What a grant says, when it was made here for this recording, else ""."""
        head, _, mac = grant.rpartition(".")
        if not grant.isascii() or not hmac.compare_digest(self._mac(recording_id, head), mac.encode()):
            return ""
        return head

    def _mac(self, recording_id: str, head: str) -> bytes:
        digest = hmac.digest(self._key, f"media|{recording_id}|{head}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=")


def cookie_header(grant: str, recording_id: str, *, secure: bool) -> str:
    """The `Set-Cookie` value that lets a browser fetch this recording's files, and send it nowhere else."""
    return cookie_below(f"/api/v1/recordings/{recording_id}", grant, secure=secure)


def cookie_below(path: str, grant: str, *, secure: bool) -> str:
    """The same for what is at `path` and below it."""
    name, flag = (SECURE_NAME, "; Secure") if secure else (PLAIN_NAME, "")
    return f"{name}={grant}; Path={path}; Max-Age={TTL_S}; HttpOnly; SameSite=Lax{flag}"
