"""The addresses of links in mails.

They begin with what the settings or the server itself say, never with what a request says: whoever sends a
forged `Host` would otherwise get other people's tokens (OWASP, Forgot Password Cheat Sheet).
"""

from urllib.parse import quote

VERIFY_EMAIL = "/verify"
RESET_PASSWORD = "/reset"
INVITATION = "/invitation"
PROFILE = "/profile"
COURSE_INVITATION = "/courses/join"


class Links:
    """`base` is `http.public_url`, or where this server listens, which it learns at its start."""

    def __init__(self, public_url: str) -> None:
        self.base = public_url

    def settle(self, own_url: str) -> None:
        """Says where the server listens; http.public_url, if set, ranks above it."""
        self.base = self.base or own_url

    def to(self, page: str, token: str = "") -> str:
        """A page's address; the token goes into the fragment, which no server sees and no log holds."""
        return f"{self.base}{page}#token={quote(token)}" if token else f"{self.base}{page}"
