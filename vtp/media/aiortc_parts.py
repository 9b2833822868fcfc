"""aiortc's DTLS and SCTP without the rest of it: its front loads codecs, and with them FFmpeg (`late_av`).

The package is there as ever for whoever asks it for more: its front is executed then. Names of mDNS, which
aioice asks for and our ICE does not, bring a library of DNS along: that waits, too.
"""

from __future__ import annotations

import sys
from types import ModuleType

from vtp.late_modules import put_off, unopened


def _stand_in() -> ModuleType:
    """What `aiortc.rtp` names of PyAV, in an annotation."""
    stand_in = ModuleType("av")
    stand_in.__dict__["AudioFrame"] = object
    return stand_in


put_off("aioice", "mdns", MDnsProtocol=object)
_withheld = "av" not in sys.modules
if _withheld:
    sys.modules["av"] = _stand_in()
with unopened("aiortc"):
    # The channels before the association, whose module they end by importing.
    from aiortc import rtcdatachannel as _rtcdatachannel  # noqa: F401
    from aiortc import rtcdtlstransport as aiortc_dtls
    from aiortc import rtcsctptransport as aiortc_sctp
    from aiortc.rtcdtlstransport import (
        RTCCertificate,
        RTCDtlsFingerprint,
        RTCDtlsParameters,
        RTCDtlsTransport,
    )
    from aiortc.rtcicetransport import RTCIceTransport
    from aiortc.rtcsctptransport import RTCSctpTransport
if _withheld:
    del sys.modules["av"]

__all__ = [
    "RTCCertificate",
    "RTCDtlsFingerprint",
    "RTCDtlsParameters",
    "RTCDtlsTransport",
    "RTCIceTransport",
    "RTCSctpTransport",
    "aiortc_dtls",
    "aiortc_sctp",
]
