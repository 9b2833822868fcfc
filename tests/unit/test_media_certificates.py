"""Certificates of new transports: their kind, their life, their replacement."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from vtp.media.certificates import LIFETIME, Certificates, make_certificate

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_certificate_is_ecdsa_p256_and_lasts_thirty_days() -> None:
    certificate = make_certificate(NOW)
    assert isinstance(certificate._key.curve, ec.SECP256R1)
    assert certificate.expires == NOW + timedelta(days=30)
    assert certificate._cert.not_valid_before_utc < NOW


def test_fingerprint_is_sha256_in_upper_case_pairs() -> None:
    fingerprint = make_certificate(NOW).fingerprint
    assert fingerprint.algorithm == "sha-256"
    assert len(fingerprint.value.split(":")) == 32 and fingerprint.value == fingerprint.value.upper()


def test_transports_of_two_weeks_share_one_certificate() -> None:
    clock = Clock()
    certificates = Certificates(clock)
    first = certificates.current()
    clock.now += timedelta(days=14, hours=23)
    assert certificates.current() is first


def test_certificate_is_replaced_while_half_of_its_life_is_left() -> None:
    clock = Clock()
    certificates = Certificates(clock)
    first = certificates.current()
    clock.now += timedelta(days=15)
    second = certificates.current()
    assert second is not first
    assert second.expires == clock.now + LIFETIME
    assert first.expires - clock.now >= timedelta(days=15)


def test_clock_set_back_makes_a_certificate_that_is_valid_then() -> None:
    clock = Clock()
    certificates = Certificates(clock)
    clock.now -= timedelta(days=40)
    assert certificates.current().expires == clock.now + LIFETIME
