"""What a scenario sends, in figures and in a sentence for its readers."""

from __future__ import annotations

from typing import Any

from vtp.bench.load import Lecture


def describe_pattern(pattern: Lecture) -> dict[str, Any]:
    """Of a publisher of the load client's; "text" is the sentence."""
    low, high = pattern.packet_bytes
    text = (
        f"{pattern.frames_per_s} frames/s of {pattern.packets_per_frame} RTP packets of {low} to {high} "
        f"bytes in bursts of {pattern.burst_packets}, {pattern.burst_interval_ms:g} ms apart, and "
        f"{pattern.audio_per_s} packets/s of sound of {pattern.audio_bytes} bytes; AES-128-GCM, "
        "RTX, receiver reports and transport-wide feedback on"
    )
    return {
        "text": text,
        "packet_bytes": [low, high],
        "frames_per_s": pattern.frames_per_s,
        "packets_per_frame": pattern.packets_per_frame,
        "audio_per_s": pattern.audio_per_s,
        "packets_per_s": pattern.packets_per_s,
    }
