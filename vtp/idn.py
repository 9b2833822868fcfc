"""Names of hosts beyond ASCII: IDNA 2008 with the mapping of UTS 46, as browsers read them.

Python's own codec is IDNA 2003, for which `straße.example` is `strasse.example`: another host.
"""

import idna


def to_ascii(host: str) -> str:
    """The name as it is in DNS, in lower case. Raises ValueError for one that cannot be in it."""
    if not _is_international(host):
        return host.lower()
    return idna.encode(host, uts46=True).decode("ascii")


def to_unicode(host: str) -> str:
    """The one spelling that people read, whichever they wrote. Raises ValueError as `to_ascii`."""
    return idna.decode(to_ascii(host)) if _is_international(host) else host.lower()


def _is_international(host: str) -> bool:
    return not host.isascii() or "xn--" in host.lower()
