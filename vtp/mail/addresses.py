"""Mail addresses: as they go into a message, and as they are shown to who need not know them whole."""

from email.headerregistry import Address
from email.utils import parseaddr


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
        return Address(display_name=name, username=local, domain=domain.encode("idna").decode())
    except (UnicodeError, IndexError) as error:
        raise ValueError(f"{masked(address)} is no address that mail can be sent to") from error
