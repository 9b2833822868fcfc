"""Languages of captions: BCP 47 tags (RFC 5646) in their one spelling, as `de`, `pt-BR`, `zh-Hant-TW`."""

from __future__ import annotations

import re

from vtp.errors import FieldError, Invalid

_TAG = re.compile(
    r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?((?:-[A-Za-z0-9]{5,8}){0,2})"
)


def parse_language(text: str) -> str:
    """The tag as RFC 5646 section 2.1.1 writes it. Raises Invalid for what is none."""
    found = _TAG.fullmatch(text)
    if found is None:
        detail = "Name the language by its tag (BCP 47), such as `de`, `en-GB` or `zh-Hant`."
        raise Invalid(detail, errors=[FieldError("/path/language", detail)])
    language, script, region, variants = found.groups()
    parts = [language.lower(), (script or "").title(), (region or "").upper()]
    return "-".join(part for part in parts if part) + variants.lower()
