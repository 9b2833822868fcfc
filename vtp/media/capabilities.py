"""What the router speaks: codecs in its order of preference, their feedback, header extensions."""

from collections.abc import Sequence

from vtp.media.parameters import RtpCodecCapability


def router_codecs(names: Sequence[str] = ()) -> list[RtpCodecCapability]:
    """The codecs a router is made with; `names` limits and orders them. Raises ValueError for an unknown name."""
    raise NotImplementedError
