"""The client's answer to a server that offers (RFC 8829 section 5.3): it receives and sends nothing.

Janus and LiveKit offer to their subscribers. `parse_answer` reads such an offer as it reads an answer; this
module writes what goes back.
"""

from collections.abc import Iterable, Sequence

from vtp.bench.client_dtls import Fingerprint, Role
from vtp.bench.client_sdp import CODEC_NUMBERS, EXTENSION_URIS, IceCredentials, attributes, split_sections

_KINDS = ("audio", "video")


def write_answer(
    offer: str,
    ice: IceCredentials,
    fingerprint: Fingerprint,
    *,
    role: Role = Role.CLIENT,
    wanted: frozenset[str] = frozenset(_KINDS),
) -> str:
    """Takes the offer's sending lines of the `wanted` kinds, with every codec and extension we know.

    Lines keep their order and mid, payload types and extension ids are the offer's (RFC 3264 section 6);
    what is not taken has port 0. `role` is our DTLS role. There are no candidates in it: the server learns
    ours from our checks. Raises ValueError when nothing of the offer can be taken.
    """
    _, lines = split_sections(offer)
    taken = [_is_taken(section, wanted) for section in lines]
    if not any(taken):
        raise ValueError("The offer has nothing in it that this client can receive.")
    answer = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(_mid(s) for s, yes in zip(lines, taken, strict=True) if yes),
        "a=msid-semantic: WMS *",
    ]
    for section, yes in zip(lines, taken, strict=True):
        answer += _accepted(section, ice, fingerprint, role) if yes else _refused(section)
    return "\r\n".join(answer) + "\r\n"


def _is_taken(section: Sequence[str], wanted: frozenset[str]) -> bool:
    kind, port = section[0][2:].split()[:2]
    sends = "a=sendonly" in section or not {"a=recvonly", "a=inactive"} & set(section)
    return kind in wanted and kind in _KINDS and port != "0" and sends and bool(_payload_types(section))


def _mid(section: Sequence[str]) -> str:
    return next(iter(attributes(section, "mid")), "")


def _payload_types(section: Sequence[str]) -> list[str]:
    """The offered payload types of codecs we know, and of RTX for them, in the offer's order."""
    maps = dict(value.split(" ", 1) for value in attributes(section, "rtpmap"))
    formats = dict(value.split(" ", 1) for value in attributes(section, "fmtp") if " " in value)
    names = {number: text.partition("/")[0].lower() for number, text in maps.items()}
    known = {number for number, name in names.items() if name in CODEC_NUMBERS}
    known |= {
        number
        for number, name in names.items()
        if name == "rtx" and formats.get(number, "").removeprefix("apt=") in known
    }
    return [number for number in section[0].split()[3:] if number in known]


def _accepted(section: Sequence[str], ice: IceCredentials, fingerprint: Fingerprint, role: Role) -> list[str]:
    head = section[0].split()
    payload_types = _payload_types(section)
    return [
        f"{head[0]} 9 {head[2]} {' '.join(payload_types)}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ice.ufrag}",
        f"a=ice-pwd:{ice.password}",
        f"a=fingerprint:{fingerprint.algorithm} {fingerprint.value}",
        f"a=setup:{role.value}",
        f"a=mid:{_mid(section)}",
        *_extensions(section),
        "a=recvonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        *_of_payload_types(section, payload_types),
    ]


def _extensions(section: Sequence[str]) -> Iterable[str]:
    for value in attributes(section, "extmap"):
        number, uri = value.split()[:2]
        if uri in EXTENSION_URIS.values():
            yield f"a=extmap:{number.split('/')[0]} {uri}"


def _of_payload_types(section: Sequence[str], payload_types: Sequence[str]) -> Iterable[str]:
    """The lines that tell of the payload types, as they were offered."""
    for line in section:
        name, _, rest = line.partition(":")
        if name in ("a=rtpmap", "a=fmtp", "a=rtcp-fb") and rest.split(" ", 1)[0] in (*payload_types, "*"):
            yield line


def _refused(section: Sequence[str]) -> list[str]:
    head = section[0].split()
    return [f"{head[0]} 0 {' '.join(head[2:])}", "c=IN IP4 0.0.0.0", f"a=mid:{_mid(section)}", "a=inactive"]
