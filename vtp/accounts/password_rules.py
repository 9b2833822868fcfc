"""Which passwords are good enough (OWASP ASVS 5.0, V6.2): length, not common, not made of the person's own
data or of words that everybody here knows. What is looked at is what is hashed.

No composition rules and no forced change (6.2.5, 6.2.10): they make passwords worse.
"""

import re
import unicodedata
from functools import cache
from importlib import resources

from vtp.errors import FieldError, Invalid
from vtp.settings import AccountSettings

CONTEXT_WORDS = (
    *("admin", "administrator", "assistant", "class", "classroom", "course", "lecture", "lesson", "meeting"),
    *("recording", "school", "student", "studio", "teacher", "university", "webrtc"),
)
"""What passwords at any school are made of first; `accounts.password_forbidden_words` adds its own."""

_CONTEXT_WORD_MIN = 4  # shorter parts of a name or an address are in too many good passwords
_CONTEXT_SHARE = 0.6  # of the password's length, from which on a known word is what it is made of


class PasswordRules:
    """Checks a new password; the list of common ones is read once."""

    def __init__(self, settings: AccountSettings) -> None:
        self._min_length = settings.password_min_length
        self._max_bytes = settings.password_max_bytes
        self._forbidden = [_fold(word) for word in (*CONTEXT_WORDS, *settings.password_forbidden_words)]
        self._common = common_passwords()

    def check(self, password: str, *context: str, pointer: str = "/password") -> None:
        """Raises Invalid (422) with a sentence when the password is too weak.

        `context` is what others know of the person: address, name.
        """
        complaint = self._complaint(password, context)
        if complaint:
            raise Invalid("Choose another password.", errors=[FieldError(pointer, complaint)])

    def _complaint(self, typed: str, context: tuple[str, ...]) -> str | None:
        password = normal_password(typed)
        if min(len(typed), len(password)) < self._min_length:
            return f"The password is too short: take at least {self._min_length} characters."
        if len(password.encode()) > self._max_bytes:
            return f"The password is too long: take at most {self._max_bytes} bytes."
        if len(set(password)) < 3:
            return "The password repeats the same one or two characters."
        folded = _fold(password)
        if folded in self._common or folded.rstrip("0123456789!.?") in self._common:
            return "This password is among the first that anybody would try."
        if any(_is_made_of(folded, word) for part in context for word in _words(part)):
            return "The password is made of your own name or address, which others know."
        if any(word in folded and len(word) >= _CONTEXT_SHARE * len(folded) for word in self._forbidden):
            return "The password is made of a word that is not taken here: choose others."
        return None


def normal_password(typed: str) -> str:
    """What is checked and hashed of a password: one spelling for the same characters typed on different
    keyboards (Unicode NFKC). Hashes that are stored are of it.
    """
    return unicodedata.normalize("NFKC", typed)


@cache
def common_passwords() -> frozenset[str]:
    """Those that anybody would try first."""
    text = resources.files("vtp.accounts").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.split("\n") if line and not line.startswith("#"))


def _fold(text: str) -> str:
    """For comparing without capitals: folding may undo the form."""
    return unicodedata.normalize("NFKC", normal_password(text).casefold())


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", _fold(text)) if len(word) >= _CONTEXT_WORD_MIN]


def _is_made_of(password: str, word: str) -> bool:
    return word in password and len(word) >= _CONTEXT_SHARE * len(password)
