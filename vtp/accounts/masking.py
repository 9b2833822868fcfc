"""Addresses as logs and hints may show them: enough to recognize one's own, too little to write to."""


def mask_address(email: str) -> str:
    """`ada@school.example` as `a***@school.example`."""
    mailbox, at, domain = email.rpartition("@")
    return f"{mailbox[:1]}***{at}{domain}" if at else "***"
