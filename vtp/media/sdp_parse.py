"""Reads session descriptions from strangers: tolerant of odd lines, bounded in size."""

from vtp.media.sdp import SessionDescription


def parse_session(text: str) -> SessionDescription:
    """Read an offer or answer. Raises ValueError with a sentence when it is not SDP or beyond bounds."""
    raise NotImplementedError
