"""H.264 profile-level-id: which profiles are the same, and what an answer says (RFC 6184 section 8.1)."""

import enum
from dataclasses import dataclass


class H264Profile(enum.Enum):
    CONSTRAINED_BASELINE = "constrained baseline"
    BASELINE = "baseline"
    MAIN = "main"
    CONSTRAINED_HIGH = "constrained high"
    HIGH = "high"
    HIGH_444 = "high 4:4:4 predictive"


LEVEL_1B = 0
"""Our number for level 1b, which lies between 1 (10) and 1.1 (11)."""
DEFAULT_PROFILE_LEVEL_ID = "42000a"
"""Without a profile-level-id: baseline, level 1 (RFC 6184 section 8.1)."""

_LEVELS = frozenset((10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62))
_CONSTRAINT_SET_3 = 0x10

_PROFILES: tuple[tuple[int, int, int, H264Profile], ...] = (
    # profile_idc, mask of the constraint bits that decide, their value, profile (RFC 6184 table 5)
    (0x42, 0x4F, 0x40, H264Profile.CONSTRAINED_BASELINE),
    (0x4D, 0x8F, 0x80, H264Profile.CONSTRAINED_BASELINE),
    (0x58, 0xCF, 0xC0, H264Profile.CONSTRAINED_BASELINE),
    (0x42, 0x4F, 0x00, H264Profile.BASELINE),
    (0x58, 0xCF, 0x80, H264Profile.BASELINE),
    (0x4D, 0xAF, 0x00, H264Profile.MAIN),
    (0x64, 0xFF, 0x00, H264Profile.HIGH),
    (0x64, 0xFF, 0x0C, H264Profile.CONSTRAINED_HIGH),
    (0xF4, 0xFF, 0x00, H264Profile.HIGH_444),
)
_FIRST_BYTES = {
    H264Profile.CONSTRAINED_BASELINE: "42e0",
    H264Profile.BASELINE: "4200",
    H264Profile.MAIN: "4d00",
    H264Profile.CONSTRAINED_HIGH: "640c",
    H264Profile.HIGH: "6400",
    H264Profile.HIGH_444: "f400",
}


@dataclass(frozen=True, slots=True)
class ProfileLevel:
    """A profile and a level (`level_idc`, or LEVEL_1B)."""

    profile: H264Profile
    level: int

    def __str__(self) -> str:
        if self.level != LEVEL_1B:
            return f"{_FIRST_BYTES[self.profile]}{self.level:02x}"
        first = {
            H264Profile.CONSTRAINED_BASELINE: "42f0",
            H264Profile.BASELINE: "4210",
            H264Profile.MAIN: "4d10",
        }
        return f"{first[self.profile]}0b"

    @property
    def level_rank(self) -> int:
        """Levels in their order; twice the level_idc, so that 1b fits between."""
        return 21 if self.level == LEVEL_1B else self.level * 2


def parse_profile_level_id(value: object) -> ProfileLevel | None:
    """Read a profile-level-id; None when malformed or unknown.

    Takes an int too: JavaScript SDP readers turn `640032` into a number.
    """
    text = DEFAULT_PROFILE_LEVEL_ID if value is None or value == "" else str(value)
    if len(text) != 6 or any(digit not in "0123456789abcdefABCDEF" for digit in text):
        return None
    profile_idc, constraints, level = bytes.fromhex(text)
    is_1b = level == 11 and constraints & _CONSTRAINT_SET_3 and profile_idc in (0x42, 0x4D, 0x58)
    if level not in _LEVELS:
        return None
    for idc, mask, bits, profile in _PROFILES:
        if profile_idc == idc and constraints & mask == bits:
            return ProfileLevel(profile, LEVEL_1B if is_1b else level)
    return None


def answer_profile_level_id(
    local: object, remote: object, *, local_asymmetry: bool, remote_asymmetry: bool
) -> str | None:
    """What we answer to `remote` when we support `local`; None when the profiles differ or cannot be read.

    The level is our own when both sides allow asymmetry, else the lower of the two.
    """
    ours, theirs = parse_profile_level_id(local), parse_profile_level_id(remote)
    if ours is None or theirs is None or ours.profile is not theirs.profile:
        return None
    if local_asymmetry and remote_asymmetry:
        return str(ours)
    return str(min(ours, theirs, key=lambda pair: pair.level_rank))
