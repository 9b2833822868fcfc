"""Takes a person out of what was written as JSON: details of the audit log, messages to webhooks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from vtp.own_data.holding import Subject

PERSONAL: Final = frozenset(
    {"email", "emails", "name", "full_name", "phone", "to", "to_address", "address", "new_email", "old_email"}
    | {"key", "lifts"}  # of who waits after failed sign-ins: keyed hashes of addresses
)
"""Keys of details whose texts say who somebody is."""
_WORD: Final = re.compile(r"([A-Z]+ /)?[A-Za-z0-9_.:/{}-]{1,128}")  # ids, codes, events, routes


def scrub_details(subject: Subject, details: Any) -> Any | None:
    """An entry's details without texts that say who somebody is; None when there were none.

    Ids, codes, numbers and roles stay: they are what the log is kept for.
    """
    scrubbed = _scrub(details, subject)
    return scrubbed if scrubbed != details else None


def scrub_message(subject: Subject, body: str) -> str | None:
    """A message's body in which nobody of this id has a name any more; None for what is not ours."""
    try:
        message = json.loads(body)
    except ValueError:
        return None
    return json.dumps(_forget(message, subject.user_id), separators=(",", ":"))


def _scrub(value: Any, subject: Subject) -> Any:
    if isinstance(value, dict):
        return {key: _scrub_item(key, item, subject) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrub(item, subject) for item in value]
    return "" if isinstance(value, str) and _names(value, subject) else value


def _names(text: str, subject: Subject) -> bool:
    """Whether a text may say who somebody is: one that people wrote, or with the person's name in it."""
    known = [name for name in (subject.email, subject.full_name.casefold()) if name]
    return not _WORD.fullmatch(text) or any(name in text.casefold() for name in known)


def _scrub_item(key: str, value: Any, subject: Subject) -> Any:
    """Rights change from something to something: `to` is personal only as a text."""
    if key in PERSONAL and isinstance(value, str):
        return ""
    if key in PERSONAL and isinstance(value, list):
        return [_scrub_item(key, one, subject) for one in value]
    if key in PERSONAL and isinstance(value, dict) and key not in ("to", "from"):
        return {}
    return _scrub(value, subject)


def _forget(value: Any, user_id: str) -> Any:
    if isinstance(value, list):
        return [_forget(item, user_id) for item in value]
    if not isinstance(value, dict):
        return None if value == user_id else value
    forgotten = {key: _forget(item, user_id) for key, item in value.items()}
    if value.get("user_id") == user_id and "full_name" in value:
        forgotten["full_name"] = "Erased person"
    return forgotten
