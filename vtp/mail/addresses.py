"""Mail addresses: in one spelling each, as they go into a message, and as they are shown to who need not know
them whole.

An address that another program reads as another one would let its owner be taken for somebody else. So there
is one spelling of each, and none of those that a header, a relay or a careless program could take apart:
encoded words (RFC 2047), routes (`%`, `!`), characters that compatibility turns into an @ or a comma.
"""

import re
import unicodedata
from email.headerregistry import Address
from email.utils import parseaddr

from vtp.idn import to_ascii, to_unicode

# RFC 5321 section 4.5.3.1: 64 octets before the @, 254 in all. What a mailbox accepts only a mail can tell.
_LOCAL = re.compile(r"(?!\.)(?!.*\.\.)(?!.*(?:=\?|\?=))[^\s@\"(),:;<>\[\]\\!%]{1,64}(?<!\.)")
_DOMAIN = re.compile(r"(?:[\w](?:[\w-]{0,61}[\w])?\.)*[\w](?:[\w-]{0,61}[\w])?")
_MAX_CHARACTERS = 254


def normal_address(text: str) -> str:
    """The one spelling of an address that somebody writes. Raises ValueError with a sentence."""
    local, at, domain = unicodedata.normalize("NFC", text.strip().lower()).rpartition("@")
    try:
        address = f"{local}@{to_unicode(domain)}"
    except ValueError:
        address = ""
    if not at or len(address) > _MAX_CHARACTERS or not _is_plain(address):
        raise ValueError("write an email address such as ada@school.example")
    return address


def known_as(text: str) -> str:
    """What an account would be known by, for who signs in: never refused, for that would tell something."""
    try:
        return normal_address(text)
    except ValueError:
        return text.strip().lower()


def _is_plain(address: str) -> bool:
    """Whether it is an address, and one still once its compatibility characters are what they stand for."""
    local, _, domain = address.rpartition("@")
    plain_locals = (local, unicodedata.normalize("NFKC", local))
    return (
        address.isprintable()
        and all(_LOCAL.fullmatch(one) for one in plain_locals)
        and _DOMAIN.fullmatch(domain) is not None
    )


def masked(address: str) -> str:
    """An address with all but the first letter before the @ hidden: `a***@school.example`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def read_sender(text: str) -> Address:
    """The address of a sender as settings write it, `School <school@school.example>` or without a name.

    Raises ValueError with a sentence.
    """
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    if not local or not domain or not text.isprintable() or any(part.isspace() for part in address):
        raise ValueError("write an address such as school@school.example, or School <school@school.example>")
    return to_address(address, name)


def to_address(address: str, name: str = "") -> Address:
    """An address for a header; its domain in the spelling that every mail server knows (IDNA).

    Raises ValueError for one that cannot be written into a header.
    """
    local, _, domain = address.rpartition("@")
    try:
        return Address(display_name=name, username=local, domain=to_ascii(domain))
    except (ValueError, IndexError) as error:
        raise ValueError(f"{masked(address)} is no address that mail can be sent to") from error
