"""Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 s, as every app knows
it.

No state and no clock: which step a code belongs to, and what an app needs to know.
"""

import io
from collections.abc import Iterator
from datetime import datetime

STEP_S = 30
SKEW_STEPS = 1  # RFC 6238 section 5.2: one step each way for clocks that differ and for slow typing
SECRET_CHARACTERS = 32  # of base32: 160 bits, as RFC 4226 section 4 recommends
DIGITS = 6


def new_secret() -> str:
    """A secret from the system's randomness, in base32."""
    import pyotp  # here and below, because most processes never need it

    return pyotp.random_base32(SECRET_CHARACTERS)


def step_of(code: str, secret: str, now: datetime) -> int | None:
    """The step that a code belongs to, of those that are good now; None for a wrong code.

    The same code may, very rarely, belong to two steps: the newest counts.
    """
    import pyotp
    from pyotp.utils import strings_equal

    generator = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    found = [step for step in steps_at(now) if strings_equal(generator.generate_otp(step), code)]
    return max(found, default=None)


def steps_at(now: datetime) -> Iterator[int]:
    """The steps whose codes are good at a moment."""
    current = int(now.timestamp()) // STEP_S
    yield from range(current - SKEW_STEPS, current + SKEW_STEPS + 1)


def otpauth_uri(secret: str, account: str, issuer: str) -> str:
    """What an authenticator app reads from a QR code (Google's key URI format)."""
    import pyotp

    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(
        name=account, issuer_name=issuer
    )


def qr_svg(text: str) -> str:
    """A QR code as an SVG picture."""
    import segno

    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture, kind="svg", xmldecl=False, scale=4, border=4, nl=False, light="#fff"
    )
    return picture.getvalue().decode()
