"""Limits by network address: nobody has more of them for having IPv6."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vtp.errors import RateLimited
from vtp.http.identity import anybody
from vtp.http.routing import Limit
from vtp.http.throttle import Throttle
from vtp.settings import LimitSettings


def test_addresses_of_one_network_count_together() -> None:
    throttle = Throttle(LimitSettings(sign_in_failures_per_address_per_minute=3), clock=lambda: 0.0)
    for number in range(3):
        throttle.note_failure(Limit.SIGN_IN, f"2001:db8:0:1::{number}", None)
    with pytest.raises(RateLimited):
        throttle.admit_stranger("2001:db8:0:1:ffff::1")
    for other in ("2001:db8:0:2::1", "203.0.113.7", "fe80::1%eth0", ""):
        throttle.admit_stranger(other)


def test_a_link_to_a_recording_is_in_many_hands_and_counted_by_address_alone() -> None:
    throttle = Throttle(LimitSettings(requests_per_account_per_minute=1, requests_per_address_per_minute=3))
    viewer = replace(anybody(), token_id="link", recording="recording")
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.1"):
        throttle.admit_address(Limit.GENERAL, address, viewer)
        throttle.admit(Limit.GENERAL, address, viewer)
    with pytest.raises(RateLimited):
        throttle.admit_address(Limit.GENERAL, "192.0.2.1", viewer)
