from collections.abc import Sequence

from vtp.recording.units import Sample

def write_fragments(samples: Sequence[Sample], sequence: int, *, pictures: bool) -> bytes: ...
