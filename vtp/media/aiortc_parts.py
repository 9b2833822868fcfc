"""aiortc's DTLS and SCTP without the rest of it: its front loads codecs, and with them FFmpeg (`late_av`).

The package is there as ever for whoever asks it for more: its front is executed then.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any


def _unopened() -> ModuleType:
    """aiortc as a package of which nothing has been executed."""
    spec = find_spec("aiortc")
    assert spec is not None
    return module_from_spec(spec)


def _open_when_asked(package: ModuleType) -> None:
    """Executes the package's front when it is asked for what is not there yet (PEP 562)."""

    def execute_front(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        del package.__dict__["__getattr__"]
        spec = package.__spec__
        assert spec is not None and spec.loader is not None
        spec.loader.exec_module(package)
        return getattr(package, name)

    package.__dict__["__getattr__"] = execute_front


def _stand_in() -> ModuleType:
    """What `aiortc.rtp` names of PyAV, in an annotation."""
    stand_in = ModuleType("av")
    stand_in.__dict__["AudioFrame"] = object
    return stand_in


_package = None
if "aiortc" not in sys.modules:
    _package = sys.modules["aiortc"] = _unopened()
_withheld = "av" not in sys.modules
if _withheld:
    sys.modules["av"] = _stand_in()
# The channels before the association, whose module they end by importing.
from aiortc import rtcdatachannel as _rtcdatachannel  # noqa: E402, F401
from aiortc import rtcdtlstransport as aiortc_dtls  # noqa: E402
from aiortc import rtcsctptransport as aiortc_sctp  # noqa: E402
from aiortc.rtcdtlstransport import (  # noqa: E402
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from aiortc.rtcicetransport import RTCIceTransport  # noqa: E402
from aiortc.rtcsctptransport import RTCSctpTransport  # noqa: E402

if _withheld:
    del sys.modules["av"]
if _package is not None:
    _open_when_asked(_package)

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
