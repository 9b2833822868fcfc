"""Of a browser's User-Agent the kind of device is read, and nothing else."""

from __future__ import annotations

import pytest

from vtp.rooms.device_kinds import Device, device_of

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148"
)
IPAD = "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
ANDROID = "Mozilla/5.0 (Linux; Android 15; {}) AppleWebKit/537.36 Chrome/131.0.0.0 {}Safari/537.36"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (IPHONE, Device.PHONE),
        (IPAD, Device.TABLET),
        (ANDROID.format("Pixel 9", "Mobile "), Device.PHONE),
        (ANDROID.format("SM-X910", ""), Device.TABLET),
        ("Mozilla/5.0 (Android 15; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0", Device.PHONE),
        ("Mozilla/5.0 (Android 15; Tablet; rv:133.0) Gecko/133.0 Firefox/133.0", Device.TABLET),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36", Device.COMPUTER),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.1 Safari/605.1.15", Device.COMPUTER),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/131.0.0.0", Device.COMPUTER),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", Device.COMPUTER),
        ("python-socketio/5.11", None),
        ("", None),
        ("x" * 600 + "iPhone", None),
    ],
)
def test_a_device_is_of_the_kind_that_its_browser_says(said: str, kind: Device | None) -> None:
    assert device_of(said) == kind
