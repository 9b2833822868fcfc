"""Layers as signalling names them: spatial (encodings, or layers of SVC) and temporal, both from 0."""

from __future__ import annotations

from typing import NamedTuple

from vtp.media.ortc import parse_scalability_mode
from vtp.media.parameters import RtpParameters

TOP = 127
"""As an upper bound: the highest there is."""
NOTHING = -1


class Layers(NamedTuple):
    """One layer of each kind."""

    spatial: int
    temporal: int


HIGHEST = Layers(TOP, TOP)


def count_layers(parameters: RtpParameters) -> Layers:
    """How many of each a producer with these parameters announces; at least one."""
    modes = [parse_scalability_mode(encoding.scalability_mode) for encoding in parameters.encodings]
    temporal = max((mode.temporal_layers for mode in modes), default=1)
    if len(modes) > 1:
        return Layers(len(modes), temporal)
    return Layers(modes[0].spatial_layers if modes else 1, temporal)


def within(wanted: Layers, parameters: RtpParameters) -> Layers:
    """`wanted` as far as a producer with these parameters has it, as mediasoup keeps preferred layers."""
    count = count_layers(parameters)
    return Layers(min(wanted.spatial, count.spatial - 1), min(wanted.temporal, count.temporal - 1))
