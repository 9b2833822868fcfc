"""When two codecs are the same: media type, clock rate, channels, and what each format adds to that."""

from collections.abc import Callable, Mapping

from vtp.media.ortc_h264 import answer_profile_level_id, parse_profile_level_id
from vtp.media.parameters import RtpCodecCapability, RtpCodecParameters

AnyCodec = RtpCodecCapability | RtpCodecParameters
Values = Mapping[str, str | int | float]


def codecs_match(one: AnyCodec, other: AnyCodec, *, strict: bool = False) -> bool:
    """Whether both name the same codec; `strict` compares profiles and packetization too."""
    if one.mime_type.lower() != other.mime_type.lower() or one.clock_rate != other.clock_rate:
        return False
    if one.channels != other.channels:
        return False
    compare = _FORMATS.get(one.name) if strict else None
    return compare is None or compare(one.parameters, other.parameters)


def number(parameters: Values, name: str, default: int = 0) -> int:
    """A numeric parameter that may come as text; `default` when absent, -1 when it is no number."""
    value = parameters.get(name, "")
    if value == "":
        return default
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else -1
    return int(value)


def h264_answer(local: Values, remote: Values) -> str | None:
    """The profile-level-id to answer for two H.264 parameter sets; None when they do not match."""
    return answer_profile_level_id(
        local.get("profile-level-id"),
        remote.get("profile-level-id"),
        local_asymmetry=number(local, "level-asymmetry-allowed") == 1,
        remote_asymmetry=number(remote, "level-asymmetry-allowed") == 1,
    )


def _same_h264(one: Values, other: Values) -> bool:
    if number(one, "packetization-mode") != number(other, "packetization-mode"):
        return False
    first = parse_profile_level_id(one.get("profile-level-id"))
    second = parse_profile_level_id(other.get("profile-level-id"))
    return first is not None and second is not None and first.profile is second.profile


def _same_vp9(one: Values, other: Values) -> bool:
    """RFC 9628 section 7.1: profile-id is 0 unless said."""
    return number(one, "profile-id") == number(other, "profile-id")


def _same_av1(one: Values, other: Values) -> bool:
    """AV1 RTP specification section 7.2: profile is 0 unless said; level and tier bind only receivers."""
    return number(one, "profile") == number(other, "profile")


_FORMATS: Mapping[str, Callable[[Values, Values], bool]] = {
    "h264": _same_h264,
    "vp9": _same_vp9,
    "av1": _same_av1,
}
