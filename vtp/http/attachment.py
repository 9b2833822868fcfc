"""The name of a file that is downloaded, and never opened within our pages (RFC 6266, RFC 8187)."""

from urllib.parse import quote


def attachment(name: str) -> str:
    """`Content-Disposition` for a file that people called `name`: plain, and in full."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
