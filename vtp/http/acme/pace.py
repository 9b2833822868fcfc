"""When a certificate is renewed, and how long an authority is left alone after a failure."""

from __future__ import annotations

import datetime as dt

from vtp.http.acme.failures import AcmeError, Fault
from vtp.http.acme.folder import StoredCertificate

RENEW_SHARE = 3
"""With a third of its life left, as Let's Encrypt advises; a month of a certificate of 90 days."""
LAST_CALL_SHARE = 10
"""A suggested time that leaves less than a tenth is not waited for."""

FIRST_S = {Fault.UNREACHABLE: 60.0, Fault.REFUSED: 300.0, Fault.RATE_LIMITED: 3600.0}
"""After a first failure; each further one doubles it. Let's Encrypt takes 5 failed validations of a name an
hour: these are at 0, 5, 15 and 35 minutes."""
LONGEST_S = {Fault.UNREACHABLE: 3600.0, Fault.REFUSED: 43_200.0, Fault.RATE_LIMITED: 86_400.0}
MOST_S = 8 * 86_400.0
"""Whatever an authority asks for: Let's Encrypt's longest limit is of a week."""
JITTER = 0.2
"""Servers that failed together do not come back together."""


def renewal_due(certificate: StoredCertificate, suggested: dt.datetime | None) -> dt.datetime:
    """When to renew: as the authority suggests (RFC 9773), else by the rule of a third."""
    life = certificate.not_after - certificate.not_before
    if suggested is not None and suggested < certificate.not_after - life / LAST_CALL_SHARE:
        return suggested
    return certificate.not_after - life / RENEW_SHARE


def wait_s(failure: AcmeError, failures: int, chance: float) -> float:
    """Seconds until the next try after `failures` in a row; `chance` is of 0 to 1.

    Never less than what the authority asked for, up to MOST_S.
    """
    doubled = FIRST_S[failure.fault] * 2.0 ** min(failures - 1, 16)
    spread = 1 + JITTER * (2 * chance - 1)
    asked_s = failure.retry_after_s * (1 + JITTER * chance)
    return min(max(min(doubled, LONGEST_S[failure.fault]) * spread, asked_s), MOST_S)
