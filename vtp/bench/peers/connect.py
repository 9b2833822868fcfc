"""What the peers' signalling has in common: from two session descriptions to a connected client."""

import dataclasses
import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from vtp.bench.client_sdp import Answer, AnsweredMedia, IceCredentials, OfferedMedia
from vtp.bench.driver import ClientDriver, Remote


class PeerError(Exception):
    """A peer refused what was asked of it, or did not answer; the text is a sentence."""


@dataclass(frozen=True)
class Caller:
    """Who one of our clients is towards a peer."""

    ice: IceCredentials = field(
        default_factory=lambda: IceCredentials(secrets.token_hex(4), secrets.token_hex(16))
    )
    cname: str = field(default_factory=lambda: f"vtp-{secrets.token_hex(6)}")


def add_client(
    driver: ClientDriver, caller: Caller, description: Answer, *, offered: bool = False
) -> tuple[int, Remote]:
    """A client that starts its checks, and what `driver.connect` wants to know.

    Of two full ICE agents the one that offered is controlling, a lite one never is (RFC 8445 section 6.1.1);
    `offered` says that the description is an offer of the peer's. Raises PeerError.
    """
    remote = Remote(
        driver.reroute(description.candidates),
        description.ice,
        description.fingerprints,
        description.role,
        controlling=description.ice_lite or not offered,
    )
    try:
        return driver.add_client(remote, caller.ice, cname=caller.cname), remote
    except (ValueError, OSError) as error:
        raise PeerError(f"The peer's description cannot be used: {error}") from error


async def connect(
    driver: ClientDriver, client: int, remote: Remote, signal: Awaitable[object] | None = None
) -> None:
    """Awaits the last word of the signalling, if any, then ICE and DTLS; removes the client when they fail.

    Raises ConnectError, and what `signal` raises.
    """
    try:
        if signal is not None:
            await signal
        await driver.connect(client, remote)
    except BaseException:
        driver.remove_client(client)
        raise


def sent_media(offered: Sequence[OfferedMedia], answer: Answer) -> list[AnsweredMedia]:
    """What a publisher may send: the answer's lines with the one codec and the SSRCs that were offered.

    Raises PeerError when a line, or its codec, was not taken.
    """
    answered = {media.mid: media for media in answer.media if not media.refused}
    return [_sent(line, answered.get(line.mid)) for line in offered]


def _sent(line: OfferedMedia, answered: AnsweredMedia | None) -> AnsweredMedia:
    first = line.codecs[0]
    codecs = [c for c in answered.codecs if c.payload_type == first.payload_type] if answered else []
    if answered is None or not codecs:
        raise PeerError(f"The peer does not take {line.kind} as {first.name}.")
    encodings = [encoding for encoding in line.encodings if encoding.rid in answered.rids]
    if line.encodings and (not encodings or "rid" not in answered.extensions):
        raise PeerError(f"The peer takes none of the encodings of {line.kind}.")
    rtx_ssrc = line.rtx_ssrc if codecs[0].rtx_payload_type >= 0 else 0
    return dataclasses.replace(
        answered, codecs=codecs, ssrc=line.ssrc, rtx_ssrc=rtx_ssrc, encodings=encodings
    )
